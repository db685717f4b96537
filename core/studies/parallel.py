"""Images of a set in order, read or drawn by worker processes."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from core.studies.study import StudySet

_FEW = 48  # below this the workers' start costs more than it saves
_worker_set: StudySet


def images_in_parallel(
    studies: StudySet, workers: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Yield every image of the set, in order.

    Args:
        workers: processes; by default one a core, and none for a few images or where the caller is
            such a worker or has no importable main module.

    Raises:
        ExplorerError: a file cannot be read.
    """
    count = (os.cpu_count() or 1) if workers is None else workers
    if count < 2 or len(studies) < _FEW:
        yield from (studies.image(row) for row in range(len(studies)))
        return
    # Spawned, not forked: torch's threads and a server's locks do not survive a fork.
    with ProcessPoolExecutor(count, get_context("spawn"), _start, (studies,)) as pool:
        yield from pool.map(_image, range(len(studies)), chunksize=16)


def _start(studies: StudySet) -> None:
    global _worker_set
    _worker_set = studies


def _image(row: int) -> NDArray[np.float32]:
    return _worker_set.image(row)
