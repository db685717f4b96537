"""The current film with the regions that a text weighs, and the truth for those who ask."""

import streamlit as st

from core.studies.study import Mask
from explorer.regions import cache as region_cache
from explorer.shared import components, film_stage, palette, state, words
from explorer.shared.state import Current

SIDE = 460  # of the film, in pixels, at most


def film_with_regions(current: Current, text: str) -> None:
    """The film at once, then its regions for the text, where the model knows the words."""
    place = st.empty()
    truth = _truth(current) if st.toggle("Show the truth", key="show_truth") else {}
    if st.toggle(
        "Words light up their regions", key="words_lit",
        help="The words of the text and of the report, each with the regions nearest to it, and "
        "each region with its words: under the mouse, a finger or the arrow keys.",
    ):  # fmt: skip
        with place:
            _lit(current, text, truth)
        return
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


def _lit(current: Current, text: str, truth: dict[str, Mask]) -> None:
    """The film as Case shows it, without tools; the truth lies over it."""
    from explorer.case import viewer  # it reads torch, which the first film does not wait for

    rows, columns = components.shape(current)
    scale = 2 * SIDE / max(rows, columns)
    size = (round(scale * rows), round(scale * columns))
    outlines = film_stage.outlined(list(truth.values()), palette.TRUTH, size) if truth else ""
    with st.container(key="lit_film", width=components.fitted(current, SIDE)):
        viewer.draw_plain(current, text, words.goes_on(text), "home_film", 2 * SIDE,
                          outlines)  # fmt: skip
        st.caption(
            "Point at a word, or at a box. The regions lit are the nearest to a word by cosine; "
            "boxes are brighter where they weigh more for the text."
        )


def _truth(current: Current) -> dict[str, Mask]:
    """What is known to be on the film, outlined; says so where nothing is."""
    masks = current.studies.masks(current.row)
    outlines = {name: mask for name, mask in sorted(masks.items()) if mask.any()}
    if not outlines:
        st.caption("No truth with a place is known of this film.")
    return outlines
