"""Pieces that several pages show. A component owns its state key and returns a typed value."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import ExplorerError
from core.evaluation.report import left_out_sentence
from core.inference.prompts import check_prompt
from core.inference.regions import Regions
from core.studies import StudySet
from core.studies.phantom_set import PhantomSet
from explorer.shared import cache, figures, link, state, window_control
from explorer.shared.state import Current

STILL = {"displayModeBar": False, "scrollZoom": False}


def prompt_box(label: str = "Prompt") -> str:
    """A free-text prompt, shared by all pages; a bad one is refused and the last good one stays."""
    typed = st.text_input(
        label, value=state.session().prompt, max_chars=300,
        placeholder="for example: small right pneumothorax",
    )  # fmt: skip
    if typed != state.session().prompt:
        try:
            state.set_prompt(check_prompt(typed))
            link.write()
        except ExplorerError as error:
            st.error(str(error), icon=":material/error:")
    return state.session().prompt


def prompt_or_sentence(current: Current) -> str:
    """The free prompt, or a sentence of the study's own report."""
    sentences = current.studies.reports[current.row]
    if not sentences:
        return prompt_box()
    source = st.segmented_control(
        "Text", ["Prompt", "Sentence of the report"], default="Prompt", key="text_source"
    )
    if source == "Sentence of the report":
        return str(st.selectbox("Sentence", sentences, key="sentence"))
    return prompt_box()


def show(figure: figures.go.Figure, key: str) -> None:
    """A figure without tools around it."""
    st.plotly_chart(figure, key=key, config=STILL)


def row(*widths: int) -> list[DeltaGenerator]:
    """Places side by side, in pixels, that go below each other where the window is narrow."""
    line = st.container(horizontal=True, gap="medium")
    return [line.container(width=width) for width in widths]


def film(current: Current, **layers: Any) -> None:
    """The current study's picture with optional `heat`, `opacity` and `truth`."""
    picture = window_control.picture(current)
    st.image(figures.overlay(picture, **layers), width="stretch")


def region_film(
    current: Current, regions: Regions, key: str, height: int = 460, chosen: int | None = None
) -> int | None:
    """Boxes on the picture; returns the number of the box that was clicked, if any."""
    picture = window_control.picture(current)
    figure = figures.film(
        figures.overlay(picture), regions.boxes, regions.weights.tolist(), chosen, height,
        "Radiograph with the selected regions",
    )  # fmt: skip
    event = st.plotly_chart(
        figure, key=key, config=STILL, on_select="rerun", selection_mode="points"
    )
    points = event["selection"]["points"]
    return int(points[0]["customdata"]) if points else None


def shape(current: Current) -> tuple[int, int]:
    """Rows and columns of the picture on the screen."""
    picture = window_control.picture(current)
    return picture.shape[0], picture.shape[1]


def left_out(studies: StudySet) -> None:
    """Studies of the set that have no score, since their image cannot be read."""
    said = left_out_sentence(cache.unreadable(state.session().model, studies))
    if said:
        st.caption(f":material/warning: {said}")


def study_notes(current: Current) -> None:
    """What is unusual about the image, and the report with the labels for those who ask."""
    notes = cache.notes(current.studies, current.row)
    if notes:
        st.warning(" ".join(notes))
    if not isinstance(current.studies, PhantomSet) and cache.drawings_alone(
        state.session().model
    ):
        st.caption(
            ":material/info: This model learned from drawn phantoms alone: on a real film its "
            "score means nothing medical. What carries over is how the method works and fails."
        )
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
    if st.button(studies.ids[row], key=key, width="stretch", help="Make this the current study"):
        state.choose_row(row)
        st.rerun()
