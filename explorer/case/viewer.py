"""The film in the browser: window, zoom, maps, words and boxes, without a question to the server.

The component is the files of `browser/`, joined in this order: no build step, nothing fetched.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.attribution import METHODS
from core.inference.map_choice import Choice
from core.records.note import Shape
from explorer import access
from explorer.case import cache as case_cache
from explorer.case import sent
from explorer.regions import cache as region_cache
from explorer.regions import cam_view
from explorer.shared import (
    alt,
    guard,
    notes_view,
    palette,
    scripts,
    stamps,
    state,
    window_control,
)
from explorer.shared.state import Current

_BROWSER = Path(__file__).parent / "browser"
_SCRIPTS = ("film.js", "difference.js", "boxes.js", "outlines.js", "marks.js", "words.js",
            "input.js", "lapse.js", "case.js")  # fmt: skip
_KEY = "case_film"


def browser_files() -> tuple[str, str]:
    """The component's script and its style."""
    script = scripts.joined(_BROWSER, _SCRIPTS, ("elements.js", "view.js"))
    return script, palette.style(_BROWSER / "case.css")


_JS, _CSS = browser_files()
_component = st.components.v2.component(
    "case_film", html='<div class="case"></div>', css=_CSS, js=_JS
)


def draw(
    current: Current, text: str, read: bool, methods: Sequence[str], choice: Choice
) -> tuple[Shape, ...]:
    """The film, the chosen text and the report; what is drawn for a note.

    Args:
        read: whether the model is asked about the chosen text: it knows its words.
        methods: whose maps stand beside the film.
        choice: which score they explain, where they can.
    """
    studies, row = current.studies, current.row
    shape = (studies.image(row).shape[0], studies.image(row).shape[1])
    data, titles = _content(current, text, read, methods, choice, shape), [studies.spec, row]
    window = window_control.chosen(current)
    edition = sent.key_of(*titles, state.session().noted.get((studies.spec, row), 0))
    result = _component(
        key=_KEY,
        data={
            **data,
            "film": case_cache.film_uri(studies, row, window),
            "caseKey": sent.key_of(*titles),
            "filmKey": sent.key_of(*titles, window),
            "edition": edition,
            "mayDraw": access.may_note(),
            "noted": _noted(current),
        },
        on_drawn_change=lambda: None,
    )
    return sent.drawn_shapes(result.get("drawn"), edition, shape)


def draw_plain(current: Current, text: str, read: bool, key: str, side: int, truth: str) -> None:
    """The film and its texts without tools: what is pointed at lights up.

    Args:
        side: pixels of the picture, at most.
        truth: a PNG with transparency over the film, as a data URI; "" for none.
    """
    studies, row = current.studies, current.row
    shape = (studies.image(row).shape[0], studies.image(row).shape[1])
    window, film = window_control.chosen(current), [studies.spec, row]
    draw_kept(key, {
        **_content(current, text, read, (), Choice("lrclr"), shape),
        "film": case_cache.film_uri(studies, row, window, side),
        "caseKey": sent.key_of(*film),
        "filmKey": sent.key_of(*film, window),
        "truth": truth,
    })  # fmt: skip


def draw_kept(key: str, data: dict[str, Any]) -> None:
    """A film without tools from what was made of it before.

    Args:
        data: of `sent.content`, with `film`, its keys and `truth`; with `lapse` where a slider goes
            through steps.
    """
    _component(
        key=key, data={**data, "plain": True, "edition": "", "mayDraw": False, "noted": []}
    )


def _noted(current: Current) -> list[list[float] | list[list[float]]]:
    if not access.may_note():
        return []
    with guard.sentences():
        return sent.noted(notes_view.notes_on(current.studies, current.row))
    return []


def _content(
    current: Current, text: str, read: bool, methods: Sequence[str], choice: Choice,
    shape: tuple[int, int],
) -> dict[str, Any]:  # fmt: skip
    from core.inference.film_words import unread_text

    report = current.studies.report(current.row)
    asked = (text, *report) if read else tuple(report)
    words = case_cache.film_words(state.session().model, current.studies, current.row, asked)
    if not read:
        words = unread_text(words, text, "The model does not know these words.")
    titles = ["The chosen text:", *("The report:" if n == 0 else "" for n in range(len(report)))]
    maps = [_map(current, text, name, choice, shape) for name in (methods if read else ())]
    return sent.content(f"{name_of(current)}.", maps, words, titles, shape)


def _map(
    current: Current, text: str, name: str, choice: Choice, shape: tuple[int, int]
) -> sent.FilmMap:
    spec, words = state.session().model, cam_view.with_score(name, choice)
    heat = region_cache.saliency(
        words, spec, current.studies, current.row, (text,), sent.map_shape(*shape)
    )
    title = METHODS[name].title
    said = alt.mapped(name_of(current), title, text, heat)
    about = cam_view.about(name, choice).replace("`", "")
    return sent.FilmMap(title, about, said, stamps.stamp(spec, words), heat)


def name_of(current: Current) -> str:
    """What a film is called here: by its place in the set, never by its file or study."""
    return "Your radiograph" if current.uploaded else f"Radiograph {current.row + 1} of the set"
