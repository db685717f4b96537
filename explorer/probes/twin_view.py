"""From slice to cause: phantoms drawn twice, who differ in one thing alone, beside the slices."""

import pandas as pd
import streamlit as st

from core.analysis.twin_scores import drawn_set
from core.analysis.twins import TwinDifference, TwinReport
from core.errors import ExplorerError
from core.metrics.bootstrap import Interval
from core.phantom.twins import CHANGES
from core.studies import StudySet
from core.studies.phantom_set import PhantomSet
from explorer.errors import terminal_line
from explorer.errors.choice import FindingChoice
from explorer.probes import cache as probes_cache
from explorer.shared import components, guard, state

TWINS = 200
_FILM = 0.09  # CPU seconds to draw a film and encode it
_COLUMNS = {"Support Devices": "device", "exposure": "exposure", "view": "view", "sex": "sex",
            "age": "age"}  # fmt: skip
"""What a column of phantoms is called where twins differ in it."""
_FIGURES = {
    "auc": "AUC", "with": "Mean score of films with it", "without": "Mean score of films without it"
}  # fmt: skip
_VERDICTS = {
    "causal": "the slices differ, and this alone makes such a difference",
    "causal in part": "this alone makes some of the slices' difference, and not all",
    "confounded": "the slices differ, and not by this: by what comes with it",
    "undecided": "the slices differ; whether by this needs more films or twins",
    "no difference": "nothing to explain: the slices do not differ for sure",
    "an effect, no slice": "this alone moves it; the set has too few such films to compare",
    "no effect shown": "this alone does not move it for sure; the set has too few such films",
    "too few films": "too few films to say anything",
}


def draw(choice: FindingChoice, studies: StudySet, sliced: str) -> None:
    """On demand: does what names a slice make its difference?

    Args:
        sliced: the slice that is shown, such as `sex M`; its column is proposed.
    """
    st.markdown(
        "Films of a slice differ in more than its name: who has a device is sicker. **Twins** are "
        "phantoms drawn twice that differ in one thing alone. What the slices show and the twins "
        "do not is **confounded**."
    )
    try:
        phantoms = drawn_set(studies)
    except ExplorerError as error:
        st.info(str(error))
        return
    proposed = _proposed(sliced)
    one, two, three = components.row(320, 130, 150, align="bottom")
    with one:
        change = st.selectbox(
            "They differ in", list(CHANGES),
            key=state.lasting(f"errors_twins_{proposed}", proposed),
            format_func=lambda name: CHANGES[name].about,
        )  # fmt: skip
    with two:
        count = int(st.number_input(
            "Twins", 20, 1000, step=20, key=state.lasting("errors_twins_count", TWINS)
        ))  # fmt: skip
    asked = f"{choice.cases.key} {choice.finding} {change} {count}"
    with three:
        if st.button(f"Draw {count} twins", key="errors_twins", width="stretch",
                     help=f"Takes about {2 * count * _FILM:.0f} s the first time."):  # fmt: skip
            state.ask_twins(asked)
    if state.session().twins_asked == asked:
        with guard.sentences():
            _told(choice, phantoms, change, count)


def _proposed(sliced: str) -> str:
    """The change that a slice is of; the first one where twins cannot differ in it."""
    return next(
        (change for column, change in _COLUMNS.items() if sliced.startswith(f"{column} ")),
        next(iter(CHANGES)),
    )


def _told(choice: FindingChoice, studies: PhantomSet, change: str, count: int) -> None:
    told = probes_cache.twins(choice, studies, change, count)
    low, high = told.report.sides
    st.markdown("\n".join(sentence(one, choice.finding) for one in told.report.comparisons))
    st.dataframe(frame(told.report), hide_index=True)
    st.caption(
        f"*{high}* less *{low}*, of {told.report.change}: {told.report.counts[1]} and "
        f"{told.report.counts[0]} films of the set, {told.report.n} twins. 95 % intervals over "
        "patients; a difference counts with p, corrected for all figures of its column, below 0.05."
    )
    _example(told, choice.finding)
    terminal_line.show("twins", "--change", change, "--finding", choice.finding, "--n", str(count))


def sentence(one: TwinDifference, finding: str) -> str:
    """The verdict on one figure, in words."""
    name = _FIGURES[one.figure].replace(" it", f" {finding}")
    return f"- {name}: **{one.verdict}**. {_VERDICTS[one.verdict].capitalize()}."


def frame(report: TwinReport) -> pd.DataFrame:
    """A line for each figure."""
    return pd.DataFrame([
        {"Figure": _FIGURES[one.figure], "Slices of the set": _figure(one.in_set),
         "Twins: this alone": _figure(one.twins), "Unexplained": _figure(one.unexplained),
         "Verdict": one.verdict}
        for one in report.comparisons
    ])  # fmt: skip


def _figure(figure: Interval) -> str:
    value, low, high = figure
    return "" if pd.isna(value) else f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def _example(told: probes_cache.ToldTwins, finding: str) -> None:
    """The first of the twins, both ways."""
    has = "with" if told.has_finding else "without"
    for where, side, pixels, score in zip(
        components.row(225, 225), told.report.sides, told.pictures, told.scores, strict=True
    ):
        with where:
            said = f"{side}: score {score:z.2f}"
            components.picture(pixels, f"A phantom {has} {finding}, {said}.", said)
    st.caption(f"One of the twins, {has} {finding}; they differ in {told.report.change} alone.")
