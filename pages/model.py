"""The model: what it is, where it comes from, and how fast it is on this computer."""

import streamlit as st

from explorer.shared import model_view, state

st.title("Model")
model_view.card(state.session().model)
st.header("How fast it is here")
model_view.speed(state.session().model)
