"""Fine-tune: a small run in its own process, watched live."""

import streamlit as st

from core.training.runs import list_runs
from explorer import access
from explorer.runs import form, table, view
from explorer.shared import state

st.title("Fine-tune")
st.markdown(
    "Trains LRCLR on the **reports** of a set: no labels, no masks. The run is its own process; "
    "you can leave this page, and closing the browser stops nothing."
)
runs = {run.name: run for run in access.visible_runs(list_runs())}
if runs:
    options = list(runs)
    here = state.session().run
    picked = st.selectbox("Run", options, index=options.index(here) if here in options else 0)
    state.choose_run(picked)
    view.watch(runs[picked])
    st.header("All runs")
    table.draw(list(runs.values()))
    st.header("New run")
else:
    st.info("No run yet. Start with 200 steps: its time left is shown as it goes.")
started = form.draw()
if started:
    state.choose_run(started.name)
    st.rerun()  # it is watched above, and the form offers a new name
