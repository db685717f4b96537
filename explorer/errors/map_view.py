"""The map of the set: films that look alike beside each other, to choose some of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.analysis.columns import Values
from core.studies import StudySet
from explorer.errors import cache as errors_cache
from explorer.errors import film_view, map_points
from explorer.errors.choice import FindingChoice
from explorer.shared import guard, scripts, state

_SCORE = "score"
_KEY = "errors_map_points"
_BROWSER = Path(__file__).parent / "browser"


def browser_files() -> tuple[str, str]:
    """The map's script and its style."""
    script = scripts.joined(_BROWSER, ("map.js",), ("elements.js", "view.js"))
    return script, (_BROWSER / "map.css").read_text(encoding="utf-8")


_JS, _CSS = browser_files()
_points = st.components.v2.component("film_map", html='<div class="map"></div>', css=_CSS, js=_JS)


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
    colouring = map_points.by_score(score) if by == _SCORE else map_points.by_value(columns[by])
    of = choice.cases.key

    def take() -> None:
        sent: Any = (state.widget(_KEY) or {}).get("chosen")
        if isinstance(sent, dict) and sent.get("of") == of:  # not of a map that was replaced since
            _select(studies, map_points.unpacked_rows(sent.get("films"), len(studies)))

    there = int(np.isfinite(points[:, 0]).sum())
    chosen = np.array(state.selected_rows(studies), np.int64)
    _points(
        key=_KEY, on_chosen_change=take,
        data={
            "of": of, "points": json.dumps(map_points.content(points, colouring, score)),
            "selected": map_points.packed_rows(chosen, len(studies)),
            "alt": f"Map of {there} films, coloured by {by}, {len(chosen)} of them selected; films "
            "can also be selected below, by what they are coloured by.",
        },
    )  # fmt: skip
    st.caption("Draw around films to select them; with Shift, besides those that are selected.")
    if by != _SCORE:
        _by_value(studies, columns[by])


def _columns(choice: FindingChoice, studies: StudySet) -> Mapping[str, Values]:
    """What films can be coloured by: the error, the label, columns, the lesion."""
    told = errors_cache.describing(choice.cases, choice.finding, studies)
    n = len(studies)
    own = {f"errors of {choice.finding}": map_points.outcomes(choice, n),
           f"label of {choice.finding}": map_points.labels(choice, n)}  # fmt: skip
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


def _select(studies: StudySet, rows: list[int]) -> None:
    if rows:
        state.select_films(studies.spec, rows)
        film_view.show(film_view.SELECTION)
