"""Do batches over sessions pay? Thirty films asked for at once, by lanes and in batches.

    python benchmarks/micro_batches.py [--films 30] [--repeats 5] [--batch 8]

Printed: films a second, and the mean and the longest wait of a film, medians over the repeats. In
batches one worker has all cores for up to `--batch` films at a time; in lanes each core has one
film at a time; last, every film has a thread of its own, as before there were lanes.
"""

import argparse
import os
import statistics
import threading
import time
from collections.abc import Callable

import numpy as np
import torch

from core.inference.lanes import Lanes
from core.inference.predictor import load_predictor
from core.specs import open_studies


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch", type=int, default=8)
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    predictor = load_predictor("demo")
    model, preprocess = predictor.model, predictor.model.backbone.preprocess
    studies = open_studies(f"phantom:n={asked.films},seed=1")
    films = [preprocess(studies.image(row))[None] for row in range(asked.films)]

    @torch.no_grad()
    def encode(first: int, count: int = 1) -> torch.Tensor:
        return model.encode_image(torch.cat(films[first : first + count])).image_features

    def batches(done: Callable[[int], None]) -> None:
        for first in range(0, asked.films, asked.batch):
            for row in range(len(encode(first, asked.batch))):
                done(first + row)

    def lanes(done: Callable[[int], None]) -> None:
        ways = Lanes(cores)

        def work(row: int) -> None:
            encode(row)
            done(row)

        waits = [ways.submit("", row, lambda row=row: work(row)) for row in range(asked.films)]
        for wait in waits:
            wait.result()

    def threads(done: Callable[[int], None]) -> None:
        def work(row: int) -> None:
            encode(row)
            done(row)

        own = [threading.Thread(target=work, args=(row,)) for row in range(asked.films)]
        for one in own:
            one.start()
        for one in own:
            one.join()

    print(f"torch {torch.__version__}, {cores} cores, {asked.films} films at once")
    print(f"{'':44}{'films/s':>9}{'mean s':>9}{'last s':>9}")
    singly = torch.cat([encode(row) for row in range(asked.films)])
    for name, way, each in (
        (f"batches of {asked.batch}, {cores} threads", batches, cores),
        (f"batches of {asked.batch}, 1 thread", batches, 1),
        (f"{cores} lanes of 1 thread", lanes, 1),
        ("a thread for each film", threads, 1),
    ):
        torch.set_num_threads(each)
        _measured(name, way, asked.films, asked.repeats)
    starts = range(0, asked.films, asked.batch)
    together = torch.cat([encode(first, asked.batch) for first in starts])
    print(f"features of batches differ by {(together - singly).abs().max():.1e} at most")


def _measured(
    name: str, way: Callable[[Callable[[int], None]], None], films: int, repeats: int
) -> None:
    rates, means, lasts = [], [], []
    for _ in range(repeats):
        ended = np.zeros(films)
        began = time.perf_counter()
        way(lambda row, ended=ended: ended.__setitem__(row, time.perf_counter()))
        waits = ended - began
        rates.append(films / waits.max())
        means.append(waits.mean())
        lasts.append(waits.max())
    told = [statistics.median(values) for values in (rates, means, lasts)]
    print(f"{name:44}{told[0]:9.1f}{told[1]:9.2f}{told[2]:9.2f}", flush=True)


if __name__ == "__main__":
    main()
