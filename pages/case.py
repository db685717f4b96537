"""Case: one film with everything that is known and said of it."""

import streamlit as st

from explorer.case import controls, layer_view, near_view, score_view, viewer, word_view
from explorer.case.controls import CaseView
from explorer.shared import cache, components, guard, notes_view, state, window_control
from explorer.shared.state import Current


@st.fragment  # what is drawn for a note draws this part alone
def film_and_notes(current: Current, asked: CaseView) -> None:
    """The film, and notes that take what is drawn on it."""
    shapes = viewer.draw(current, asked.text, asked.read, asked.methods, asked.choice)
    st.caption(
        "Numbers between a word and a region are **cosines** of their features: what is near to "
        "what in the model's space, not what made the score. What made the local score of a text "
        "is the **weight** of its regions, which the text gives as a whole. Brighter boxes weigh "
        "more. The window works on the picture's 256 values; the model read the film as opened."
    )
    window_control.draw(current)
    st.header("Notes")
    notes_view.beside(current, asked.finding, shapes)


@st.fragment  # a slider draws this part alone
def block_by_block(current: Current, asked: CaseView) -> None:
    """The text in every block and head, and another model beside it; for who asks."""
    with guard.sentences():
        if asked.read and st.toggle("Step through the blocks", key="layers_open"):
            layer_view.draw(current, asked.text, viewer.name_of(current))


st.title("Case")
current = state.current()
keys = "" if current.uploaded else " The arrow keys ← and → open the films before and after it."
st.markdown(f"**{viewer.name_of(current)}.**{keys}")
asked = controls.draw(current)
components.film_warnings(current)
film_and_notes(current, asked)
st.header("Block by block")
block_by_block(current, asked)

st.header("Scores")
with guard.sentences():
    ready = score_view.set_is_ready(cache.studies(state.session().study_set))
    scores, effects = components.row(590, 420)
    with scores, guard.sentences():
        st.subheader("Labels beside scores")
        score_view.labels_and_scores(current, ready)
    with effects, guard.sentences():
        st.subheader("Words that drive the score")
        if asked.read:
            word_view.draw(current, asked.text)
    st.header("Nearest films")
    with guard.sentences():
        if ready:
            near_view.neighbours(current)
        else:
            st.markdown("They wait for the set's encodings.")
st.header("Films of this patient")
near_view.of_patient(current)
