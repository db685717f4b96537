"""Stored values of one frame, decoded by pydicom, with what its decoders leave undone."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.pixels import pixel_array
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
    RLELossless,
)

from core.errors import ExplorerError
from core.films.dicom.luts import palette_colours
from core.films.dicom.values import numbers, present, word
from core.films.limits import refuse_size

# Where a compressed stream states its own height and width, which need not be the header's: the
# start of a JPEG or JPEG-LS frame, and the SIZ marker of JPEG 2000 (width before height).
_JPEG = re.compile(
    rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf\xf7]..[\x02-\x10](..)(..)", re.DOTALL
)
_JPEG_2000 = re.compile(rb"\xff\x4f\xff\x51....(....)(....)", re.DOTALL)
_MAX_RLE = 24 * 2**20  # a run-length code can unpack to 64 times its size
_LOSSY = (JPEG2000, JPEGLSNearLossless, JPEGBaseline8Bit, JPEGExtended12Bit)
_PALETTE = "PALETTE COLOR"


@dataclass(frozen=True)
class Stored:
    """One frame.

    Attributes:
        values: (H, W) as stored, or (H, W, 3) colours; nothing but the bits that are stored.
        bits: how many are stored.
        notes: what the header says of them that makes no sense, one sentence each.
    """

    values: NDArray[np.integer]
    bits: int
    notes: tuple[str, ...] = ()


def stored_values(dataset: Dataset, name: str) -> Stored:
    """Pixels of the first frame; header fields that say how to decode them are mended.

    Raises:
        ExplorerError: more pixels than the limit.
        Exception: whatever a decoder raises on damaged data.
    """
    notes = _mend(dataset)
    refuse_size(name, int(dataset.Rows), int(dataset.Columns), frames(dataset))
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        _refuse_stream(dataset, name)
    words = pixel_array(dataset, index=0, correct_unused_bits=False, view_only=True)  # only read
    bits = int(dataset.BitsStored)
    values = _field(words, bits, int(dataset.HighBit), dataset.file_meta.TransferSyntaxUID)
    if dataset.PhotometricInterpretation == _PALETTE:
        colours = palette_colours(values, dataset)
        if colours is not None:
            return Stored(colours, 8, tuple(notes))
        notes.append("The header's palette cannot be used; its indices are shown as greys.")
    return Stored(values, bits, tuple(notes))


def frames(dataset: Dataset) -> int:
    """How many frames the file holds, as far as its header says so in a number."""
    counts = numbers(dataset, "NumberOfFrames")
    return max(int(counts[0]), 1) if counts and counts[0] is not None else 1


def _mend(dataset: Dataset) -> list[str]:
    """Numbers where decoders want numbers: what is absent or senseless gets the usual value."""
    notes = []
    counts = numbers(dataset, "NumberOfFrames")
    if present(dataset, "NumberOfFrames") and (len(counts) != 1 or counts[0] is None):
        notes.append("The header's number of frames makes no sense; the first frame is shown.")
    _set(dataset, "NumberOfFrames", frames(dataset))
    if frames(dataset) == 1 or not present(dataset, "ExtendedOffsetTableLengths"):
        for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
            if keyword in dataset:
                del dataset[keyword]
    samples = _whole(dataset, "SamplesPerPixel", 1)
    _set(dataset, "SamplesPerPixel", samples)
    _set(dataset, "PixelRepresentation", int(_whole(dataset, "PixelRepresentation", 0) == 1))
    if samples > 1:
        _set(dataset, "PlanarConfiguration", _whole(dataset, "PlanarConfiguration", 0))
    return notes + _mend_bits(dataset) + _mend_photometric(dataset, samples)


def _mend_bits(dataset: Dataset) -> list[str]:
    allocated = int(dataset.BitsAllocated)
    stored = _whole(dataset, "BitsStored", allocated)
    high = _whole(dataset, "HighBit", stored - 1)
    notes = []
    if not 1 <= stored <= allocated:
        notes.append("The header stores more bits than it allocates; all of them are read.")
        stored, high = allocated, allocated - 1
    elif not stored <= high + 1 <= allocated:
        notes.append("The header places its bits outside of their word; the lowest are read.")
        high = stored - 1
    _set(dataset, "BitsStored", stored)
    _set(dataset, "HighBit", high)
    return notes


def _mend_photometric(dataset: Dataset, samples: int) -> list[str]:
    said = word(dataset, "PhotometricInterpretation")
    known = said == _PALETTE or said in PhotometricInterpretation.__members__.values()
    _set(dataset, "PhotometricInterpretation",
         said if known else "RGB" if samples > 1 else "MONOCHROME2")  # fmt: skip
    if known:
        return []
    return ["The header doesn't say how values become brightness; larger ones are shown brighter."]


def _whole(dataset: Dataset, keyword: str, otherwise: int) -> int:
    values = numbers(dataset, keyword)
    return int(values[0]) if values and values[0] is not None else otherwise


def _set(dataset: Dataset, keyword: str, value: int | str) -> None:
    """Replace a field without a look at what it held, which may not be readable."""
    tag = tag_for_keyword(keyword)
    assert tag is not None
    dataset.add_new(tag, dictionary_VR(tag), value)


def _refuse_stream(dataset: Dataset, name: str) -> None:
    """Refuse a stream that would unpack to far more than the header's rows and columns."""
    data, syntax = dataset.PixelData, dataset.file_meta.TransferSyntaxUID
    if syntax == RLELossless:
        if len(data) > _MAX_RLE:
            raise ExplorerError(
                f"{name} holds {len(data) / 2**20:.0f} MB of run-length codes, over the limit of "
                f"{_MAX_RLE // 2**20} MB; export it uncompressed."
            )
        return
    pattern = _JPEG_2000 if syntax in JPEG2000TransferSyntaxes else _JPEG
    for match in pattern.finditer(data):
        first, second = (int.from_bytes(side, "big") for side in match.groups())
        refuse_size(name, max(first, 1), max(second, 1))


def _field(
    words: NDArray[np.integer], stored: int, high: int, syntax: UID
) -> NDArray[np.integer]:
    """The stored bits of each word alone: overlays may lie beside them, in any compression.

    A compressed stream mostly holds the stored bits at the bottom, wherever the header's high bit
    is; if larger words turn up, the words were compressed as they were.
    """
    width = 8 * words.dtype.itemsize
    if stored >= width:
        return words
    top = 2 ** (stored - 1) if words.dtype.kind == "i" else 2**stored
    bottom = -top if words.dtype.kind == "i" else 0
    lowest, highest = int(words.min()), int(words.max())
    whole = bottom <= lowest and highest < top
    if high != stored - 1 and (not whole or syntax == RLELossless or not syntax.is_encapsulated):
        raised = np.left_shift(words, width - 1 - high)  # what is above falls off; the sign stays
        return np.asarray(np.right_shift(raised, width - stored))
    if whole:
        return words
    # A codec that loses a little may overshoot, and white would wrap around to black.
    margin = 2**stored // 16
    if syntax in _LOSSY and bottom - margin <= lowest and highest < top + margin:
        return np.clip(words, bottom, top - 1)
    return np.asarray(np.right_shift(np.left_shift(words, width - stored), width - stored))
