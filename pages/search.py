"""Search: a text, the current study or a box on it finds the nearest images or regions."""

import streamlit as st

from explorer import components, search_view, state

st.title("Search")
current = state.current()
asked, found = components.row(search_view.WIDTH, 704)
with asked:
    query = search_view.query(current)
with found:
    search_view.results(current, query)
