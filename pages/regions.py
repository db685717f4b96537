"""Selected regions: boxes for a text, which words they answer to, and a gallery of errors."""

import streamlit as st

from explorer.regions import cache as region_cache
from explorer.regions import gallery, region_view
from explorer.shared import alt, cache, components, figures, state, window_control

st.title("Selected regions")
current = state.current()
spec = state.session().model
prompt, _ = components.prompt_or_sentence(current)
components.study_notes(current)
window_control.draw(current)

shape = components.shape(current)
regions = region_cache.regions(spec, current.studies, current.row, (prompt,), shape)
whole, close, words = components.row(470, 220, 265)
with whole:
    chosen = region_view.chosen_region(len(regions.index))
    clicked = components.region_film(current, regions, prompt, "regions_film", 470, chosen)
    if clicked is not None and clicked != chosen:
        region_view.choose(clicked)
    st.caption("Click a box to enlarge it. Brighter boxes weigh more for this text.")
with close:
    region_view.close_up(current, regions, chosen)
with words:
    word = st.selectbox("Regions that answer to the word", ["(all words)", *regions.words])
    if word == "(all words)":
        components.show(
            figures.word_grid(regions.words, regions.word_similarity, 380), "word_grid",
            "Cosine of each word with each region, heaviest region first.",
        )  # fmt: skip
    else:
        heat = regions.word_maps[regions.words.index(word)]
        model = cache.predictor(spec).model
        mapped = model.backbone.preprocess.map_to_image(heat, shape)
        said = alt.mapped(components.film_name(current), "cosine", word, mapped)
        components.film(current, said, heat=mapped, opacity=0.75)

st.header("Gallery of the set")
gallery.draw()
