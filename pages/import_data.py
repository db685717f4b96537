"""Import: own films as a study set, checked file by file and without what identifies."""

import streamlit as st

from explorer.intake import form, view
from explorer.shared import state

st.title("Import")
st.markdown(
    "Makes a study set of **your own films and reports**: copies without the header fields that "
    "identify, under new names. The originals are not changed, and nothing leaves this computer. "
    "Reports stay as they are but for dates and the identifiers of their own study: read "
    "`docs/import.md` before you pass a set on."
)
job = state.session().import_job
running = job is not None and job.running
if job is not None:
    view.watch(job)
if not running:
    if job is not None:
        st.subheader("Another import")
    started = form.draw()
    if started is not None:
        state.start_import(started)
        state.watch("import")
        st.rerun()
