"""An import on the screen: how far it is, then what could not be used and why."""

import pandas as pd
import streamlit as st

from core.intake import ImportReport
from core.intake.job import ImportJob
from explorer import navigation
from explorer.shared import state


def watch(job: ImportJob) -> None:
    """Progress, drawn anew every second while it runs; the report afterwards."""
    st.fragment(_draw, run_every=1.0 if job.running else None)(job)


def _draw(job: ImportJob) -> None:
    if job.running:
        state.watch("import")
        left = job.seconds_left
        told = f"{job.done} of {job.total} files, {left:.0f} s left" if left is not None else "..."
        st.progress(job.done / max(job.total, 1), f"Importing: {told}")
        st.caption("You can leave this page; what you entered and how far it is stay.")
        if st.button("Stop", icon=":material/stop:", key="import_stop"):
            job.stop()
        return
    if state.just_ended("import"):
        if job.report is not None:
            state.note_import()
            state.forget_dropped()
            state.choose_set(str(job.report.manifest))
        st.rerun()  # the whole page: polling may end, and the sidebar has the new set
    if job.report is not None:
        _report(job.report)
    elif job.error:
        st.error(job.error, icon=":material/error:")
    else:
        st.info("The import was stopped; nothing of it was kept.")


def _report(report: ImportReport) -> None:
    left_out = len(report.left_out)
    st.success(f"{report.n} studies imported, {left_out} files left out.", icon=":material/check:")
    if report.burned_in:
        st.warning(
            f"Text may be burned into {report.burned_in} pictures. Look at them before you share "
            "the set: nothing was blackened."
        )
    if report.remarks:
        rows = [(r.where, "left out" if r.left_out else "kept", r.reason) for r in report.remarks]
        st.dataframe(pd.DataFrame(rows, columns=["File", "Study", "Why"]), hide_index=True)
        st.download_button(
            "Download this table", report.to_csv(), "import-report.csv", "text/csv",
            icon=":material/download:",
            help="It names your files, which the set does not: do not pass it on with the set.",
        )  # fmt: skip
    st.caption(f"The set: `{report.manifest}`")
    if state.session().study_set == str(report.manifest):
        st.markdown(":material/check: It is the study set of all pages now.")
        for file, label in (("home.py", "Look at it"), ("regions.py", "Browse its regions")):
            navigation.link(file, label)
    elif st.button("Open this set", icon=":material/check:", key="import_open"):
        state.choose_set(str(report.manifest))
        st.rerun()
