"""Images made ready for a tower once, on disk, and read from there while the model computes.

Notable: where the first layers of a tower are frozen and images are not augmented, their output is
kept instead of pixels, so that a step costs only what trains. Nothing here grows with the set but
the file, so that a set larger than memory trains.
"""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.backbones.base import Backbone
from core.errors import ExplorerError
from core.paths import cache_dir
from core.preprocessing import Preprocess
from core.progress import Progress
from core.studies import StudySet, images_or_reasons
from core.studies.joined import JoinedSet
from core.weights import weights_hash


class InputFile:
    """Prepared images (M, C, h, w) float16 in a file; memory holds only the rows asked for.

    Attributes:
        readable: (n,), of the studies of the set, which have an image here.
        rows: (M,), those that do, in order.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        whole = self._map().shape
        self.readable = np.ones(whole[0], bool)
        if _missing(path).is_file():
            self.readable[np.load(_missing(path))] = False
        self.rows = np.flatnonzero(self.readable)
        self.shape: tuple[int, ...] = (len(self.rows), *whole[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice | Sequence[int]) -> Tensor:
        # Mapped anew each time: pages of a mapping that stays would count as memory of the run.
        return torch.from_numpy(np.array(self._map()[self.rows[rows]]))

    def split(self, size: int) -> Iterator[Tensor]:
        """Every row in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def _map(self) -> NDArray[Any]:
        found: NDArray[Any] = np.load(self._path, mmap_mode="r")
        return found


class JoinedInputs(InputFile):
    """The files of several sets, one after the other, read as one."""

    def __init__(self, parts: Sequence[InputFile]) -> None:
        self._parts = list(parts)
        self._starts = np.cumsum([0, *(len(part) for part in parts)])
        self.readable = np.concatenate([part.readable for part in parts])
        self.rows = np.flatnonzero(self.readable)
        self.shape = (len(self.rows), *self._parts[0].shape[1:])

    def __getitem__(self, rows: slice | Sequence[int]) -> Tensor:
        wanted = np.arange(len(self))[rows]
        whole = torch.empty(len(wanted), *self.shape[1:], dtype=torch.float16)
        for part, start in zip(self._parts, self._starts, strict=False):
            places = np.flatnonzero((wanted >= start) & (wanted < start + len(part)))
            if len(places):
                whole[torch.from_numpy(places)] = part[(wanted[places] - start).tolist()]
        return whole


class ReadAhead:
    """Batches of inputs; the one that comes next is read while the model computes."""

    def __init__(self, inputs: InputFile | Tensor) -> None:
        self._inputs = inputs
        self._pool = ThreadPoolExecutor(1)
        self._ahead: tuple[list[int], Future[Tensor]] | None = None
        self.waited = 0.0
        """Seconds that `take` has waited for data so far."""

    def take(self, rows: list[int], after: list[int]) -> Tensor:
        """The rows, float16 as they are kept; those of `after`, if any, will be asked for next."""
        started = time.perf_counter()
        if self._ahead is not None and self._ahead[0] == rows:
            found = self._ahead[1].result()
        else:
            found = self._read(rows)
        self.waited += time.perf_counter() - started
        self._ahead = (after, self._pool.submit(self._read, after)) if after else None
        return found

    def _read(self, rows: list[int]) -> Tensor:
        return self._inputs[rows]


def prepared(
    studies: StudySet,
    backbone: Backbone,
    as_pixels: bool = False,
    progress: Progress | None = None,
) -> InputFile:
    """What `backbone.image_tokens` takes of each study, kept on disk between runs.

    Images that cannot be read are left out; `rows` of what is returned says which are there.

    Args:
        as_pixels: preprocessed pixels even where the backbone has a frozen stem.

    Raises:
        ExplorerError: no image can be read; the reason is that of the first.
    """
    if isinstance(studies, JoinedSet):  # each part's file serves other runs, too
        return JoinedInputs(
            [prepared(part, backbone, as_pixels, progress) for part in studies.parts if len(part)]
        )
    stem = None if as_pixels else backbone.stem
    parts = [studies.fingerprint, str(len(studies)), str(backbone.preprocess)]
    if stem is not None:
        parts.append(weights_hash(stem))
    key = sha256("|".join(parts).encode()).hexdigest()[:16]
    path = cache_dir() / "inputs" / f"{key}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_inputs(path, studies, _Prepare(backbone.preprocess, stem), progress)
    return InputFile(path)


def _missing(path: Path) -> Path:
    """Where rows are listed whose image could not be read."""
    return path.with_suffix(".missing.npy")


class _Prepare:
    """One image to what the backbone takes, in a worker process."""

    def __init__(self, preprocess: Preprocess, stem: nn.Module | None) -> None:
        self.preprocess, self.stem = preprocess, stem

    @torch.no_grad()
    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float16]:
        pixels = self.preprocess(image)
        if self.stem is not None:
            pixels = self.stem(pixels[None])[0]
        return np.asarray(pixels.half().numpy())


def _write_inputs(
    path: Path, studies: StudySet, prepare: _Prepare, progress: Progress | None
) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    array: np.memmap[Any, Any] | None = None
    lost: dict[int, str] = {}
    try:
        for done, made in enumerate(images_or_reasons(studies, prepare), start=1):
            if progress and (done % 16 == 0 or done == len(studies)):
                progress(done, len(studies))
            if isinstance(made, str):
                lost[done - 1] = made
                continue
            if array is None:
                array = np.lib.format.open_memmap(
                    partial, mode="w+", dtype=np.float16, shape=(len(studies), *made.shape)
                )
            array[done - 1] = made
        if array is None:
            raise ExplorerError(f"No image of '{studies.spec}' can be read. {lost[0]}")
        array.flush()
        _missing(path).unlink(missing_ok=True)  # of a file that was here before
        if lost:
            np.save(_missing(path), list(lost))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
