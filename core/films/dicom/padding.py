"""Pixels that are no part of the picture, by the header's padding value (PS3.3 C.7.5.1.1.2)."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from core.films.dicom.pixels import Stored
from core.films.dicom.values import present, signed, words


def padding(stored: Stored, dataset: Dataset, notes: list[str]) -> NDArray[np.bool_] | None:
    """Where padding lies (H, W); None where there is none, or nothing else.

    Args:
        notes: what is left out of the header is added here, a sentence each.
    """
    values, limits = words(dataset, "PixelPaddingValue"), words(dataset, "PixelPaddingRangeLimit")
    if len(set(values.tolist())) != 1:
        if present(dataset, "PixelPaddingValue"):
            notes.append("The header's padding value makes no sense; it is left out.")
        return None
    if len(set(limits.tolist())) > 1 or (not len(limits) and _said(dataset)):
        notes.append("The header's limit of padding makes no sense; it is left out.")
        limits = limits[:0]
    ends = [_value(int(pattern), stored) for pattern in (values[0], *limits[:1])]
    possible = [end for end in ends if end is not None]
    if len(possible) < len(ends):
        notes.append("The header's padding is no value that a pixel can have; it is left out.")
        return None
    low, high = min(possible), max(possible)
    outside = np.asarray((stored.values >= low) & (stored.values <= high))
    return outside if outside.any() and not outside.all() else None


def _said(dataset: Dataset) -> bool:
    return present(dataset, "PixelPaddingRangeLimit")


def _value(pattern: int, stored: Stored) -> int | None:
    """A 16-bit pattern as the pixels have it, whose sign counts and not that of its VR.

    None where no pixel can have it, since it needs bits above the stored ones.
    """
    bits = stored.bits
    if stored.values.dtype.kind == "i":
        value = signed(pattern, 16)
        return value if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1) else signed(pattern, bits)
    field = 2**bits - 1
    if pattern <= field:
        return pattern
    return pattern & field if pattern & field in (0, field) else None  # -1 is all ones
