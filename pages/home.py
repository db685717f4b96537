"""Home: drop a film, type a prompt, see score, regions and Grad-CAM; then what the method is."""

import streamlit as st

from explorer import navigation
from explorer.prompts import free_text
from explorer.regions import cache as region_cache
from explorer.shared import components, figures, state, window_control

st.title("Which regions speak for which words?")
st.markdown(
    "Type what a report might say. The model scores it against the radiograph and shows **where** "
    "it looked. Drop your own film into the sidebar, or step through the phantoms."
)
current = state.current()
prompt = components.prompt_box("What might the report say?")
spec = state.session().model
components.study_notes(current)
window_control.draw(current)

shape = components.shape(current)
regions = region_cache.regions(spec, current.studies, current.row, (prompt,), shape)
cam = region_cache.saliency("gradcam", spec, current.studies, current.row, (prompt,), shape)

score, boxes, gradcam = components.row(230, 370, 370)
with boxes:
    st.subheader("Selected regions")
    components.region_film(current, regions, "home_regions", 370)
    st.caption("Brighter boxes weigh more for this text.")
with gradcam:
    st.subheader("Grad-CAM")
    components.film(current, heat=cam)
    st.caption("What raises the global score, for comparison.")

st.subheader("How the score comes about")
patches, picked, words = components.row(320, 320, 320)
with patches:
    st.markdown("**1. Every patch** is compared with the text")
    heat = region_cache.saliency("similarity", spec, current.studies, current.row, (prompt,), shape)
    components.film(current, heat=heat, opacity=0.75)
with picked:
    st.markdown(f"**2. {len(regions.index)} regions** are selected and weighed")
    weight = region_cache.saliency("lrclr", spec, current.studies, current.row, (prompt,), shape)
    components.film(current, heat=weight, opacity=0.75)
with words:
    st.markdown("**3. Words meet regions** in the cross-modality layers")
    components.show(figures.word_grid(regions.words, regions.word_similarity, 320), "home_words")

with st.expander("What is published, and what is our reconstruction"):
    st.markdown(
        "LRCLR (Rizvi et al., [arXiv 2303.14153](https://arxiv.org/abs/2303.14153)) adds layers "
        "for **region selection** and **cross-modality interaction** to a pretrained image-text "
        "model. No code was released. The losses, the scorers, region features taken before "
        "attention, and the cosine term in the cross-modality attention are **our "
        "reconstruction**; no figure here is the paper's. `docs/method.md` says which is which."
    )
st.subheader("Where to go")
for column, (file, label) in zip(
    components.row(215, 215, 215, 215),
    [("zero_shot.py", "Edit prompts, see the AUC"), ("regions.py", "Browse regions and errors"),
     ("compare.py", "Compare with Grad-CAM"), ("finetune.py", "Train it yourself")],
    strict=True,
):  # fmt: skip
    with column:
        navigation.link(file, label)
# Last, since it may have to encode the set first; its place is kept beside the pictures.
with score:
    st.subheader("Score")
    free_text.score_card(current, prompt)
