"""Arrays that took their time, kept in the cache: written whole or not at all, the oldest go."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
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
    kept = read_array(name)
    if kept is None:
        kept = make()
        keep_arrays({name: kept})
    return kept


def has_array(name: str) -> bool:
    """Whether an array is kept under `name`."""
    return _path(name).is_file()


def read_array(name: str) -> NDArray[np.float32] | None:
    """The array kept under `name`; None where there is none, or it is damaged."""
    path = _path(name)
    try:
        array: NDArray[np.float32] = np.load(path, allow_pickle=False)
        os.utime(path)
        return array
    except (OSError, ValueError, EOFError):
        return None


def keep_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays of one folder by their names; a disk that refuses is no reason to fail."""
    with suppress(OSError):
        for name, array in arrays.items():
            _path(name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(_path(name), partial(_save, array))
        for folder in {_path(name).parent for name in arrays}:
            keep_newest(folder, "*.npy", _LIMIT)


def _path(name: str) -> Path:
    return cache_dir() / f"{name}.npy"


def _save(array: NDArray[Any], path: Path) -> None:
    with path.open("wb") as file:  # by name np.save would add a suffix
        np.save(file, array, allow_pickle=False)
