"""Images of a set in order, read or drawn, and made ready, by worker processes."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.processes import map_in_processes
from core.studies.study import StudySet

Prepare = Callable[[NDArray[np.float32]], NDArray[Any]]

_FEW = 48  # below this the workers' start costs more than it saves
_worker_set: StudySet
_worker_prepare: Prepare


def images_or_reasons(
    studies: StudySet, prepare: Prepare = np.asarray, workers: int | None = None
) -> Iterator[NDArray[Any] | str]:
    """Yield what `prepare` makes of every image of the set, in order, or why it cannot be read.

    Args:
        prepare: can be pickled; works on one thread in each process.
        workers: processes; by default one a core, and none for a few images.
    """
    count = (os.cpu_count() or 1) if workers is None else workers
    rows = range(len(studies))
    if count < 2 or len(studies) < _FEW:
        yield from (_made(studies, prepare, row) for row in rows)
        return
    yield from map_in_processes(_image, rows, count, 16, _start, (studies, prepare))


def _start(studies: StudySet, prepare: Prepare) -> None:
    global _worker_set, _worker_prepare
    _worker_set, _worker_prepare = studies, prepare
    if prepare is not np.asarray:
        import torch

        torch.set_num_threads(1)  # the processes fill the cores


def _image(row: int) -> NDArray[Any] | str:
    return _made(_worker_set, _worker_prepare, row)


def _made(studies: StudySet, prepare: Prepare, row: int) -> NDArray[Any] | str:
    try:
        image = studies.loaded(row).pixels
    except ExplorerError as error:
        return str(error)
    return prepare(image)
