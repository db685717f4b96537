"""Results that took their time, kept in the cache: dataclasses of numbers, texts and arrays.

A file holds JSON and arrays and nothing that runs. It is read back by the types that the result's
fields are declared with, so that a result of another form is made again.
"""

import json
import os
import types
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.files import keep_newest, write_whole
from core.paths import cache_dir

T = TypeVar("T")
_LIMIT = 2**28  # bytes of all
_FORMAT = 1  # a new one where what is kept is computed otherwise than before


def kept_result(kind: Any, hangs_on: tuple[object, ...], make: Callable[[], T]) -> T:
    """The result kept of this, or a new one that is then kept.

    A file that is damaged is made again; a disk that refuses is no reason to fail.

    Args:
        kind: type of the result: a dataclass, or a tuple of them.
        hangs_on: what the result follows from, which `repr` tells whole.
    """
    told = repr((_FORMAT, __version__, str(kind), hangs_on))
    path = cache_dir() / "results" / f"{sha256(told.encode()).hexdigest()[:32]}.npz"
    unsound = OSError, ValueError, KeyError, TypeError, EOFError, IndexError, BadZipFile
    with suppress(*unsound):
        with np.load(path, allow_pickle=False) as file:
            arrays = [file[f"array{n}"] for n in range(len(file.files) - 1)]
            result: T = _unpacked(kind, json.loads(file["told"].tobytes()), arrays)
        os.utime(path)
        return result
    result = make()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda partial: _write(partial, result))
        keep_newest(path.parent, "*.npz", _LIMIT)
    return result


def _write(path: Path, result: object) -> None:
    arrays: list[NDArray[Any]] = []
    said = np.frombuffer(json.dumps(_packed(result, arrays)).encode(), np.uint8)
    named = {f"array{n}": array for n, array in enumerate(arrays)}
    with path.open("wb") as file:  # by name np.savez would add a suffix
        np.savez(file, told=said, **named)  # type: ignore[arg-type]


def _packed(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """As JSON has it; arrays by their number."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    if is_dataclass(value):
        return {one.name: _packed(getattr(value, one.name), arrays) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [_packed(one, arrays) for one in value]
    if isinstance(value, dict):
        return {str(key): _packed(one, arrays) for key, one in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _unpacked(kind: Any, told: Any, arrays: list[NDArray[Any]]) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is np.ndarray:
        return arrays[told]
    if origin in (Union, types.UnionType):
        (some,) = [one for one in inner if one is not type(None)]
        return None if told is None else _unpacked(some, told, arrays)
    if origin is dict:
        return {key: _unpacked(inner[1], one, arrays) for key, one in told.items()}
    if origin is tuple:
        kinds = [inner[0]] * len(told) if inner[1:] == (Ellipsis,) else inner
        return tuple(_unpacked(k, one, arrays) for k, one in zip(kinds, told, strict=True))
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        hints = get_type_hints(kind)
        names = getattr(kind, "_fields", None) or [one.name for one in fields(kind)]
        values = told if isinstance(told, list) else [told[name] for name in names]
        made = [_unpacked(hints[n], one, arrays) for n, one in zip(names, values, strict=True)]
        return kind(*made)
    if not isinstance(told, kind) and not (kind is float and isinstance(told, int)):
        raise TypeError(f"{kind} expected")
    return told
