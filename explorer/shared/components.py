"""Pieces that several pages show. A component owns its state key and returns a typed value."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import ExplorerError
from core.evaluation import study_scores
from core.evaluation.answers import WeighedBoxes
from core.evaluation.report import left_out_sentence
from core.inference.prompts import MAX_PROMPT_CHARACTERS, check_prompt
from core.inference.score_names import SCORES
from core.studies import StudySet
from core.studies.phantom_set import PhantomSet
from core.studies.study import Mask
from explorer.shared import alt, cache, figures, link, markup, state, window_control
from explorer.shared.state import Current

if TYPE_CHECKING:
    from core.inference.regions import Regions

STILL = {"displayModeBar": False, "scrollZoom": False}


def prompt_box(label: str = "Prompt", live: bool = False) -> str:
    """A free-text prompt, shared by all pages; a bad one is refused and the last good one stays.

    Args:
        live: take the text while it is typed, where what follows from it is quick.
    """
    typed = st.text_input(
        label, key=state.prompt_widget(label), max_chars=MAX_PROMPT_CHARACTERS, live=live,
        placeholder="for example: small right pneumothorax",
    )  # fmt: skip
    if not typed.strip():  # between two prompts the box is empty: no error of anybody's
        st.caption(f"Type a few words. Shown is still “{state.session().prompt}”.")
        return state.session().prompt
    try:
        text = check_prompt(typed)
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return state.session().prompt
    if text != state.session().prompt:
        state.set_prompt(text)
        link.write()
    return text


def prompt_or_sentence(current: Current) -> tuple[str, bool]:
    """The free prompt, or a sentence of the study's own report; and whether it is the prompt."""
    sentences = current.studies.report(current.row)
    if not sentences:
        return prompt_box(), True
    source = st.segmented_control(
        "Text", ["Prompt", "Sentence of the report"], default="Prompt", key="text_source"
    )
    if source == "Sentence of the report":
        return str(st.selectbox("Sentence", sentences, key="sentence")), False
    return prompt_box(), True


def score_picker(key: str) -> None:
    """The score that films are judged by, shared by the pages that call findings."""
    names = list(SCORES)
    state.judge_by(st.selectbox(
        "Score", names, key=state.begin_picker(key, state.session().judged_score, names),
        help="; ".join(f"{name}: {said}" for name, said in SCORES.items()),
    ))  # fmt: skip


def show(figure: figures.go.Figure, key: str, alt: str) -> None:
    """A figure without tools around it; `alt` says what it shows."""
    st.plotly_chart(figure, key=key, config=STILL, alt=alt)


