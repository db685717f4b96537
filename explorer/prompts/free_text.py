"""The score of one free text: in words first, then beside those of the set, then in numbers."""

import numpy as np
import streamlit as st

from core.evaluation.study_scores import TEXT, text_prompts
from core.evaluation.text_truth import text_truth
from core.evaluation.verdict import AGAINST, FOR, HIGH, LOW, Verdict, verdict
from explorer.prompts import cache as score_cache
from explorer.regions import cache as region_cache
from explorer.shared import cache, components, following, markup, state, words
from explorer.shared.state import Current

_ICONS = {FOR: ":material/add_circle:", AGAINST: ":material/do_not_disturb_on:",
          HIGH: ":material/arrow_upward:", LOW: ":material/arrow_downward:"}  # fmt: skip
_UNCLEAR = ":material/help:"


def score_card(current: Current, text: str) -> None:
    """What the score of the current study for a text says, and where it lies among the set's.

    Of words that the model does not know there is no score, unless it is asked for.
    """
    if not (region_cache.is_kept(current, text) or words.note(text)):
        return
    reference = cache.studies(state.session().study_set)
    scored = score_cache.text_score(
        state.session().model, current.studies, current.row, text, reference
    )
    if isinstance(scored, following.Job):
        own = score_cache.own_score(state.session().model, current.studies, current.row, text)
        st.markdown(f"The score of this film is **{own['lrclr']:z.3f}**.")
        following.wait(scored)
        _in_numbers(own, text)
        return
    others, score = scored.others, scored.own["lrclr"]
    truth = text_truth(reference, text)
    said = verdict(others, score, truth, current.row_in_set)
    # With an anchor of ours: spelling one out of each new text is a tenth of the browser's work.
    st.subheader(f"{_ICONS.get(said.call, _UNCLEAR)} {said.title}", anchor="verdict")
    st.write(said.sentence)
    groups = truth if said.with_it and said.without else None
    st.html(markup.distribution(others, score, groups, _heard(said, text)))
    st.caption(
        f"Among the {said.others} other films of `{reference.spec}`. A score has no unit and is "
        "not a probability."
    )
    components.not_alike(current, reference)
    if np.isnan(others).any():
        components.left_out(reference)
    _in_numbers(scored.own, text)


def _in_numbers(own: dict[str, float], text: str) -> None:
    with st.expander("The score in numbers"):
        _numbers(own, text_prompts(text)[TEXT].negative[0])


def _heard(said: Verdict, text: str) -> str:
    """The figure for those who hear it."""
    return (
        f"Histogram of the scores of {said.others} other films for “{text}”; this film's is higher "
        f"than {said.lower} of them."
    )


def _numbers(own: dict[str, float], negation: str) -> None:
    rows = [
        ("LRCLR mix", "lrclr", "whole film and regions, weighed; this is what is ranked"),
        ("Whole film", "global", f"cosine with the text less that with “{negation}”"),
        ("Regions", "local", "the same from the regions by their weights"),
        ("Text alone", "positive", "cosine of the whole film with the text"),
        ("Pair", "pair", "CheXzero's softmax of text and negation; sits near 0.5"),
    ]
    lines = [f"| {name} | {own[key]:z.3f} | {about} |" for name, key, about in rows]
    st.markdown("\n".join(["| score | value | what it is |", "|---|---|---|", *lines]))
