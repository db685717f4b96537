"""How quick the lab is: drawing, the model's pass, the answer, frames a second.

    python benchmarks/lab.py [--repeats 30] [--patient TEXT] [--threads 2]

A nodule is moved from frame to frame, as a finger drags it. Printed: medians in milliseconds, by
the clock and by the processor (all threads), so that a busy machine shows as the gap between them.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from core.inference.predictor import load_predictor
from core.lab.answer import ask, read
from core.lab.bench import Bench
from core.lab.frame import FINE, SIZE, Lab
from core.lab.told import where_sentences
from core.phantom.patient import parse_patient, with_changed
from core.phantom.render import render
from explorer.lab import sent

PATIENT = "seed=7;nodule,x=-6.5,y=10,radius=1.2;effusion,side=left,severity=0.4;pacemaker"
TEXT = "right lung nodule"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--patient", default=PATIENT)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    predictor, patient = load_predictor("demo"), parse_patient(asked.patient)
    moved = [with_changed(patient, 0, x=round(-8 + 0.1 * n, 2)) for n in range(asked.repeats)]
    small, fine = Bench(SIZE), Bench(FINE, keeps_stages=False)
    drawn = small.draw(patient.case)
    fine.draw(patient.case)
    film = drawn.image.astype(np.float32)
    encoding = predictor.encode_image(film)
    sentences = where_sentences(patient.findings[0])
    ask(predictor, drawn, TEXT, sentences)
    lab = Lab(predictor)
    sent.frame(lab.frame(patient, TEXT, 0), False)
    lab.frame(patient, TEXT, 0, fine=True)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {asked.patient}")
    print(f"{'':28} {'clock ms':>9} {'processor ms':>13}")
    work = {
        "drawn anew, as a set is": lambda n: render(moved[n].case, SIZE),
        "drawn, one finding moved": lambda n: small.draw(moved[n].case),
        "model's pass": lambda n: predictor.encode_image(film),
        "answer to the texts": lambda n: read(predictor, encoding, film.shape, TEXT, sentences),
        "whole frame, as sent": lambda n: sent.frame(lab.frame(moved[n], TEXT, 0), False),
        f"fine drawing, {FINE} pixels": lambda n: fine.draw(moved[n].case),
        "whole release, as sent": lambda n: sent.frame(lab.frame(moved[n], TEXT, 0, True), True),
    }
    told = {name: _timed(name, one, asked.repeats) for name, one in work.items()}
    whole = told["whole frame, as sent"]
    print(f"frames a second: {1000 / whole[0]:.1f} by the clock, {1000 / whole[1]:.1f} if one core "
          "were all there is")  # fmt: skip


def _timed(name: str, work: Callable[[int], object], repeats: int) -> tuple[float, float]:
    clock, processor = [], []
    for number in range(repeats):
        started = time.perf_counter(), time.process_time()
        work(number)
        clock.append(1000 * (time.perf_counter() - started[0]))
        processor.append(1000 * (time.process_time() - started[1]))
    medians = statistics.median(clock), statistics.median(processor)
    print(f"{name:28} {medians[0]:9.1f} {medians[1]:13.1f}")
    return medians


if __name__ == "__main__":
    main()
