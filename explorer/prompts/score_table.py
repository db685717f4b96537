"""Scores of one study for every finding, with their place among the studies of the set."""

import numpy as np
import pandas as pd
import streamlit as st

from core.inference.prompts import PromptSet
from explorer.prompts import cache as score_cache
from explorer.shared import cache, state
from explorer.shared.state import Current


def draw(current: Current, prompts: PromptSet) -> None:
    """Draw the table, the highest rank first."""
    spec = state.session().model
    own = score_cache.study_scores(spec, current.studies, current.row, prompts)
    others = score_cache.scores(spec, cache.studies(state.session().study_set), prompts)
    labels = current.studies.study(current.row).labels
    rows = []
    for column, name in enumerate(prompts):
        rank = place_in_set(others["lrclr"][:, column], own["lrclr"][column], current)
        truth = {1: "present", 0: "absent"}.get(labels.get(name, -1), "unknown")
        rows.append((name, rank, truth, own["lrclr"][column], own["positive"][column],
                     own["pair"][column]))  # fmt: skip
    frame = pd.DataFrame(
        rows, columns=["Finding", "Rank in set", "Truth", "LRCLR", "Positive only", "Pair"]
    ).sort_values("Rank in set", ascending=False)
    st.dataframe(
        frame, hide_index=True, width="stretch", height=390,
        column_config={
            "Rank in set": st.column_config.ProgressColumn(
                format="%.0f %%", min_value=0.0, max_value=100.0,
                help="Share of the set's other studies that score lower.",
            ),
            **{name: st.column_config.NumberColumn(format="%.3f")
               for name in ("LRCLR", "Positive only", "Pair")},
        },
    )  # fmt: skip
    st.caption("None of these is a probability. Compare within a column, not across findings.")


def place_in_set(scores: np.ndarray, own: float, current: Current) -> float:
    """Per cent of the set's other studies that score lower; NaN where there is no other."""
    others = scores if current.uploaded else np.delete(scores, current.row)
    others = others[~np.isnan(others)]  # an image of the set may not be readable
    return 100 * float((others < own).mean()) if len(others) else float("nan")


def prevalence_threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """The score that calls as many studies positive as are: a fair place to begin."""
    known = ~np.isnan(truth) & ~np.isnan(scores)
    share = float(truth[known].mean()) if known.any() else 0.5
    return float(np.nanquantile(scores, 1 - share))
