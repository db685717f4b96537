"""A model's card and its speed on this computer, which is measured when asked."""

import re

import streamlit as st

from core.inference.speed import BATCH, measure_speed
from explorer.shared import cache, state
from explorer.shared.progress import page_progress


def card(spec: str) -> None:
    """What a model is."""
    rows = cache.model_card(spec).rows()
    # A table's cells do not break within a word, and cut a hash of 64 digits.
    told = [re.sub(r"([0-9a-f]{32})(?=[0-9a-f])", r"\1 ", said) for _, said in rows]
    st.table({"": [name for name, _ in rows], spec: told})
    st.caption(
        "Read from the loaded model and its files; the licence is what the publisher says and is "
        "yours to check. `python -m core model --model ...` prints the same."
    )


def speed(spec: str) -> None:
    """A button that measures, and what it measured last for this model."""
    model = cache.predictor(spec)
    if st.button("Measure", icon=":material/speed:", key="measure_speed"):
        with page_progress("Measuring") as progress:
            measured = measure_speed(model.model, progress=progress)
        rows: list[state.SpeedRow] = [
            {"precision": speed.precision, "images/s": round(speed.images_per_second, 1),
             "ms a prompt": round(speed.ms_per_prompt, 1), "device": speed.device,
             "threads": speed.threads}
            for speed in measured
        ]  # fmt: skip
        state.keep_speed(model.model_hash, rows)
    if model.model_hash in state.session().speeds:
        st.dataframe(state.session().speeds[model.model_hash], hide_index=True)
        st.caption(
            f"Medians; images in batches of {BATCH} without reading and preprocessing, prompts one "
            "by one. Other work on this computer makes them slower."
        )
