"""Findings that are wrong on the same films, and which is called where another is missed."""

from collections.abc import Sequence

import streamlit as st

from core.analysis.together import ErrorPair
from explorer.errors import cache as errors_cache
from explorer.errors import plots
from explorer.errors.choice import FindingChoice
from explorer.shared import components, following, state

_SURE = 0.05
_LISTED = 5
_FIRST = "Missed, another called"
_KINDS = {
    _FIRST: "{first} missed, {second} called on {count} of {n} films: "
    "{inside:.0%} of them, {outside:.0%} of the others",
    "Wrong together": "{first} and {second} both wrong on {count} films: {second} is wrong on "
    "{inside:.0%} where {first} is, on {outside:.0%} of the others",
}


def draw(choice: FindingChoice) -> None:
    """A heat map of pairs, and those that are more than chance in words."""
    shared = [name for name in choice.cases.scored.findings
              if name in choice.fitted.scored.findings]  # fmt: skip
    if len(shared) < 2:
        st.info("Two findings with labels are needed; this set has one.")
        return
    told = following.ask(
        "Pairs of findings", (choice.key, choice.threshold.value, *shared),
        len(choice.cases.scored), lambda: errors_cache.together(choice, shared),
    )  # fmt: skip
    if isinstance(told, following.Job):
        following.wait(told)
        return
    together, mistaken = told
    kind = st.segmented_control(
        "Pairs of findings", list(_KINDS), key=state.lasting("errors_pairs", _FIRST),
        help="Of films without the second finding: is it called where the first is missed?",
    ) or _FIRST  # fmt: skip
    pairs = together if kind == "Wrong together" else mistaken
    grid, words = components.row(600, 420)
    said = [sentence(kind, pair) for pair in pairs]
    with grid:
        components.show(
            plots.pair_grid(shared, pairs, said, both_ways=kind == "Wrong together"),
            "errors_grid", f"{kind}: {len(pairs)} pairs of findings, films counted and coloured by "
            "how much commoner the second is among the first. Those above chance are in words "
            "beside it.",
        )  # fmt: skip
    with words:
        _sure(kind, pairs, said)


def sentence(kind: str, pair: ErrorPair) -> str:
    """A pair in words."""
    return _KINDS[kind].format(
        first=pair.first, second=pair.second, count=pair.count, n=pair.n,
        inside=pair.share.inside.value, outside=pair.share.outside.value,
    ) + f"; p {pair.p_corrected:.2g}"  # fmt: skip


def _sure(kind: str, pairs: Sequence[ErrorPair], said: Sequence[str]) -> None:
    more = [text for pair, text in zip(pairs, said, strict=True)
            if pair.p_corrected < _SURE and pair.share.difference.value > 0]  # fmt: skip
    st.markdown(f"**{kind}, more than by chance**")
    st.markdown("\n".join(f"- {text}" for text in more[:_LISTED]) or "None of the pairs.")
    rest = f" {len(more) - _LISTED} more are in the heat map." if len(more) > _LISTED else ""
    st.caption(
        f"p is corrected for the {len(pairs)} pairs that were tried (Benjamini and Hochberg)."
        f"{rest} Each finding is called at its own threshold, by the rule above. A number in the "
        f"heat map is films; it has a colour from {plots.FEW} films of the first finding on."
    )
