"""From stored values to a film: modality LUT, windows, inversion, padding, shape of the pixels.

PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (photometric interpretation),
C.7.5.1.1.2 (padding), C.10.7.1.3 and C.7.6.3.1.7 (spacing and aspect of pixels). All of these are
optional: one that cannot be used is left out and said, and never blocks sound pixels.
"""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from core.errors import ExplorerError
from core.films.dicom.luts import Lut, read_lut
from core.films.dicom.padding import padding
from core.films.dicom.pixels import Stored
from core.films.dicom.values import items, numbers, present, texts, word
from core.films.film import Film, Voi, between
from core.films.grey import grey_of_colours
from core.films.limits import MAX_PIXELS
from core.films.window import FUNCTIONS, Table, Window

_FLAT = 10 / 255  # of the brightness; a window that leaves less of the picture does not fit it
_SAMPLE = 10_000  # pixels that say whether it does
_MOST_ASPECT = 4.0  # pixels more oblong than this are an error of the header
_LARGEST = 1e30  # of a rescaled value: beyond this windows leave the range of float32
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
# Explanations are free text that could name a person: only such words are shown.
_KNOWN_WINDOWS = (
    "NORMAL", "HARDER", "HARD", "SOFTER", "SOFT", "DEFAULT", "USER", "BEST", "FULL", "AUTO",
    "CHEST", "THORAX", "LUNG", "LUNGS", "MEDIASTINUM", "BONE", "RIBS", "SPINE", "HEART",
    "ABDOMEN", "SOFT TISSUE", "WINDOW1", "WINDOW2", "WINDOW3", "ALGO1", "ALGO2", "ALGO3",
)  # fmt: skip


def make_film(stored: Stored, dataset: Dataset) -> tuple[Film, list[str]]:
    """A film, and what a reader should know of how it is shown, one sentence each."""
    aspect, notes = _aspect(dataset)
    notes += stored.notes
    if stored.values.ndim == 3:
        grey, coloured = grey_of_colours(_eight_bits(stored.values, stored.bits))
        return Film(grey, between(0, 255), aspect=aspect), [*notes, *coloured]
    values = _modality(stored.values, dataset, notes)
    outside = padding(stored, dataset, notes)
    windows = _tables(dataset, values, notes) | _windows(dataset, notes)
    film = Film(values, between(0, 1), windows, _inverted(dataset), outside, aspect)
    fitting = [voi for voi in windows.values() if not _leaves_nothing(film, voi)][:1]
    opened = fitting[0] if fitting else between(*film.percentiles(0.5, 99.5))
    if windows and not fitting:
        notes.append("The header's window does not fit the picture; its own range is shown.")
    elif windows and opened is not next(iter(windows.values())):
        notes.append("The header's first window does not fit the picture; another of it is used.")
    return (
        Film(values, opened, windows, film.inverted, outside, aspect),
        [*notes, *_contradiction(dataset)],
    )


def _eight_bits(colours: NDArray[np.integer], bits: int) -> NDArray[np.uint8]:
    """Colours of any depth in 0..255."""
    return (colours >> max(bits - 8, 0)).astype(np.uint8)


def _modality(
    stored: NDArray[np.integer], dataset: Dataset, notes: list[str]
) -> NDArray[np.float32]:
    """Values in the file's own unit; a table comes before a slope and intercept."""
    plain = stored.astype(np.float32)
    sequence = items(dataset, "ModalityLUTSequence")
    if not sequence and present(dataset, "ModalityLUTSequence"):
        notes.append("The header's modality LUT cannot be used; it is left out.")
    for item in sequence:
        lut = read_lut(item, float(plain.min()), float(plain.max()), stored.dtype.kind == "i")
        if isinstance(lut, Lut):
            if lut.depth > lut.stated or not 8 <= lut.stated <= 16:
                notes.append(_depth("modality LUT", lut))
            return _unless_flat(lut(stored).astype(np.float32), plain, "modality LUT", notes)
        notes.append(f"The header's modality LUT cannot be used ({lut}); it is left out.")
    slopes, intercepts = numbers(dataset, "RescaleSlope"), numbers(dataset, "RescaleIntercept")
    if not slopes and not intercepts:
        return plain
    slope, intercept = (slopes or [1.0])[0], (intercepts or [0.0])[0]
    if slope is None or intercept is None:
        notes.append("The header's rescaling is no number; stored values are used.")
        return plain
    if len(slopes) > 1 or len(intercepts) > 1:
        notes.append("The header holds several rescalings; the first is used.")
    rescaled = plain.astype(np.float64) * slope + intercept
    return _unless_flat(rescaled, plain, "rescaling", notes)


def _unless_flat(
    values: NDArray[np.floating], plain: NDArray[np.float32], what: str, notes: list[str]
) -> NDArray[np.float32]:
    """The values, or the stored ones where these leave nothing of a picture."""
    if np.abs(values).max() < _LARGEST:
        single = values.astype(np.float32)
        if np.ptp(single) > 0 or np.ptp(plain) == 0:
            return single
    notes.append(f"The header's {what} leaves nothing of the picture; stored values are used.")
    return plain


