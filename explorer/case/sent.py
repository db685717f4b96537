"""What the browser gets of a case, once: the film, small maps, texts, boxes. Knows no Streamlit.

Places are shares of the film, 0 to 1, so that the browser need not know its size. Nothing here
names a file, a study or a patient.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.preprocessing import Rectangle
from core.records.note import BOX, POLYGON, Note, Shape, box
from explorer.shared import figures

if TYPE_CHECKING:
    from core.inference.film_words import FilmText, FilmWords

MAP_SIDE = 160  # cells of a map's longer side: maps are smooth, grids have some 14 cells
_LEAST = 1e-6  # of a film's side
_MOST_CORNERS = 2000  # of an outline; what the browser draws has half


@dataclass(frozen=True)
class FilmMap:
    """A map as a pane shows it."""

    title: str
    about: str
    alt: str
    stamp: tuple[str, bool]  # what sanity tests said of it, and whether that is a warning
    heat: NDArray[np.float32]  # (h, w) over the whole film


def map_shape(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of a map that has the film's form.

    >>> map_shape(3000, 1500)
    (160, 80)
    """
    scale = MAP_SIDE / max(height, width)
    return max(round(height * scale), 1), max(round(width * scale), 1)


def content(
    alt: str, maps: Sequence[FilmMap], words: "FilmWords", titles: Sequence[str],
    shape: tuple[int, int],
) -> dict[str, Any]:  # fmt: skip
    """Everything beside the film itself and what is drawn on it.

    Args:
        titles: what stands before each text; "" where it goes on in the same paragraph.
        shape: (H, W), in whose pixels the words' boxes are.
    """
    told = {
        "alt": alt,
        "colours": _text(figures.scale().astype(np.uint8)),
        "maps": [_map(one) for one in maps],
        **moved(words, titles, shape),
    }
    return {**told, "contentKey": key_of(json.dumps(told))}


def key_of(*parts: object) -> str:
    """A name for what hangs on these parts, which says nothing of them."""
    return sha256("|".join(map(str, parts)).encode()).hexdigest()[:16]


def noted(notes: Iterable[Note]) -> list[list[float] | list[list[float]]]:
    """What was drawn on the film, as shares of it: [x, y, width, height], or corners [x, y]."""
    return [
        _noted(shape, (note.film.height, note.film.width))
        for note in notes
        for shape in note.said.shapes
        if note.film.width and note.film.height
    ]


def drawn_shapes(drawn: Any, edition: str, shape: tuple[int, int]) -> tuple[Shape, ...]:
    """What the browser drew, in pixels of the film; whatever else it sends is left out.

    Args:
        drawn: {"edition": ..., "boxes": [[x, y, width, height], ...], "polygons": [[[x, y], ...],
            ...]} as shares of the film.
        edition: of the film that is shown: what was drawn on another one is not its own.
        shape: (H, W) of `StudySet.image`.
    """
    if not isinstance(drawn, dict) or drawn.get("edition") != edition:
        return ()
    boxes, polygons = (
        told if isinstance(told := drawn.get(name), list) else [] for name in ("boxes", "polygons")
    )
    shapes = [*(_box(one, shape) for one in boxes), *(_polygon(one, shape) for one in polygons)]
    return tuple(one for one in shapes if one is not None)


def _noted(shape: Shape, size: tuple[int, int]) -> list[float] | list[list[float]]:
    rows, columns = size
    if shape.kind == POLYGON:
        return [[round(x / columns, 5), round(y / rows, 5)] for x, y in shape.points]
    return _shares(shape.bounds, size)


def _numbers(values: Any, count: int) -> bool:
    return (
        isinstance(values, list) and len(values) == count
        and all(isinstance(side, int | float) and np.isfinite(side) for side in values)
    )  # fmt: skip


def _polygon(drawn: Any, shape: tuple[int, int]) -> Shape | None:
    if not (isinstance(drawn, list) and 3 <= len(drawn) <= _MOST_CORNERS):
        return None
    if not all(_numbers(corner, 2) for corner in drawn):
        return None
    rows, columns = shape
    corners = np.clip(np.array(drawn, float), 0, 1)
    if (np.ptp(corners, axis=0) < _LEAST).any():
        return None
    points = (corners * [columns, rows]).round(2).tolist()
    return Shape(POLYGON, tuple((min(x, columns), min(y, rows)) for x, y in points))


def _box(drawn: Any, shape: tuple[int, int]) -> Shape | None:
    if not _numbers(drawn, 4):
        return None
    x, y, width, height = drawn
    left, right = np.clip([x, x + width], 0, 1)
    top, bottom = np.clip([y, y + height], 0, 1)
    if right - left < _LEAST or bottom - top < _LEAST:
        return None
    rows, columns = shape
    around = box(left * columns, top * rows, (right - left) * columns, (bottom - top) * rows)
    corners = [tuple(round(float(side), 2) for side in point) for point in around.points]
    (x0, y0), (x1, y1) = corners
    return Shape(BOX, ((x0, y0), (min(x1, columns), min(y1, rows))))


def moved(
    words: "FilmWords", titles: Sequence[str], shape: tuple[int, int]
) -> dict[str, Any]:
    """Of `content`, what another model would say of the same texts; arguments as there."""
    return {
        "texts": [_film_text(*pair) for pair in zip(words.texts, titles, strict=True)],
        "boxes": [_shares(one, shape) for one in words.boxes],
        "cosine": np.round(words.cosine.astype(float), 4).tolist(),
    }


def values(share: NDArray[np.float32]) -> str:
    """A map of 0..1 as bytes in base64."""
    return _text(np.rint(255 * share).astype(np.uint8))


def _map(one: FilmMap) -> dict[str, Any]:
    rows, columns = one.heat.shape
    text, warned = one.stamp
    return {
        "title": one.title, "about": one.about, "alt": one.alt, "stamp": text, "warned": warned,
        "values": values(figures.normalised(one.heat)), "height": rows, "width": columns,
    }  # fmt: skip


def _film_text(text: "FilmText", title: str) -> dict[str, Any]:
    return {
        "title": title, "text": text.text, "kept": text.kept.tolist(),
        "pieces": [[piece.text, piece.word] for piece in text.pieces],
        "weights": np.round(text.weights.astype(float), 4).tolist(),
        "nowhere": round(text.nowhere, 4), "noPlace": text.no_place, "unread": text.unread,
    }  # fmt: skip


def _shares(around: Rectangle, shape: tuple[int, int]) -> list[float]:
    rows, columns = shape
    sides = zip(around, (columns, rows, columns, rows), strict=True)
    return [round(float(side) / whole, 5) for side, whole in sides]


def _text(values: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
