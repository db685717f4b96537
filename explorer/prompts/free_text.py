"""The score of one free text, put beside those of the set."""

import streamlit as st

from core.evaluation.study_scores import rank_in_set, text_prompts
from explorer.prompts import cache as score_cache
from explorer.shared import cache, components, figures, state
from explorer.shared.state import Current


def score_card(current: Current, text: str) -> None:
    """Scores of the current study for a text, and where they lie among those of the set."""
    prompts, spec = text_prompts(text), state.session().model
    found = score_cache.study_scores(spec, current.studies, current.row, prompts)
    reference = cache.studies(state.session().study_set)
    others = score_cache.scores(spec, reference, prompts)
    value = float(found["lrclr"][0])
    place = rank_in_set(others["lrclr"][:, 0], value, current.row_in_set)
    st.metric(
        "Other studies that score lower", f"{place:.0f} %", help="Of the study set, for this text. "
        "The score itself has no unit and is not a probability.",
    )  # fmt: skip
    components.left_out(reference)
    components.show(figures.distribution(others["lrclr"][:, 0], value, None, 170), "score_place")
    unknown = score_cache.unknown_words(spec, text)
    if unknown > 0.5:
        st.warning("The text tower knows few of these words; the score means little.")
    rows = [
        ("LRCLR mix", found["lrclr"], "global and local, text less its negation"),
        ("Text alone", found["positive"], "cosine with the text, without its negation"),
        ("Pair", found["pair"], "CheXzero's softmax; sits near 0.5"),
    ]
    for label, number, about in rows:
        st.markdown(f"**{label}** {float(number[0]):.3f}  \n:gray[{about}]")
