"""Lookup tables of a header: modality and VOI LUTs (PS3.3 C.11), palettes (C.7.6.3.1.5).

What the descriptor says is often wrong, and the entries are what they are: their depth is that of
the largest one, they may be bytes or words, and the first mapped value is signed where pixels are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut

from core.films.dicom.values import octets, present, signed, words

_COLOURS = ("Red", "Green", "Blue")


@dataclass(frozen=True)
class Lut:
    """A table as it can be used.

    Attributes:
        first: the value that the first entry is for.
        entries: (n,), of 16 bits at most.
        depth: bits of the largest entry that the standard allows, 8 or 10 to 16.
        stated: bits that the descriptor says.
    """

    first: int
    entries: NDArray[np.uint16]
    depth: int
    stated: int

    def __call__(self, values: NDArray[np.generic]) -> NDArray[np.uint16]:
        """The entries of whole numbers of any shape; values beyond the table get its ends."""
        places = np.clip(values.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[places]


def read_lut(item: Dataset, low: float, high: float, negative: bool) -> Lut | str:
    """The table of a LUT sequence's item, or why it cannot be used, as a part of a sentence.

    Args:
        low, high: the values that will be looked up.
        negative: whether these can be negative, so that the first mapped value is signed.
    """
    return _read(item, "LUTDescriptor", "LUTData", (low, high), negative, smooth=True)


def plain_item(item: Dataset) -> Dataset | None:
    """The same table in a new item, every entry a word, and nothing else; None if unusable."""
    lut = read_lut(item, 0, 0, negative=False)
    if isinstance(lut, str):
        return None
    pattern = int(words(item, "LUTDescriptor")[1])
    plain = Dataset()
    plain.add_new("LUTDescriptor", "US", [len(lut.entries) % 2**16, pattern, lut.depth])
    plain.add_new("LUTData", "OW", lut.entries.astype("<u2").tobytes())
    return plain


def palette_colours(
    indices: NDArray[np.integer], dataset: Dataset
) -> NDArray[np.uint8] | None:
    """Indices (H, W) as colours (H, W, 3) of 8 bits; None where the palette cannot be used."""
    if not present(dataset, "RedPaletteColorLookupTableData"):
        return _segmented(indices, dataset)
    span = (float(indices.min()), float(indices.max()))
    luts = []
    for colour in _COLOURS:
        name = f"{colour}PaletteColorLookupTable"
        negative = indices.dtype.kind == "i"
        lut = _read(dataset, f"{name}Descriptor", f"{name}Data", span, negative, smooth=False)
        if isinstance(lut, str):
            return None
        luts.append(lut)
    depth = max(lut.depth for lut in luts)
    return np.stack([lut(indices) >> (depth - 8) for lut in luts], axis=-1).astype(np.uint8)


def _segmented(indices: NDArray[np.integer], dataset: Dataset) -> NDArray[np.uint8] | None:
    try:
        colours = apply_color_lut(indices, dataset)[..., :3]
    except Exception:  # no palette, or a damaged one
        return None
    return np.asarray(colours >> 8 if colours.dtype.itemsize > 1 else colours).astype(np.uint8)


def _read(
    item: Dataset, descriptor: str, data: str, span: tuple[float, float], negative: bool,
    smooth: bool,
) -> Lut | str:  # fmt: skip
    stated = words(item, descriptor)
    if len(stated) < 3:
        return f"its descriptor has {len(stated)} of 3 values"
    count = int(stated[0]) or 2**16
    entries = _entries(octets(item, data), count, int(stated[2]), smooth)
    if isinstance(entries, str):
        return entries
    bits = max(int(entries.max()).bit_length(), 8)
    first = _first(int(stated[1]), negative, span, count)
    return Lut(first, entries, 10 if bits == 9 else bits, int(stated[2]))


def _entries(data: bytes, count: int, bits: int, smooth: bool) -> NDArray[np.uint16] | str:
    """Entries as words, or as bytes where there are too few for words (PS3.3 C.11.1.1.1)."""
    if len(data) >= 2 * count:
        return np.frombuffer(data[: 2 * count], "<u2").astype(np.uint16)
    packed = np.frombuffer(data[:count], np.uint8).astype(np.uint16)
    # Half the bytes that 16-bit entries need: bytes in truth, or words of which half are missing.
    # As bytes, words jump from low to high and back.
    jumps = int(np.abs(np.diff(packed.astype(np.int32))).sum())
    if len(packed) == count and (bits <= 8 or not smooth or jumps <= 2 * 255):
        return packed
    return f"it holds {len(data) // 2} of its {count} entries" if data else "it holds no entries"


def _first(pattern: int, negative: bool, span: tuple[float, float], count: int) -> int:
    """The first mapped value: of a sign as the values have it, or as they are reached at all."""
    ways = [signed(pattern, 16), pattern]
    likely, other = ways if negative else ways[::-1]

    def reached(first: int) -> bool:
        return first <= span[1] and first + count > span[0]

    return other if reached(other) and not reached(likely) else likely
