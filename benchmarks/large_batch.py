"""Memory of a step with a batch that would not fit: gradient caching (`chunk`).

    python benchmarks/large_batch.py [--arch ViT-B-32-quickgelu] [--batch-size 1024] [--chunk 32]

Random weights and images at the tower's own size, four sentences a phantom report, all three
losses, AdamW. Printed: seconds of a step and the process's peak resident memory.
"""

import argparse
import time

from machine import machine, peak_gib
from steps import lrclr_step


def main() -> None:
    """Take the steps and print."""
    options = argparse.ArgumentParser(description="Memory of a large batch.")
    options.add_argument("--arch", default="ViT-B-32-quickgelu")
    options.add_argument("--batch-size", type=int, default=1024)
    options.add_argument("--chunk", type=int, default=32)
    options.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    options.add_argument("--steps", type=int, default=2)
    chosen = options.parse_args()
    print(f"{machine()}; {chosen.arch}, batch {chosen.batch_size} in chunks of {chosen.chunk}, "
          f"{chosen.precision}", flush=True)  # fmt: skip
    step = lrclr_step(chosen.arch, chosen.batch_size, chosen.chunk)
    for number in range(1, chosen.steps + 1):
        started = time.perf_counter()
        step(chosen.precision)
        print(f"step {number}: {time.perf_counter() - started:.0f} s, peak {peak_gib():.2f} GiB",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
