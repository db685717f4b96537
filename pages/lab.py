"""Lab: one drawn patient; drag a lesion and see what the model makes of it."""

import streamlit as st

from explorer.lab import viewer, visit
from explorer.shared import guard


@st.fragment  # what is let go draws this part alone
def patient_and_answer() -> None:
    """The film that is dragged, and the answers."""
    with guard.sentences():
        viewer.draw(visit.arrive())


st.title("Lab")
st.markdown(
    "One **drawn** patient. Drag the nodule, or move anything else: score, regions and sentence "
    "follow. What is true is known exactly, since it is drawn."
)
patient_and_answer()