def picture(
    shown: figures.Picture | str,
    alt: str,
    caption: str | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> None:
    """A picture, or an SVG document, as wide as its place; `alt` says what it shows."""
    st.image(shown, caption=caption, width=width, alt=alt)


def row(*widths: int, align: Literal["top", "bottom"] = "top") -> list[DeltaGenerator]:
    """Places side by side, in pixels, that go below each other where the window is narrow.

    Args:
        align: "bottom" puts a button beside boxes with labels on the boxes' line.
    """
    line = st.container(horizontal=True, gap="medium", vertical_alignment=align)
    return [line.container(width=width) for width in widths]


def film_name(current: Current) -> str:
    """What the current study is called in alternative texts."""
    whose = "Your radiograph" if current.uploaded else "Radiograph"
    return whose if current.uploaded else f"{whose} {current.studies.study_id(current.row)}"


def film(
    current: Current, said: str = "", width: int | Literal["stretch"] = "stretch", **layers: Any
) -> None:
    """The current study's picture with optional `heat`, `opacity` and `truth`.

    Args:
        said: what it shows for those who hear it, where that is more than the film.
    """
    picture(figures.overlay(window_control.shown(current), **layers),
            said or f"{film_name(current)}.", width=width)  # fmt: skip


def fitted(current: Current, side: int) -> int:
    """Width in pixels of the current picture where neither width nor height is more than `side`."""
    rows, columns = shape(current)
    return round(side * min(1, columns / rows))


def region_film(
    current: Current,
    regions: "Regions | WeighedBoxes",
    text: str,
    key: str,
    side: int = 460,
    truth: Mapping[str, Mask] | None = None,
) -> None:
    """Boxes on the picture, which say their weight under the mouse.

    Args:
        text: what the regions are weighed for.
        truth: by name, outlined on the picture with the name.
    """
    whole, outlines = shape(current), dict(truth or {})
    said = alt.boxed(film_name(current), text, regions.boxes, whole, outlines)
    over = markup.boxes(
        whole, regions.boxes, regions.weights.tolist(), 1 - regions.nowhere,
        {name: _top(mask, whole) for name, mask in outlines.items()},
    )  # fmt: skip
    width = fitted(current, side)
    with st.container(key=key, width=width):
        # Asked to stretch, a picture that comes before its place has a width may stay a speck.
        film(current, said, width, truth=union(outlines.values()))
        st.html(f"<style>.st-key-{key} {{display: grid}} .st-key-{key} > * {{grid-area: 1 / 1}}"
                f"</style>{over}")  # fmt: skip


def union(masks: Iterable[Mask]) -> Mask | None:
    """All masks of one film as one; None where there is none."""
    stacked = list(masks)
    return np.any(stacked, axis=0) if stacked else None


def _top(mask: Mask, shape: tuple[int, ...]) -> tuple[float, float]:
    """Over the middle of the mask's highest row, (x, y) in pixels of a picture of `shape`."""
    row = int(mask.any(axis=1).argmax())
    column = float(np.flatnonzero(mask[row]).mean())
    return (column + 0.5) * shape[1] / mask.shape[1], row * shape[0] / mask.shape[0]


def shape(current: Current) -> tuple[int, int]:
    """Rows and columns of the current film, in whose pixels boxes are."""
    picture = window_control.picture(current)
    return picture.shape[0], picture.shape[1]


def shown_shape(current: Current) -> tuple[int, int]:
    """Rows and columns of its picture on the screen, over which maps are drawn."""
    picture = window_control.shown(current)
    return picture.shape[0], picture.shape[1]


def left_out(studies: StudySet) -> None:
    """Studies of the set that have no score, since their image cannot be read."""
    said = left_out_sentence(cache.unreadable(state.session().model, studies))
    if said:
        st.caption(f":material/warning: {said}")


def film_warnings(current: Current) -> None:
    """What is unusual about the image, and what to know of the model's scores on real ones."""
    notes = cache.notes(current.studies, current.row)
    if notes:
        st.warning(" ".join(notes))
    if not isinstance(current.studies, PhantomSet):
        fails = cache.where_it_fails(state.session().model)
        if fails:
            st.caption(f":material/info: {fails}")


def not_alike(current: Current, reference: StudySet) -> None:
    """A caution below ranks, where a film stands among drawings or a drawing among films."""
    if caution := study_scores.not_alike(isinstance(current.studies, PhantomSet), reference):
        st.caption(f":material/info: {caution}")


def study_notes(current: Current) -> None:
    """`film_warnings`, and the report with the labels for those who ask."""
    film_warnings(current)
    if current.uploaded:
        return
    study = current.studies.study(current.row)
    with st.expander("Report and truth of this study"):
        st.write(study.text or "This study has no report.")
        if study.text_derived:
            st.caption("This text was made from the labels; nobody wrote it.")
        present = [name for name, value in study.labels.items() if value == 1]
        st.caption("Labelled: " + (", ".join(present) or "nothing"))


def open_button(studies: StudySet, row: int, key: str) -> None:
    """A study's id as a button that makes it the current study."""
    study_id = studies.study_id(row)
    if st.button(study_id, key=key, width="stretch", help="Make this the current study"):
        state.choose_row(row)
        st.rerun()
