"""From stored values to a film: modality LUT, windows, inversion, padding, shape of the pixels.

PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (photometric interpretation),
C.7.5.1.1.2 (padding), C.10.7.1.3 and C.7.6.3.1.7 (spacing and aspect of pixels).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels import apply_modality_lut, apply_voi

from core.errors import ExplorerError
from core.films.film import Film, Voi, between
from core.films.grey import grey_of_colours
from core.films.limits import MAX_PIXELS
from core.films.window import Table, Window

_FLAT = 10 / 255  # of the brightness; a window that leaves less of the picture does not fit it
_SAMPLE = 10_000  # pixels that say whether it does
_MOST_ASPECT = 4.0  # pixels more oblong than this are an error of the header
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
# Explanations are free text that could name a person: only such words are shown.
_KNOWN_WINDOWS = (
    "NORMAL", "HARDER", "HARD", "SOFTER", "SOFT", "DEFAULT", "USER", "BEST", "FULL", "AUTO",
    "CHEST", "THORAX", "LUNG", "LUNGS", "MEDIASTINUM", "BONE", "RIBS", "SPINE", "HEART",
    "ABDOMEN", "SOFT TISSUE", "WINDOW1", "WINDOW2", "WINDOW3", "ALGO1", "ALGO2", "ALGO3",
)  # fmt: skip


def make_film(stored: NDArray[np.integer], dataset: Dataset) -> tuple[Film, list[str]]:
    """A film, and what a reader should know of how it is shown, one sentence each.

    Args:
        stored: (H, W) as stored, or (H, W, 3) colours.
    """
    aspect, notes = _aspect(dataset)
    if stored.ndim == 3:
        grey, coloured = grey_of_colours(_eight_bits(stored, dataset))
        return Film(grey, between(0, 255), aspect=aspect), [*notes, *coloured]
    values = _modality(stored, dataset)
    outside = _padding(stored, dataset)
    windows, more = _windows(dataset)
    film = Film(values, between(0, 1), windows, _inverted(dataset), outside, aspect)
    opened = next(iter(windows.values()), None)
    if opened and _leaves_nothing(film, opened):
        opened = None
        more.append("The header's window does not fit the picture; its own range is shown.")
    opened = opened or between(*film.percentiles(0.5, 99.5))
    found = Film(values, opened, windows, film.inverted, outside, aspect)
    return found, [*notes, *more, *_contradiction(dataset)]


def _eight_bits(colours: NDArray[np.integer], dataset: Dataset) -> NDArray[np.uint8]:
    """Colours of any depth in 0..255."""
    return (colours >> max(int(dataset.BitsStored) - 8, 0)).astype(np.uint8)


def _modality(stored: NDArray[np.integer], dataset: Dataset) -> NDArray[np.float32]:
    """Values in the file's own unit; a table comes before a slope and intercept."""
    if dataset.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(stored, dataset), dtype=np.float32)
    values = stored.astype(np.float32)
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope not in (None, "") and intercept not in (None, ""):
        values *= np.float32(slope)
        values += np.float32(intercept)
    if not np.isfinite(values).all():
        raise ValueError("the rescaled values are not finite")
    return values


def _inverted(dataset: Dataset) -> bool:
    """Whether small values are bright.

    MONOCHROME1 with the shape INVERSE says so twice, as DX images must (C.8.11.3.1.2); it is one
    inversion, not two.
    """
    shape = str(dataset.get("PresentationLUTShape", ""))
    return _photometric(dataset) == "MONOCHROME1" or shape == "INVERSE"


def _contradiction(dataset: Dataset) -> list[str]:
    shape = str(dataset.get("PresentationLUTShape", ""))
    if (_photometric(dataset), shape) in (("MONOCHROME2", "INVERSE"), ("MONOCHROME1", "IDENTITY")):
        return ["The header contradicts itself on which values are bright; check the polarity."]
    return []


def _photometric(dataset: Dataset) -> str:
    return str(dataset.get("PhotometricInterpretation", ""))


def _windows(dataset: Dataset) -> tuple[dict[str, Voi], list[str]]:
    """The header's tables, then its windows, by name; a table is what its maker prefers."""
    found: dict[str, Voi] = {}
    for number, item in enumerate(dataset.get("VOILUTSequence") or [], start=1):
        found["VOI LUT" + (f" {number}" if number > 1 else "")] = _table(item, dataset, number - 1)
    centers, widths = _several(dataset, "WindowCenter"), _several(dataset, "WindowWidth")
    explained = _several(dataset, "WindowCenterWidthExplanation")
    function = str(dataset.get("VOILUTFunction", "") or "LINEAR").upper()
    notes = []
    for number, (center, width) in enumerate(zip(centers, widths, strict=False)):
        said = str(explained[number]).strip().upper() if number < len(explained) else ""
        name = f"Window {number + 1}"
        name += f" ({said.lower()})" if said in _KNOWN_WINDOWS else ""
        try:
            found[name] = Window(float(center), float(width), function)
        except ExplorerError:
            notes.append("A window of the header makes no sense; it is left out.")
    return found, notes


def _several(dataset: Dataset, keyword: str) -> list[Any]:
    """A header value as a list, however many it holds."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | list | tuple) else [value]


def _table(item: Dataset, dataset: Dataset, index: int) -> Table:
    """A VOI LUT (C.11.2.1.1), unpacked by pydicom."""
    count, first, bits = (int(value) for value in item.LUTDescriptor)
    count = count or 2**16
    entries = apply_voi(np.arange(first, first + count), dataset, index).astype(np.float32)
    return Table(first, entries / np.float32(max(2**bits - 1, entries.max())))


def _leaves_nothing(film: Film, voi: Voi) -> bool:
    values = film.values if film.outside is None else film.values[~film.outside]
    sample = values.ravel()[:: -(-values.size // _SAMPLE)] if values.size else film.values
    shares = voi(np.array(sample, dtype=np.float32))
    return float(np.ptp(np.percentile(shares, [5, 95]))) < _FLAT


def _padding(stored: NDArray[np.integer], dataset: Dataset) -> NDArray[np.bool_] | None:
    value = dataset.get("PixelPaddingValue")
    if value in (None, ""):
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit in (None, "") else limit)))
    outside = np.asarray((stored >= low) & (stored <= high))
    return outside if outside.any() and not outside.all() else None


def _aspect(dataset: Dataset) -> tuple[float, list[str]]:
    """Height of a pixel over its width, and a word where it is not 1."""
    for keyword in (*_SPACINGS, "PixelAspectRatio"):
        try:
            vertical, horizontal = (float(part) for part in _several(dataset, keyword))
            ratio = vertical / horizontal
        except (ValueError, TypeError, ZeroDivisionError):
            continue
        if not ratio > 0 or not np.isfinite(ratio):
            continue
        if abs(ratio - 1) < 0.01:
            return 1.0, []
        if max(ratio, 1 / ratio) > _MOST_ASPECT:
            return 1.0, ["The header's shape of a pixel is not believable; squares are shown."]
        if int(dataset.Rows) * int(dataset.Columns) * max(ratio, 1 / ratio) > MAX_PIXELS:
            return 1.0, ["The picture is too large to make its oblong pixels square."]
        return ratio, [f"Pixels are oblong (height {ratio:.2f} of the width); made square."]
    return 1.0, []
