"""The entry: `streamlit run explorer/Home.py`."""

import streamlit as st

from explorer import guard, navigation, sidebar, state

st.set_page_config("LRCLR Explorer", ":material/radiology:", layout="wide")
page = navigation.router()
state.start()
sidebar.draw()
with guard.sentences():
    page.run()
st.caption("Research and teaching only, not for clinical use.")
