"""Lab: one drawn patient; drag a lesion and see what the model makes of it."""

import streamlit as st

from explorer.lab import measure_view, set_view, subtlety_view, viewer, visit
from explorer.shared import guard


@st.fragment  # what is let go draws this part alone
def patient_and_answer() -> None:
    """The film that is dragged, and the answers."""
    with guard.sentences():
        viewer.draw(visit.arrive())


@st.fragment  # a patient that is let go leaves the figures as they are
def measurements() -> None:
    """What follows where one value moves over many anatomies."""
    with guard.sentences():
        measure_view.draw()


@st.fragment
def sets() -> None:
    """The patient for the other pages."""
    with guard.sentences():
        set_view.draw()


@st.fragment
def radiologists() -> None:
    """A real thorax, and nodules that radiologists rated."""
    with guard.sentences():
        subtlety_view.draw()


st.title("Lab")
st.markdown(
    "One **drawn** patient. Drag the nodule, or move anything else: score, regions and sentence "
    "follow. What is true is known exactly, since it is drawn."
)
patient_and_answer()
st.header("Measure")
measurements()
st.header("Save as a set")
sets()
st.header("Against radiologists")
radiologists()
