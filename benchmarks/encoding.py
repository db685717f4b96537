"""What it costs to encode a study set afresh, to read it from the cache, and to score new prompts.

    python benchmarks/encoding.py [--model demo] [--data phantom:demo]

Drawing or reading the images is part of encoding afresh. Printed: seconds, images a second, and the
ratio of the others to it.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable

import torch

from core.inference.predictor import load_predictor
from core.inference.prompts import default_prompts
from core.specs import open_studies


def main() -> None:
    """Read the options and measure, with a cache of its own."""
    options = argparse.ArgumentParser(description="Times of encoding and scoring a set.")
    options.add_argument("--model", default="demo")
    options.add_argument("--data", default="phantom:demo")
    chosen = options.parse_args()
    predictor, studies = load_predictor(chosen.model), open_studies(chosen.data)
    predictor.encode_texts(["warm up"])
    predictor.encode_image(studies.image(0))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"torch {torch.__version__}; {chosen.model} on {chosen.data}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LRCLR_CACHE"] = folder
        afresh = _timed(lambda: predictor.encode_set(studies))
        cached = _timed(lambda: predictor.encode_set(studies))
        images = predictor.encode_set(studies)
    first = _timed(lambda: predictor.score(images, default_prompts()))
    again = _timed(lambda: predictor.score(images, default_prompts()))
    print(f"encoded afresh    {afresh:8.3f} s   {len(studies) / afresh:.0f} images/s")
    for what, seconds in (("from the cache", cached), ("new prompts", first), ("again", again)):
        print(f"{what:17} {seconds:8.3f} s   {seconds / afresh:.4f} of it")


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
