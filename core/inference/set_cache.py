"""Encodings of whole sets on disk: half precision, written whole or not at all."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from core.files import keep_newest, write_whole
from core.lrclr.encodings import ImageEncoding
from core.paths import cache_dir

_LIMIT = 4 * 2**30  # bytes; the oldest files go first, the newest stays whatever its size


def cached_encoding(key: str, make: Callable[[], ImageEncoding]) -> ImageEncoding:
    """The encoding kept under `key`, or a new one that is then kept.

    A file that is damaged is made again; a disk that refuses is no reason to fail.
    """
    path = _path(key)
    found = _read(path)
    if found is None:
        made = make()
        _write(path, made)
        # Read back even when new: the same half-precision numbers the first time and every other.
        found = _read(path) or made
    return found


def kept_encoding(key: str) -> ImageEncoding | None:
    """The encoding kept under `key`; None if not there."""
    return _read(_path(key))


def has_encoding(key: str) -> bool:
    """Whether an encoding is kept under `key`, damaged or not."""
    return _path(key).is_file()


def kept_image_features(key: str) -> torch.Tensor | None:
    """The global features (N, d) kept under `key`, without reading the patches; None if not there.

    The same numbers as those of `cached_encoding`.
    """
    path = _path(key)
    try:
        with safe_open(path, framework="pt") as stored:
            features: torch.Tensor = stored.get_tensor("image_features")
        os.utime(path)
        return features.float()
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def _path(key: str) -> Path:
    return cache_dir() / "encodings" / f"{key}.safetensors"


def _read(path: Path) -> ImageEncoding | None:
    try:
        with safe_open(path, framework="pt") as stored:
            names = set(stored.keys())
            selected = stored.get_tensor("selected") if "selected" in names else None
            height, width = stored.get_tensor("grid").tolist()
            encoding = ImageEncoding(
                stored.get_tensor("image_features").float(),
                stored.get_tensor("patch_features").float(),
                selected,
                (height, width),
            )
        os.utime(path)
        return encoding
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def _write(path: Path, encoding: ImageEncoding) -> None:
    tensors = {
        "image_features": encoding.image_features.half().contiguous(),
        "patch_features": encoding.patch_features.half().contiguous(),
        "grid": torch.tensor(encoding.grid),
    }
    if encoding.selected is not None:
        tensors["selected"] = encoding.selected.contiguous()
    with suppress(OSError, SafetensorError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda partial: save_file(tensors, partial))
        keep_newest(path.parent, "*.safetensors", _LIMIT)
