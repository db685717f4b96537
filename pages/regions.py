"""Selected regions: boxes for a text, which words they answer to, and a gallery of errors."""

import streamlit as st

from explorer.regions import gallery, presenter, region_view
from explorer.shared import components, state, window_control, words

st.title("Selected regions")
current = state.current()
prompt, _ = components.prompt_or_sentence(current)
presenter.draw(current, prompt)
components.study_notes(current)
window_control.draw(current)

if words.note(prompt):
    region_view.draw(current, prompt)
else:
    components.film(current, width=470)

st.header("Gallery of the set")
gallery.draw()
