"""The films that somebody selected: their name, their file for commands, their group of films."""

import re
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.studies import StudySet
from core.studies.selection import selection_json
from explorer.errors import film_view
from explorer.errors.choice import FilmGroup
from explorer.shared import components, state


def draw(studies: StudySet) -> dict[str, FilmGroup]:
    """What can be done with the selection; nothing where there is none of this set."""
    rows, chosen = state.selected_rows(studies), state.session().selection
    if not rows or chosen is None:
        return {}
    count = "1 film" if len(rows) == 1 else f"{len(rows)} films"
    st.markdown(f"**{count} selected**; *Films of* below shows them, the worst errors first.")
    name, get, clear = components.row(260, 220, 160)
    with name:
        state.begin_widget(film_view.SELECTION_NAME, chosen.name)
        told = st.text_input(
            "Name of the selection", key=film_view.SELECTION_NAME, max_chars=60
        ).strip()
        if told and told != chosen.name:
            state.name_selection(told)
    file = file_name(told or chosen.name)
    with get:
        st.space("small")
        st.download_button(
            "Download", lambda: _file(told or chosen.name, studies, rows), file,
            "application/json", icon=":material/download:", on_click="ignore",
            key="errors_selection_get", width="stretch",
            help=f"The studies' names, for any command: --only {file}",
        )  # fmt: skip
    with clear:
        st.space("small")
        st.button("Clear", key="errors_selection_clear", on_click=state.drop_selection,
                  width="stretch")  # fmt: skip
    inside = np.zeros(len(studies), bool)
    inside[list(rows)] = True
    return {film_view.SELECTION: FilmGroup(f"{told or chosen.name}, {count}", inside)}


def _file(name: str, studies: StudySet, rows: Sequence[int]) -> str:
    """What is downloaded; made when somebody asks, since of a large set it takes its time."""
    ids = studies.ids
    return selection_json(name, [ids[row] for row in rows])


def file_name(name: str) -> str:
    """What a selection's file is called.

    >>> file_name("Edema / missed?")
    'Edema-missed.json'
    """
    return (re.sub(r"\W+", "-", name).strip("-") or "selection") + ".json"
