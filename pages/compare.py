"""Compare: LRCLR regions beside captum's maps for the same prompt, measured against the truth."""

import streamlit as st

from core.attribution import METHODS
from explorer.regions import cache as region_cache
from explorer.regions import truth
from explorer.shared import components, state, window_control

st.title("Compare with Grad-CAM")
current = state.current()
prompt = components.prompt_or_sentence(current)
components.study_notes(current)
window_control.draw(current)

first, second, third = st.columns([1.2, 1.2, 1.6])
opacity = first.slider("Map opacity", 0.0, 1.0, 0.6, 0.05)
finding = truth.picker(second, current, prompt)
beside, others = list(METHODS)[:3], list(METHODS)[3:]
extra = third.selectbox("Fourth map", others, format_func=lambda name: METHODS[name].title)
mask = truth.mask(current, finding)

shape = components.shape(current)
chosen = [*beside, extra]
for column, name in zip(components.row(235, 235, 235, 235), chosen, strict=True):
    with column:
        st.markdown(f"**{METHODS[name].title}**")
        with st.spinner("Computing"):
            heat = region_cache.saliency(
                name, state.session().model, current.studies, current.row, (prompt,), shape
            )
        components.film(current, heat=heat, opacity=opacity, truth=mask)
        st.caption(METHODS[name].about)

if mask is None:
    st.info("There is no ground truth for this study: the maps cannot be scored, only compared.")
else:
    st.subheader(f"Against the truth of {finding}")
    truth.table(current, chosen, prompt, mask)
    st.caption(
        "Pointing game: does the maximum lie in the finding, within 3 % of the side. Energy: share "
        "of the map inside it. CNR: signed contrast. IoU at Otsu's threshold. One study proves "
        "nothing: `python -m core localize` measures a set."
    )
