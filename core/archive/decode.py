"""Images of a set as worker processes read and resize them, with the reason where one cannot be.

The workers take second place to the model on the same cores: they fill the queue while it computes,
and have the cores for themselves while it waits.
"""

import os
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.preprocessing import Preprocess
from core.processes import map_in_processes
from core.studies.study import StudySet

Decoded = NDArray[np.float32] | str
"""Grey (1, S, S) in 0..255, ready for `Preprocess.normalise`; or why there is none."""

_CHUNK = 8
_LOWER = 10  # steps of priority below the model

_studies: StudySet
_preprocess: Preprocess


def decoded(
    studies: StudySet, preprocess: Preprocess, rows: list[int], workers: int
) -> Generator[Decoded, None, None]:
    """Yield the image of each row, in order, or the sentence that says why it cannot be read.

    A file that ends the process that reads it (a crash in a decoder, memory) is found out, named
    and passed over.

    Args:
        workers: processes; 0 reads in this one.
    """
    if not workers:
        yield from (_decode(studies, preprocess, row) for row in rows)
        return
    done = 0
    while done < len(rows):
        try:
            for image in _by_workers(studies, preprocess, rows[done:], workers, _CHUNK):
                yield image
                done += 1
        except BrokenProcessPool:
            # One of the files under way did it: one by one, the first that brings no image.
            try:
                some = rows[done : done + 4 * workers * _CHUNK]
                for image in _by_workers(studies, preprocess, some, 1, 1):
                    yield image
                    done += 1
            except BrokenProcessPool:
                name = studies.study_id(rows[done])
                yield f"{name} ended the process that read it; check the file."
                done += 1


def _by_workers(
    studies: StudySet, preprocess: Preprocess, rows: list[int], workers: int, chunk: int
) -> Iterator[Decoded]:
    return map_in_processes(_of_worker, rows, workers, chunk, _start, (studies, preprocess))


def _start(studies: StudySet, preprocess: Preprocess) -> None:
    global _studies, _preprocess
    import torch

    _studies, _preprocess = studies, preprocess
    torch.set_num_threads(1)
    if hasattr(os, "nice"):
        os.nice(_LOWER)


def _of_worker(row: int) -> Decoded:
    return _decode(_studies, _preprocess, row)


def _decode(studies: StudySet, preprocess: Preprocess, row: int) -> Decoded:
    try:
        return preprocess.resize(studies.loaded(row).pixels).numpy()
    except ExplorerError as error:
        return str(error)
    except Exception as error:  # one odd file must not end the work of a night
        return f"{studies.study_id(row)} cannot be read ({type(error).__name__}); check the file."
