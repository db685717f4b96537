"""The entry: `streamlit run explorer/Home.py`."""

import streamlit as st

from explorer import navigation
from explorer.shared import guard, link, sidebar, state

st.set_page_config("LRCLR Explorer", ":material/radiology:", layout="wide")
# Streamlit's own margins leave films a third of the window; the header takes the first 3.75 rem.
st.html("<style>.stMainBlockContainer {padding: 3.75rem 2.5rem 2rem}</style>")
page = navigation.router()
link.start()
state.enter(page.url_path)
sidebar.draw()
with guard.sentences():
    page.run()
st.caption("Research and teaching only, not for clinical use.")
