"""Scores of one study for every finding, with their place among the studies of the set."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from core.analysis.probability import Probability
from core.evaluation.study_scores import study_scores
from core.inference.prompts import PromptSet
from explorer.prompts import cache as score_cache
from explorer.shared import cache, components, state
from explorer.shared.state import Current

if TYPE_CHECKING:
    from core.inference.zero_shot import Scores

_SCORES = {"lrclr": "LRCLR", "positive": "Positive only", "pair": "Pair"}


def draw(current: Current, prompts: PromptSet) -> None:
    """Draw the table, the highest rank first."""
    here = state.session()
    of_set = score_cache.scores(here.model, cache.studies(here.study_set), prompts)
    own = _own(current, prompts, of_set)
    others = of_set["lrclr"]
    labels = current.studies.study(current.row).labels
    lines = study_scores(prompts, own, others, current.row_in_set, labels)
    truth = {True: "present", False: "absent", None: "unknown"}
    kept = score_cache.probabilities(here.model, current.studies, prompts, own["lrclr"])
    frame = pd.DataFrame(
        [
            {"Finding": line.finding, "Rank in set": line.rank, "Truth": truth[line.labelled],
             **_probability(kept, line.finding),
             **{title: line.scores[score] for score, title in _SCORES.items()}}
            for line in lines
        ]
    )  # fmt: skip
    st.dataframe(
        frame, hide_index=True, width="stretch", height=390,
        column_config={
            "Rank in set": st.column_config.ProgressColumn(
                format="%.0f %%", min_value=0.0, max_value=100.0,
                help="Share of the set's other studies that score lower.",
            ),
            **{title: st.column_config.NumberColumn(format="%.3f") for title in _SCORES.values()},
        },
    )  # fmt: skip
    st.caption("No score is a probability. Compare within a column, not across findings.")
    components.not_alike(current, cache.studies(here.study_set))
    for source in sorted({probability.source() for probability in kept.values()}):
        st.caption(f"Probability: {source} It holds for films like those, and for no others.")


def _own(current: Current, prompts: PromptSet, of_set: "Scores") -> dict[str, Any]:
    """Scores of the study (F,); those of a study of the set are known with the set's."""
    row = current.row_in_set
    if row is not None and np.isfinite(of_set["lrclr"][row]).all():
        return {name: values[row] for name, values in of_set.items()}
    return score_cache.study_scores(state.session().model, current.studies, current.row, prompts)


def _probability(kept: Mapping[str, Probability], finding: str) -> dict[str, str]:
    if not kept:
        return {}
    return {"Probability": kept[finding].words() if finding in kept else ""}
