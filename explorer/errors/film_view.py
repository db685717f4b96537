"""Films of a slice, a cluster or a selection on cards, the worst errors first, with their notes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.gallery import KINDS, Card, FindingScores, gallery
from core.studies import StudySet
from explorer import navigation
from explorer.case import controls
from explorer.errors import cache as errors_cache
from explorer.errors.choice import FilmGroup, FindingChoice
from explorer.regions import gallery as cards
from explorer.shared import guard, link, notes_view, state
from explorer.shared.plain import plain

PAGE = 10
SLICE, CLUSTER, SELECTION, ALL = "the slice", "the cluster", "the selection", "all films"
"""Where groups of films come from."""
SELECTION_NAME = "errors_selection_name"
"""Key of the box that names the selection."""
_SOURCE = "errors_films_of"


def show(source: str) -> None:
    """Have the films of a source shown; in a callback."""
    state.put_widget(_SOURCE, source)


def table(
    groups: pd.DataFrame, key: str, box: str, held: Sequence[Any], source: str, **looks: Any
) -> None:  # fmt: skip
    """Groups of films, one a row; a click chooses the row in the box below, and shows its films.

    Args:
        key: of the table; box: key of the box; held: what it holds for each row; source: of
            these groups.
        looks: further options of `st.dataframe`.
    """

    def take() -> None:
        rows = state.widget(key)["selection"]["rows"]
        if rows:
            state.put_widget(box, held[rows[0]])
            show(source)

    st.dataframe(
        groups, key=key, hide_index=True, on_select=take, selection_mode="single-row", **looks
    )


@st.fragment  # who looks at other films draws this part alone
def draw(choice: FindingChoice, studies: StudySet, groups: Mapping[str, FilmGroup]) -> None:
    """Ten films of a group at a time; of the set as a whole, too, and while slices are awaited.

    Args:
        groups: by their source.
    """
    with guard.sentences():
        _films(choice, studies, groups)


def _films(choice: FindingChoice, studies: StudySet, groups: Mapping[str, FilmGroup]) -> None:
    groups = {**groups, ALL: FilmGroup("All films", np.ones(len(studies), bool))}
    names = list(groups)
    of = state.lasting(_SOURCE, names[0], names)
    group = groups[st.segmented_control("Films of", names, key=of) or names[0]]
    kind = st.segmented_control(
        "Show", list(KINDS), key=state.lasting("errors_kind", "wrong", KINDS),
        format_func=str.capitalize,
        help="; ".join(f"{name}: {said}" for name, said in KINDS.items()),
    ) or "wrong"  # fmt: skip
    told = gallery(scores_of(choice, studies, group), choice.threshold.value, kind)
    st.markdown(
        f"**{plain(group.name)}**: {told.sentence} The threshold is "
        f"{choice.threshold.value:.3f}; the worst errors come first."
    )
    if not told.cards:
        st.info("None of these films is of this kind; choose another under *Show*.")
        link.write()
        return
    _one_by_one(choice, studies, told.cards, f"{group.name}, {kind}")
    # Of findings that the session's default prompts lack, too.
    texts = errors_cache.asked_prompts(studies, state.session().prompts)[choice.finding].positive
    shown = cards.one_page(told.cards, PAGE, "errors_page")
    link.write()
    cards.draw_cards(studies, shown, texts, lambda card: _below(studies, card, choice.finding))


def _one_by_one(
    choice: FindingChoice, studies: StudySet, films: Sequence[Card], name: str
) -> None:  # fmt: skip
    """A button that selects all these films and opens the first as a case."""
    rows = [card.row for card in films]

    def take() -> None:
        state.select_films(studies.spec, rows, name)
        state.put_widget(SELECTION_NAME, name)
        state.step_selected(True)
        controls.choose(min(rows), choice.finding)

    count = "this film" if len(rows) == 1 else f"these {len(rows)} films one by one"
    if st.button(
        f":material/open_in_full: Go through {count}", key="errors_one_by_one", on_click=take,
        help="Selects them, and opens the page Case: its arrow keys then open these films alone.",
    ):  # fmt: skip
        navigation.go(controls.PAGE)


def _below(studies: StudySet, card: Card, finding: str) -> None:
    controls.open_case(studies, card.row, finding, f"case_{card.row}")
    notes_view.on_card(studies, card.row, finding)


def scores_of(choice: FindingChoice, studies: StudySet, group: FilmGroup) -> FindingScores:
    """Scores and labels of the group's films, by rows of the set; NaN elsewhere."""
    truth, score = choice.by_row(len(studies))
    return FindingScores(choice.finding, score, np.where(group.inside, truth, np.nan))
