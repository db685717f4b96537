"""What the map of a set and its neighbours cost.

    OMP_NUM_THREADS=1 python benchmarks/film_map.py [--films 1000 20000] [--width 128]

Random clusters on a sphere. Prints, for each number of films, seconds of the layout with the start
of its process and the import of UMAP in it, and the peak memory of that process; the share of
films whose nearest point on the map is of their own cluster; milliseconds of the 10 nearest films
of one film.
"""

import argparse
import resource
import time

import film_map  # this file, by a name that another process can import
import numpy as np
from machine import machine
from numpy.typing import NDArray

from core.analysis.film_map import MapSettings, Points, umap_points
from core.analysis.neighbourhood import nearest
from core.processes import run_in_process
from core.progress import Progress

CLUSTERS = 20
LOOKED_AT = 500  # films whose nearest point is looked up


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, nargs="+", default=[1_000, 20_000])
    parser.add_argument("--width", type=int, default=128)
    chosen = parser.parse_args()
    print(machine())
    print(f"{'films':>7} {'wall s':>7} {'CPU s':>7} {'peak MB':>8} {'own cluster':>11} "
          f"{'nearest ms':>10}")  # fmt: skip
    for films in chosen.films:
        measure(films, chosen.width)


def measure(films: int, width: int) -> None:
    """One line."""
    cluster, features = clustered(films, width)
    started = time.perf_counter()
    points, cpu, peak = run_in_process(film_map.timed_layout, (features, MapSettings()))
    wall = time.perf_counter() - started
    beside = [
        cluster[nearest_point(points, row)] == cluster[row] for row in range(min(films, LOOKED_AT))
    ]
    started = time.perf_counter()
    for row in range(20):
        nearest(features, row, 10)
    each = 1000 * (time.perf_counter() - started) / 20
    print(f"{films:7d} {wall:7.1f} {cpu:7.1f} {peak:8.0f} "
          f"{np.mean(beside):11.3f} {each:10.2f}", flush=True)  # fmt: skip


def timed_layout(
    job: tuple[NDArray[np.float32], MapSettings], progress: Progress
) -> tuple[Points, float, float]:  # fmt: skip
    """What the process of a layout does: coordinates, its CPU seconds, its peak memory in MB.

    The processes end as children of a server of processes, so that only they know what they cost.
    """
    points = umap_points(job, progress)
    told = resource.getrusage(resource.RUSAGE_SELF)
    return points, told.ru_utime + told.ru_stime, told.ru_maxrss / 1024


def clustered(films: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Cluster (n,) and features (n, width) of films."""
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, CLUSTERS, films)
    centres = rng.normal(size=(CLUSTERS, width))
    features = centres[cluster] + 0.6 * rng.normal(size=(films, width))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return cluster, features.astype(np.float32)


def nearest_point(points: NDArray[np.float32], row: int) -> int:
    """The film that lies nearest on the map."""
    apart = ((points - points[row]) ** 2).sum(axis=1)
    apart[row] = np.inf
    return int(apart.argmin())


if __name__ == "__main__":
    main()
