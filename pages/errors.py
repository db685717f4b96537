"""Errors: what a threshold makes of films, where a finding does worse, and notes on them."""

import streamlit as st

from explorer.errors import (
    chosen_view,
    cluster_view,
    controls,
    film_view,
    report_view,
    slice_view,
    terminal_line,
    threshold_view,
    together_view,
)
from explorer.probes import lesion_view, shortcut_view, twin_view
from explorer.shared import cache, components, guard, notes_view, state

st.title("Errors")
st.markdown(
    "A score ranks films; a **threshold** decides. Move it, see what it costs, and find the films "
    "that the model does worse on."
)
report_view.open_dropped()
studies = cache.studies(state.session().study_set)
finding = ""
with guard.sentences():
    choice = controls.draw()
    finding = choice.finding
    threshold_view.draw(choice)
    components.left_out(studies)
    st.header("Errors that come together")
    together_view.draw(choice)
    st.header("Slices: in which films is it worse?")
    groups = slice_view.draw(choice, studies) | cluster_view.draw(choice, studies)
    st.header("From slice to cause: twins")
    sliced = groups.get(film_view.SLICE)
    twin_view.draw(choice, studies, sliced.name if sliced else "")
    chosen_view.draw(choice, studies, groups)
    st.header("Shortcuts: does it read what it should not?")
    shortcut_view.draw(choice, studies)
    st.header("Lesions: which ones do maps find?")
    lesion_view.draw(choice, studies)
    st.header("Report")
    report_view.draw(choice, studies)
st.header("Notes on the current study")
notes_view.current_study(state.current(), finding)
terminal_line.draw(studies, finding)