def _depth(name: str, lut: Lut) -> str:
    return (
        f"The header says that entries of its {name} have {lut.stated} bits; they have {lut.depth}."
    )


def _inverted(dataset: Dataset) -> bool:
    """Whether small values are bright.

    MONOCHROME1 with the shape INVERSE says so twice, as DX images must (C.8.11.3.1.2); it is one
    inversion, not two.
    """
    shape = word(dataset, "PresentationLUTShape")
    return _photometric(dataset) == "MONOCHROME1" or shape == "INVERSE"


def _contradiction(dataset: Dataset) -> list[str]:
    shape = word(dataset, "PresentationLUTShape")
    if (_photometric(dataset), shape) in (("MONOCHROME2", "INVERSE"), ("MONOCHROME1", "IDENTITY")):
        return ["The header contradicts itself on which values are bright; check the polarity."]
    return []


def _photometric(dataset: Dataset) -> str:
    return word(dataset, "PhotometricInterpretation")


def _tables(dataset: Dataset, values: NDArray[np.float32], notes: list[str]) -> dict[str, Voi]:
    """The header's VOI LUTs (C.11.2.1.1) by name; a table is what its maker prefers to a window."""
    tables: dict[str, Voi] = {}
    sequence = items(dataset, "VOILUTSequence")
    if not sequence and present(dataset, "VOILUTSequence"):
        notes.append("The header's VOI LUT cannot be used; it is left out.")
    for number, item in enumerate(sequence, start=1):
        name = "VOI LUT" + (f" {number}" if number > 1 else "")
        low, high = float(values.min()), float(values.max())
        pixels_signed = numbers(dataset, "PixelRepresentation") == [1.0]
        negative = low < 0 or (pixels_signed and not present(dataset, "ModalityLUTSequence"))
        lut = read_lut(item, low, high, negative)
        if isinstance(lut, str):
            notes.append(f"The header's {name} cannot be used ({lut}); it is left out.")
            continue
        if lut.depth != lut.stated:
            notes.append(_depth(name, lut))
        top = np.float32(2**lut.depth - 1)
        tables[name] = Table(lut.first, lut.entries.astype(np.float32) / top)
    return tables


def _windows(dataset: Dataset, notes: list[str]) -> dict[str, Voi]:
    """The header's windows by name; those that make no sense are left out and said."""
    centers, widths = numbers(dataset, "WindowCenter"), numbers(dataset, "WindowWidth")
    explained = texts(dataset, "WindowCenterWidthExplanation")
    function = word(dataset, "VOILUTFunction") or "LINEAR"
    if function not in FUNCTIONS:
        notes.append("The header's window has a function that is not known; a linear one is used.")
        function = "LINEAR"
    windows: dict[str, Voi] = {}
    senseless = len(centers) != len(widths)
    for number, (center, width) in enumerate(zip(centers, widths, strict=False)):
        said = explained[number].upper() if number < len(explained) else ""
        name = f"Window {number + 1}"
        name += f" ({said.lower()})" if said in _KNOWN_WINDOWS else ""
        try:
            if center is None or width is None:
                senseless = True
            else:
                windows[name] = Window(center, width, function)
        except ExplorerError:
            senseless = True
    if senseless:
        notes.append("A window of the header makes no sense; it is left out.")
    return windows


def _leaves_nothing(film: Film, voi: Voi) -> bool:
    values = film.values if film.outside is None else film.values[~film.outside]
    sample = values.ravel()[:: -(-values.size // _SAMPLE)] if values.size else film.values
    shares = voi(np.array(sample, dtype=np.float32))
    return float(np.ptp(np.percentile(shares, [5, 95]))) < _FLAT


def _aspect(dataset: Dataset) -> tuple[float, list[str]]:
    """Height of a pixel over its width, and a word where it is not 1."""
    senseless: list[str] = []
    for keyword in (*_SPACINGS, "PixelAspectRatio"):
        parts = [part for part in numbers(dataset, keyword) if part is not None and part > 0]
        ratio = parts[0] / parts[1] if len(parts) == 2 else 0.0
        if not 0 < ratio < float("inf"):
            if present(dataset, keyword):
                senseless = ["The header's shape of a pixel makes no sense; it is left out."]
            continue
        if abs(ratio - 1) < 0.01:
            return 1.0, []
        if max(ratio, 1 / ratio) > _MOST_ASPECT:
            return 1.0, ["The header's shape of a pixel is not believable; squares are shown."]
        if int(dataset.Rows) * int(dataset.Columns) * max(ratio, 1 / ratio) > MAX_PIXELS:
            return 1.0, ["The picture is too large to make its oblong pixels square."]
        return ratio, [f"Pixels are oblong (height {ratio:.2f} of the width); made square."]
    return 1.0, senseless
