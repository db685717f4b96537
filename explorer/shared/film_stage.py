"""A film in the browser with layers that keys switch, marks that are set, or the whole window.

The component is the files of `browser/`, joined: no build step, nothing fetched.
"""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from core.metrics.froc import FilmMark
from core.studies.study import Mask
from explorer.shared import figures, palette, scripts, state

_BROWSER = Path(__file__).parent / "browser"


def browser_files() -> tuple[str, str]:
    """The component's script and its style."""
    script = scripts.joined(_BROWSER, ("elements.js", "film_stage.js"))
    return script, (_BROWSER / "film_stage.css").read_text(encoding="utf-8")


_JS, _CSS = browser_files()
_component = st.components.v2.component(
    "film_stage", html='<div class="stage-root"></div>', css=_CSS, js=_JS
)


@dataclass(frozen=True)
class FilmLayer:
    """What can be laid over a film; a key switches it.

    Attributes:
        tone: a colour of `palette`.
        on: whether it is seen at first.
        picture: a PNG with transparency, as a data URI.
        boxes: (x, y, w, h, strength), shares of the film and 0..1.
        points: (x, y, words), shares of the film.
        shape: of its points: circle, square, diamond or dot.
        told: what is said beside its name while it is seen.
    """

    key: str
    name: str
    tone: str
    on: bool = True
    picture: str = ""
    boxes: Sequence[tuple[float, float, float, float, float]] = ()
    points: Sequence[tuple[float, float, str]] = ()
    shape: str = "square"
    told: str = ""


@dataclass(frozen=True)
class StageFilm:
    """A film for the stage.

    Attributes:
        serial: another one for another film, so that the browser forgets marks of the one before.
        picture: (H, W) or (H, W, 3).
        said: the alternative text.
        ways: {"previous", "next": words, "back", "on": whether there is one}.
    """

    serial: str
    picture: figures.Picture
    said: str
    title: str = ""
    text: str = ""
    layers: Sequence[FilmLayer] = ()
    ways: Mapping[str, Any] | None = None
    marks: Sequence[FilmMark] = ()
    edits: bool = False
    says: Mapping[str, str] = field(default_factory=dict)  # sure, undo, remove: of a lesson's words
    most: int = 0


def draw(
    key: str, shown: StageFilm | None, left: Callable[[dict[str, Any]], None], button: str = ""
) -> None:
    """The stage on the page; or a button that opens it in the whole window.

    Args:
        shown: None where nobody presents yet: the film is made when somebody does.
        left: called with {"serial", "step", "marks"} as the browser has them, when a film is left.
        button: words of the button; "" for the stage on the page.
    """

    def take() -> None:
        told = (state.widget(key) or {}).get("left")
        if isinstance(told, dict):
            left(told)

    _component(
        key=key, data=content(shown, button), on_left_change=take, on_presenting_change=lambda: None
    )


def content(shown: StageFilm | None, button: str = "") -> dict[str, Any]:
    """What the browser gets."""
    data: dict[str, Any] = {"button": button, "lazy": bool(button), "layers": [], "film": ""}
    return data if shown is None else data | _data(shown)


def presenting(key: str) -> bool:
    """Whether the window of a stage with a button is open."""
    return bool((state.widget(key) or {}).get("presenting"))


def _data(shown: StageFilm) -> dict[str, Any]:
    help_text = f"{shown.said} A question mark shows the keys."
    if shown.edits:
        help_text += " Enter sets a mark, arrow keys move it, 1 to 5 say how sure you are."
    return {
        "serial": shown.serial, "film": figures.data_uri(shown.picture), "said": shown.said,
        "size": list(shown.picture.shape[:2]), "title": shown.title, "text": shown.text,
        "layers": [vars(layer) | {"boxes": list(layer.boxes), "points": list(layer.points)}
                   for layer in shown.layers],
        "ways": None if shown.ways is None else dict(shown.ways), "help": help_text,
        "marks": [[mark.x, mark.y, mark.confidence] for mark in shown.marks],
        "edits": shown.edits, "says": dict(shown.says), "most": shown.most,
        "tone": palette.OWN, "presents": not shown.edits,
    }  # fmt: skip


def outlined(masks: Sequence[Mask], tone: str, shape: tuple[int, int]) -> str:
    """Outlines of masks (H, W) in a colour with a dark edge, a PNG as large as the film."""
    rows, columns = shape
    picture = np.zeros((rows, columns, 4), np.uint8)
    width = max(2, rows // 200)
    for mask in masks:
        large = Image.fromarray(mask).resize((columns, rows), Image.Resampling.NEAREST)
        whole = np.asarray(large, bool)
        picture[figures.outline(whole, width + 1)] = (0, 0, 0, 255)
        colour = tuple(int(tone[place : place + 2], 16) for place in (1, 3, 5))
        picture[figures.outline(whole, width)] = (*colour, 255)
    return _png(picture)


def heated(heat: NDArray[np.float32], shape: tuple[int, int]) -> str:
    """A map (h, w) in the colours of all maps, see-through where it is low, as a PNG."""
    share = figures.normalised(heat)
    picture = np.zeros((*share.shape, 4), np.uint8)
    picture[..., :3] = figures.scale()[(share * 255).astype(int)]
    picture[..., 3] = (255 * 0.6 * np.minimum(1.6 * share, 1)).astype(np.uint8)
    small = Image.fromarray(picture).resize((min(shape[1], 320), min(shape[0], 320)))
    return _png(np.asarray(small))


def _png(picture: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=3)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
