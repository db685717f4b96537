"""Compare: LRCLR regions beside captum's maps for the same prompt, measured against the truth."""

import streamlit as st

from core.attribution import METHODS
from explorer.regions import cache as region_cache
from explorer.regions import cam_view, truth
from explorer.shared import alt, components, guard, stamps, state, window_control, words

st.title("Compare with Grad-CAM")
current = state.current()
prompt, free = components.prompt_or_sentence(current)
components.study_notes(current)
window_control.draw(current)

first, second, third, fourth = st.columns([1.0, 1.2, 1.2, 1.2], vertical_alignment="bottom")
opacity = first.slider("Map opacity", 0.0, 1.0, 0.6, 0.05)
chosen = truth.picker(second, current, prompt, free)
beside = list(METHODS)[:3]
# A quick one first: methods that read pixels pass each film through the model many times.
others = sorted(list(METHODS)[3:], key=lambda name: METHODS[name].reads == "pixels")
extra = third.selectbox("Fourth map", others, format_func=lambda name: METHODS[name].title)
choice = cam_view.picker(fourth, state.session().model)
if chosen and chosen.mismatch:
    st.warning(chosen.mismatch, icon=":material/call_split:")

methods = [*beside, extra] if words.note(prompt) else []  # of words it knows the model makes maps
places = components.row(235, 235, 235, 235)
pictures = []
begins = state.begins_film(current.studies.spec, current.row)
for column, name in zip(places, methods, strict=False):
    with column:
        st.markdown(f"**{METHODS[name].title}**")
        pictures.append(st.empty())
        if begins:  # the films at once, their maps one after another
            with pictures[-1]:
                components.film(current)
        st.caption(cam_view.about(name, choice))
        st.caption(stamps.caption(state.session().model, cam_view.with_score(name, choice)))
drawn = {}  # by title, the map in words
for picture, name in zip(pictures, methods, strict=True):
    explained = cam_view.with_score(name, choice)
    with picture, guard.sentences():
        heat = region_cache.saliency(
            explained, state.session().model, current.studies, current.row, (prompt,),
            components.shown_shape(current),
        )  # fmt: skip
        said = alt.mapped(components.film_name(current), METHODS[name].title, prompt, heat,
                          chosen.finding if chosen else "")  # fmt: skip
        components.film(current, said, heat=heat, opacity=opacity,
                        truth=chosen.mask if chosen else None)  # fmt: skip
        drawn[METHODS[name].title] = explained

if not methods:
    components.film(current, width=470)
elif chosen is None:
    st.info(truth.nothing_to_measure(current, prompt))
else:
    st.header(f"Against the truth of {chosen.finding}")
    truth.table(current, drawn, prompt, chosen.mask)
    st.caption(
        "Pointing game: does the maximum lie in the finding, within 3 % of the side. Energy: share "
        "of the map inside it. CNR: signed contrast. IoU and Dice at Otsu's threshold. One study "
        "proves nothing: `python -m core localize` measures a set."
    )
cam_view.search(state.session().model, choice)
