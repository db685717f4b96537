"""How long one search takes, exact and approximate, and what an approximate one misses.

    python benchmarks/search.py [--vectors 1000000] [--widths 256 512]
    python benchmarks/search.py --approximate 2000000 --widths 256

Exact: random unit vectors; every one is compared whatever they are. Approximate: vectors in
clusters, as embeddings of alike images lie; the index is built as `search` builds it, with its
measured recall. Printed: milliseconds of one query for 20 (median of 20, least to most), memory.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from machine import machine, peak_gib
from rescore import write_archive_of

from core.archive.search import Searcher, exact_index, search_archive
from core.specs import open_shards


def main() -> None:
    """Read the options, measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--vectors", type=int, default=1_000_000)
    options.add_argument("--widths", type=int, nargs="+", default=[256, 512])
    options.add_argument("--approximate", type=int, default=0)
    chosen = options.parse_args()
    print(f"{machine()}; load {os.getloadavg()[0]:.1f} at the start")
    for width in chosen.widths:
        if chosen.approximate:
            _approximate(chosen.approximate, width)
        else:
            _exact(chosen.vectors, width)


def _exact(count: int, width: int) -> None:
    rng = np.random.default_rng(0)
    vectors = np.empty((count, width), np.float16)
    for start in range(0, count, 65_536):
        block = rng.standard_normal((min(65_536, count - start), width), dtype=np.float32)
        vectors[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    started = time.perf_counter()
    searcher = Searcher(exact_index(vectors), np.arange(count))
    built = time.perf_counter() - started
    _print(f"exact, {count:,} x {width}", searcher, width, built)


def _approximate(count: int, width: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_archive_of(Path(folder), _clustered(count, width))
        archive = open_shards(Path(folder)).archive
        started = time.perf_counter()
        searcher = search_archive(archive, exact_most=0, told=print)
        built = time.perf_counter() - started
        _print(f"IVF, {count:,} x {width}", searcher, width, built)
        print(searcher.note)


def _clustered(count: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(max(count // 500, 1), width, generator=generator)
    chosen = torch.randint(len(centres), (count,), generator=generator)
    vectors = torch.empty(count, width, dtype=torch.float16)
    for start in range(0, count, 65_536):
        some = centres[chosen[start : start + 65_536]]
        some = some + torch.randn(some.shape, generator=generator)
        vectors[start : start + 65_536] = torch.nn.functional.normalize(some, dim=-1)
    return vectors


def _print(name: str, searcher: Searcher, width: int, built: float) -> None:
    rng = np.random.default_rng(1)
    times = []
    for _ in range(21):
        query = rng.standard_normal(width).astype(np.float32)
        query /= np.linalg.norm(query)
        started = time.perf_counter()
        searcher.nearest(query, 20)
        times.append(1000 * (time.perf_counter() - started))
    times = times[1:]
    print(f"{name:26} {statistics.median(times):6.1f} ms ({min(times):.1f} to {max(times):.1f}), "
          f"built in {built:.0f} s, peak memory {peak_gib():.1f} GiB")  # fmt: skip


if __name__ == "__main__":
    main()
