"""Memory of a step with a batch that would not fit: gradient caching (`chunk`).

    python benchmarks/large_batch.py [--arch ViT-B-32-quickgelu] [--batch-size 1024] [--chunk 32]

Random weights and images at the tower's own size, four sentences a phantom report, all three
losses, AdamW, whose state a first step of one chunk makes. Printed: seconds of a step and the
process's peak resident memory.
"""

import argparse
import time

from machine import machine, peak_gib
from steps import lrclr_loop


def main() -> None:
    """Take the steps and print."""
    options = argparse.ArgumentParser(description="Memory of a large batch.")
    options.add_argument("--arch", default="ViT-B-32-quickgelu")
    options.add_argument("--batch-size", type=int, default=1024)
    options.add_argument("--chunk", type=int, default=32)
    options.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    options.add_argument("--steps", type=int, default=1)
    chosen = options.parse_args()
    print(f"{machine()}; {chosen.arch}, batch {chosen.batch_size} in chunks of {chosen.chunk}, "
          f"{chosen.precision}", flush=True)  # fmt: skip
    loop = lrclr_loop(chosen.arch, chosen.batch_size, chosen.chunk)
    loop.bfloat16 = chosen.precision == "bf16"
    for size in (chosen.chunk, *[chosen.batch_size] * chosen.steps):
        loop.size = size
        loop.rows = []  # a fresh epoch: the first step leaves no whole batch
        started = time.perf_counter()
        loop.step(1)
        print(f"a step with {size} images: {time.perf_counter() - started:.0f} s, "
              f"peak so far {peak_gib():.2f} GiB", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
