"""The map, the films selected on it, and films on cards: drawn without the rest of the page."""

from collections.abc import Mapping

import streamlit as st

from core.studies import StudySet
from explorer.errors import film_view, map_view, selection_view
from explorer.errors.choice import FilmGroup, FindingChoice
from explorer.shared import guard


@st.fragment  # a lasso around thousands of points sends each of them; the page need not follow
def draw(choice: FindingChoice, studies: StudySet, groups: Mapping[str, FilmGroup]) -> None:
    """What a lasso changes, under its headings.

    Args:
        groups: of films, by their source, that the page knows besides the selection.
    """
    with guard.sentences():
        st.header("Map: which films look alike?")
        map_view.draw(choice, studies)
        selected = selection_view.draw(studies)
        st.header("Films")
        film_view.draw(choice, studies, {**groups, **selected})
