"""Images of a set in order, read or drawn by worker processes."""

import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.processes import map_in_processes
from core.studies.study import StudySet

_FEW = 48  # below this the workers' start costs more than it saves
_worker_set: StudySet


def images_in_parallel(
    studies: StudySet, workers: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Yield every image of the set, in order.

    Args:
        workers: processes; by default one a core, and none for a few images.

    Raises:
        ExplorerError: a file cannot be read.
    """
    count = (os.cpu_count() or 1) if workers is None else workers
    if count < 2 or len(studies) < _FEW:
        yield from (studies.image(row) for row in range(len(studies)))
        return
    rows = range(len(studies))
    yield from map_in_processes(_image, rows, count, 16, _start, (studies,))


def _start(studies: StudySet) -> None:
    global _worker_set
    _worker_set = studies


def _image(row: int) -> NDArray[np.float32]:
    return _worker_set.image(row)
