"""Films of a slice on cards, the worst errors first, each with its notes."""

import numpy as np
import streamlit as st

from core.analysis.slices import Slice, members
from core.evaluation.gallery import KINDS, Card, FindingScores, gallery
from core.studies import StudySet
from explorer.case import controls
from explorer.errors import cache as errors_cache
from explorer.errors.choice import FindingChoice
from explorer.regions import gallery as cards
from explorer.shared import notes_view, state

PAGE = 10


def draw(choice: FindingChoice, studies: StudySet, sliced: Slice) -> None:
    """Ten films of the slice at a time."""
    kind = st.segmented_control(
        "Show", list(KINDS), default="wrong", key="errors_kind", format_func=str.capitalize,
        help="; ".join(f"{name}: {said}" for name, said in KINDS.items()),
    ) or "wrong"  # fmt: skip
    told = gallery(scores_of(choice, studies, sliced), choice.threshold.value, kind)
    st.markdown(
        f"**{sliced.name}**: {told.sentence} The threshold is {choice.threshold.value:.3f}; the "
        "worst errors come first."
    )
    if not told.cards:
        st.info("No film of this slice is of this kind; choose another under *Show*.")
        return
    texts = state.session().prompts[choice.finding].positive
    cards.draw_cards(
        studies, cards.one_page(told.cards, PAGE, "errors_page"), texts,
        lambda card: _below(studies, card, choice.finding),
    )  # fmt: skip


def _below(studies: StudySet, card: Card, finding: str) -> None:
    controls.open_case(studies, card.row, finding, f"case_{card.row}")
    notes_view.on_card(studies, card.row, finding)


def scores_of(choice: FindingChoice, studies: StudySet, sliced: Slice) -> FindingScores:
    """Scores and labels of the slice's films, by rows of the set; NaN elsewhere."""
    scored = choice.cases.scored
    columns, lesions = errors_cache.columns(choice.cases, studies, choice.finding)
    truth, score = np.full(len(studies), np.nan), np.full(len(studies), np.nan)
    column = scored.column(choice.finding)
    truth[scored.rows], score[scored.rows] = scored.truth[:, column], scored.scores[:, column]
    inside = members(sliced, {**columns, **lesions})
    if any(name in lesions for name, _ in sliced.values):
        inside &= truth == 1  # as the slice was counted
    return FindingScores(choice.finding, score, np.where(inside, truth, np.nan))
