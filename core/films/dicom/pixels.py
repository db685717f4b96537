"""Stored values of one frame, decoded by pydicom, with what its decoders leave undone."""

import re

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, pixel_array
from pydicom.uid import JPEG2000TransferSyntaxes, RLELossless

from core.errors import ExplorerError
from core.films.limits import refuse_size

# Where a compressed stream states its own height and width, which need not be the header's: the
# start of a JPEG or JPEG-LS frame, and the SIZ marker of JPEG 2000 (width before height).
_JPEG = re.compile(
    rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf\xf7]..[\x02-\x10](..)(..)", re.DOTALL
)
_JPEG_2000 = re.compile(rb"\xff\x4f\xff\x51....(....)(....)", re.DOTALL)
_MAX_RLE = 24 * 2**20  # a run-length code can unpack to 64 times its size


def stored_values(dataset: Dataset, name: str) -> NDArray[np.integer]:
    """Pixels of the first frame: (H, W) as stored, or (H, W, 3) where they are colours.

    Raises:
        ExplorerError: more pixels than the limit.
        Exception: whatever a decoder raises on damaged data.
    """
    refuse_size(name, int(dataset.Rows), int(dataset.Columns), frames(dataset))
    encapsulated = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    if encapsulated:
        _refuse_stream(dataset, name)
    allocated = int(dataset.BitsAllocated)
    stored = int(dataset.get("BitsStored", allocated))
    high = int(dataset.get("HighBit", stored - 1))
    odd = high != stored - 1 and not encapsulated
    values = pixel_array(dataset, index=0, correct_unused_bits=not odd)
    if str(dataset.get("PhotometricInterpretation", "")) == "PALETTE COLOR":
        bits = int(dataset.RedPaletteColorLookupTableDescriptor[2])
        colours = apply_color_lut(values, dataset)[..., :3]
        return np.asarray(colours >> 8 if bits > 8 else colours).astype(np.uint8)
    return _field(values, stored, high) if odd else values


def frames(dataset: Dataset) -> int:
    """How many frames the file says it holds."""
    return max(int(dataset.get("NumberOfFrames", 1) or 1), 1)


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


def _field(values: NDArray[np.integer], stored: int, high: int) -> NDArray[np.integer]:
    """The bits of a value that are not at the bottom of its word; overlays may lie beside them."""
    width = 8 * values.dtype.itemsize
    if not 0 < stored <= high + 1 <= width:
        raise ValueError("the header places bits outside the word")
    raised = np.left_shift(values, width - 1 - high)  # what is above falls off; the sign is kept
    return np.asarray(np.right_shift(raised, width - stored))
