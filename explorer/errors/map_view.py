"""The map of the set: films that look alike beside each other, to choose some of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.analysis.columns import Values
from core.studies import StudySet
from explorer.errors import cache as errors_cache
from explorer.errors import film_view, map_plot
from explorer.errors.choice import FindingChoice
from explorer.shared import guard, state

_SCORE = "score"
_CONFIG = {
    "displayModeBar": True, "displaylogo": False, "scrollZoom": False,
    "modeBarButtonsToRemove": ["toImage", "zoomIn2d", "zoomOut2d", "autoScale2d"],
}  # fmt: skip


def draw(choice: FindingChoice, studies: StudySet) -> None:
    """On demand, the map; films are chosen by lasso or box, or by what they are coloured by."""
    with guard.sentences():
        seconds = errors_cache.map_seconds(studies)
        wait = f" Takes about {seconds:.0f} s, once for this model and set." if seconds else ""
        if not st.toggle(
            "Draw the map", key=state.lasting("errors_map", False),
            help="Each film is a point; those that look alike to the model lie together (UMAP of "
            f"their embeddings). Distances between groups mean nothing.{wait}",
        ):  # fmt: skip
            return
        if seconds:
            st.caption(wait)
        _map(choice, studies)


def _map(choice: FindingChoice, studies: StudySet) -> None:
    points = errors_cache.map_points(studies)
    columns = _columns(choice, studies)
    names = [*columns, _SCORE]
    by = st.selectbox(
        "Coloured by", names, key=state.lasting("errors_map_by", names[0], names), width=260
    )
    score = choice.by_row(len(studies))[1]
    figure = (map_plot.by_score(points, score) if by == _SCORE
              else map_plot.by_value(points, columns[by], score))  # fmt: skip
    key = f"errors_map_{choice.cases.key}_{choice.finding}_{by}"

    def take() -> None:
        _select(studies, chosen_rows(state.widget(key)))

    st.plotly_chart(
        figure, key=key, on_select=take, selection_mode=("lasso", "box"), config=_CONFIG,
        alt=f"Map of {int(np.isfinite(points[:, 0]).sum())} films, coloured by {by}; films can "
        "also be selected below, by what they are coloured by.",
    )  # fmt: skip
    st.caption("Draw around films to select them; the box tool is above the map.")
    if by != _SCORE:
        _by_value(studies, columns[by])


def _columns(choice: FindingChoice, studies: StudySet) -> Mapping[str, Values]:
    """What films can be coloured by: the error, the label, columns, the lesion."""
    told = errors_cache.describing(choice.cases, choice.finding, studies)
    n = len(studies)
    own = {f"errors of {choice.finding}": map_plot.outcomes(choice, n),
           f"label of {choice.finding}": map_plot.labels(choice, n)}  # fmt: skip
    return {**own, **told}


def _by_value(studies: StudySet, values: Values) -> None:
    """Without a mouse: all films of some values."""
    words = sorted(set(values) - {""})
    box, button = st.columns([4, 1], vertical_alignment="bottom")
    chosen = box.multiselect(
        "Or all films that are", words, key=state.lasting("errors_map_values", [], words)
    )
    button.button(
        "Select", key="errors_map_select", disabled=not chosen, width="stretch",
        on_click=lambda: _select(studies, np.flatnonzero(np.isin(values, chosen)).tolist()),
    )  # fmt: skip


def chosen_rows(event: Any) -> list[int]:
    """Rows of the points that a lasso or a box holds; their numbers count from 1."""
    return [int(point["customdata"]) - 1 for point in event["selection"]["points"]]


def _select(studies: StudySet, rows: list[int]) -> None:
    if rows:  # a click beside the points keeps what was selected
        state.select_films(studies.spec, rows)
        film_view.show(film_view.SELECTION)
