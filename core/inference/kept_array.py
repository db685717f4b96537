"""Arrays that took their time, kept in the cache: written whole or not at all, the oldest go."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files import keep_newest, write_whole
from core.paths import cache_dir

_LIMIT = 2**30  # bytes of one folder


def kept_array(name: str, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
    """The array kept under `name`, or a new one that is then kept.

    A file that is damaged is made again; a disk that refuses is no reason to fail.

    Args:
        name: FOLDER/KEY within the cache.
    """
    path = cache_dir() / f"{name}.npy"
    kept = _read(path)
    if kept is None:
        kept = make()
        _write(path, kept)
    return kept


def has_array(name: str) -> bool:
    """Whether an array is kept under `name`."""
    return (cache_dir() / f"{name}.npy").is_file()


def _read(path: Path) -> NDArray[np.float32] | None:
    try:
        array: NDArray[np.float32] = np.load(path, allow_pickle=False)
        os.utime(path)
        return array
    except (OSError, ValueError, EOFError):
        return None


def _write(path: Path, array: NDArray[Any]) -> None:
    def save(partial: Path) -> None:
        with partial.open("wb") as file:  # by name np.save would add a suffix
            np.save(file, array, allow_pickle=False)

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save)
        keep_newest(path.parent, "*.npy", _LIMIT)
