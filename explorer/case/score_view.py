"""Labels beside scores, their ranks and what a threshold calls them."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from core.analysis.one_film import CalledFinding, called_findings
from core.analysis.threshold import Threshold, parse_rule
from core.errors import ExplorerError
from core.evaluation.study_scores import study_scores
from core.inference.score_names import SCORES
from core.studies import StudySet
from explorer.errors import cache as errors_cache
from explorer.prompts import cache as score_cache
from explorer.shared import cache, components, state
from explorer.shared.state import Current

_SMALL = 200  # films that are encoded without asking
_GO_ON = "case_encode"
_LABEL = {True: "present", False: "absent", None: "unknown"}
_CALL = {True: "positive", False: "negative", None: ""}
_WRONG = {True: "wrong", False: "right", None: ""}


def set_is_ready(studies: StudySet) -> bool:
    """Whether what hangs on the whole set is shown: it is encoded, small, or was asked for."""
    ready = len(studies) <= _SMALL or cache.predictor(state.session().model).has_encoded(studies)
    return ready or bool(
        st.toggle(
            f"Encode the {len(studies)} films of the set, for ranks, thresholds and neighbours",
            key=_GO_ON,
        )
    )


def labels_and_scores(current: Current, ready: bool) -> None:
    """A line for each finding, the highest rank first."""
    here = state.session()
    studies = cache.studies(here.study_set)
    own = score_cache.study_scores(here.model, current.studies, current.row, here.prompts)
    labels = current.studies.study(current.row).labels
    limits: Mapping[str, Threshold] = {}
    said = ""
    others, row = np.zeros((0, len(here.prompts)), np.float32), None
    if ready:
        row, of_set = current.row_in_set, score_cache.scores(here.model, studies, here.prompts)
        others = of_set[here.judged_score]
        if row is not None:  # kept in half precision: the very score that a threshold was fitted on
            own = {name: values[row] for name, values in of_set.items()}
        limits, said = _thresholds(studies)
    lines = study_scores(here.prompts, own, others, row, labels, here.judged_score)
    called = called_findings(lines, limits, here.judged_score)
    st.dataframe(
        frame(called), hide_index=True, width="stretch", height=36 * min(len(called), 14) + 40,
        column_config={
            "Rank in set": st.column_config.ProgressColumn(
                format="%.0f %%", min_value=0.0, max_value=100.0,
                help="Share of the set's other films that score lower.",
            ),
            "Score": st.column_config.NumberColumn(format="%.3f"),
            "Threshold": st.column_config.NumberColumn(format="%.3f"),
        },
    )  # fmt: skip
    st.caption(
        f"The score is *{here.judged_score}*: {SCORES[here.judged_score]}. No score is a "
        f"probability; compare with the threshold of its finding. {said}"
    )
    if ready:
        components.not_alike(current, studies)


def frame(called: list[CalledFinding]) -> pd.DataFrame:
    """The table, without columns of what nothing is known."""
    rows = [
        {"Finding": one.finding, "Label": _LABEL[one.labelled], "Called": _CALL[one.called],
         "Call is": _WRONG[one.wrong], "Score": one.score, "Threshold": one.threshold,
         "Rank in set": one.rank}
        for one in called
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    if all(math.isnan(one.rank) for one in called):
        table = table.drop(columns="Rank in set")
    if not any(one.called is not None for one in called):
        table = table.drop(columns=["Threshold", "Called", "Call is"])
    return table


def _thresholds(studies: StudySet) -> tuple[Mapping[str, Threshold], str]:
    """Of the page Errors, by its rule and set; and where they come from, in a sentence."""
    here = state.session()
    try:
        cases = errors_cache.cases(here.model, studies, here.prompts, here.judged_score)
        fitted = cases
        if here.threshold_set and here.threshold_set != here.study_set:
            other = cache.studies(here.threshold_set)
            if cache.predictor(here.model).has_encoded(other):
                fitted = errors_cache.cases(here.model, other, here.prompts, here.judged_score)
        limits = errors_cache.thresholds(parse_rule(here.threshold_rule), cases, fitted)
    except ExplorerError as error:
        return {}, f"No finding is called: {error}"
    origin = next(iter(limits.values())).origin(cases.scored.identity)
    return limits, f"Thresholds: {origin}; the page Errors sets rule and films."
