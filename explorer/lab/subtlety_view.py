"""Radiologists' nodules placed in a CT: what the model sees of them, against their subtlety."""

import streamlit as st

from core.studies.ct_set import demo_ct, outlines_file
from explorer import access
from explorer.lab import cache as lab_cache
from explorer.lab import plots
from explorer.shared import components, state, terminal

SET = "ct:demo"
_MOST = 16  # nodules of a band that a page measures; more are a command's


def draw() -> None:
    """What it is, a button, and the curve; says how to fetch what it needs."""
    st.markdown(
        "A **real** chest CT, projected by the same detector, and nodules in the shapes that "
        "radiologists outlined. Each film has a twin without the nodule. Does the model see what "
        "radiologists call obvious, and miss what they call subtle?"
    )
    if not (demo_ct().is_file() and outlines_file().is_file()):
        st.info("The CT and the outlines are not here. The owner of this server fetches them "
                "(41 MB):", icon=":material/download:")  # fmt: skip
        terminal.show("fetch", "ct")
        return
    access.check_set(SET)
    n = int(st.number_input("Nodules of each band", 4, _MOST, 8, key="lab_subtlety_n"))
    if st.button("Measure", icon=":material/show_chart:", key="lab_subtlety"):
        state.ask_subtlety(n)
    if not (asked := state.session().lab.subtlety):
        return
    spec = state.session().model
    curve = lab_cache.subtlety(spec, asked)
    said = ("AUC with a nodule against without, and the rise of the score, by the readers’ mean "
            "subtlety; the command below prints the numbers.")  # fmt: skip
    components.show(plots.subtlety(curve), "lab_subtlety_plot", said)
    st.caption(
        f"n = {asked} nodules a band, at random places of one patient’s lungs; bars are 95 % "
        "bootstrap intervals over nodules. Subtlety was rated on CT slices, not on films. The "
        "nodules’ density is ours, by the ratings of texture and calcification: docs/ct.md."
    )
    terminal.show("lab", "subtlety", "--model", spec, "--n", str(asked))
