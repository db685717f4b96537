"""Models side by side: one film, one text, several models, and maps of models that are not here."""

from functools import partial

import streamlit as st

from core.attribution import METHODS
from explorer.arena import cache as arena_cache
from explorer.arena import given, view
from explorer.regions import truth
from explorer.shared import components, state, window_control

st.title("Models side by side")
current = state.current()
prompt, free = components.prompt_or_sentence(current)
first, second, third, fourth = st.columns([2.2, 1.1, 1.1, 0.9], vertical_alignment="bottom")
with first:
    models = view.models()
method = second.selectbox("Map", list(METHODS), format_func=lambda name: METHODS[name].title)
chosen = truth.picker(third, current, prompt, free)
opacity = fourth.slider("Map opacity", 0.0, 1.0, 0.6, 0.05)
if chosen and chosen.mismatch:
    st.warning(chosen.mismatch, icon=":material/call_split:")
anyway = view.goes_on(prompt)
window, handed_in = st.columns(2)
with window:
    window_control.draw(current)
with handed_in:
    files = given.uploads(current.studies.study_id(current.row))

asked = {
    spec: partial(
        arena_cache.entry, spec, current.studies, current.row, prompt, method, anyway
    )
    for spec in models
} | {maps.name: partial(view.given, maps, current, prompt) for maps in files}  # fmt: skip
if not asked:
    components.film(current, width=470)
    st.info("Choose a model, or add what another one found.")
entries = view.side_by_side(current, asked, prompt, chosen, opacity) if asked else []
if entries:
    st.header(f"Against the truth of {chosen.finding}" if chosen else "Scores and seconds")
    view.table(entries, chosen)
    if chosen is None:
        st.caption(truth.nothing_to_measure(current, prompt))
    view.terminal(models, current, prompt)
