"""The current film with the regions that a text weighs, and the truth for those who ask."""

import streamlit as st

from core.studies.study import Mask
from explorer.regions import cache as region_cache
from explorer.shared import components, state, words
from explorer.shared.state import Current

SIDE = 460  # of the film, in pixels, at most


def film_with_regions(current: Current, text: str) -> None:
    """The film at once, then its regions for the text, where the model knows the words."""
    place = st.empty()
    truth = _truth(current) if st.toggle("Show the truth", key="show_truth") else {}
    width = components.fitted(current, SIDE)
    if state.begins_film(current.studies.spec, current.row):
        with place:  # a model takes its time to load, and a while for a film
            components.film(current, width=width)
    if not (region_cache.is_kept(current, text) or words.goes_on(text)):  # the card says why
        with place:
            components.film(current, width=width, truth=components.union(truth.values()))
        return
    regions = region_cache.weighed_boxes(
        state.session().model, current.studies, current.row, text, components.shape(current)
    )
    if regions.no_place:
        with place:
            components.film(current, width=width, truth=components.union(truth.values()))
        st.info(regions.no_place, icon=":material/location_off:")
        return
    with place:
        components.region_film(current, regions, text, "film_regions", SIDE, truth=truth)
    st.caption(
        "Brighter boxes weigh more for this text. In a frontal film the patient's right is on "
        "the left."
    )


def _truth(current: Current) -> dict[str, Mask]:
    """What is known to be on the film, outlined; says so where nothing is."""
    masks = current.studies.masks(current.row)
    outlines = {name: mask for name, mask in sorted(masks.items()) if mask.any()}
    if not outlines:
        st.caption("No truth with a place is known of this film.")
    return outlines
