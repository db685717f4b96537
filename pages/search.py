"""Search: a text, the current study or a box on it finds the nearest images or regions."""

import streamlit as st

from explorer.search import view
from explorer.shared import components, state

st.title("Search")
current = state.current()
asked, found = components.row(view.WIDTH, 704)
with asked:
    query = view.query(current)
with found:
    view.results(current, query)
