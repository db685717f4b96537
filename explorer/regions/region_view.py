"""One region enlarged, and the words it answers to."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.regions import cache as region_cache
from explorer.shared import alt, cache, components, figures, stamps, state, window_control
from explorer.shared.state import Current

if TYPE_CHECKING:
    from core.inference.regions import Regions


def chosen_region(count: int) -> int:
    """The region that is enlarged; the heaviest by default."""
    return min(state.session().region, max(count - 1, 0))


def choose(number: int) -> None:
    """Enlarge another region."""
    state.choose_region(number)
    st.rerun()


def draw(current: Current, prompt: str) -> None:
    """The film with its boxes, one of them enlarged, and the words that they answer to."""
    spec, shape = state.session().model, components.shape(current)
    regions = region_cache.regions(spec, current.studies, current.row, (prompt,), shape)
    if regions.no_place:
        st.info(regions.no_place, icon=":material/location_off:")
        if not st.toggle("Show its regions all the same", key="regions_anyway"):
            components.film(current, width=470)
            return
    whole, close, by_word = components.row(470, 220, 265)
    with whole:
        chosen = chosen_region(len(regions.index))
        clicked = _clicked(current, regions, prompt, chosen)
        if clicked is not None and clicked != chosen:
            choose(clicked)
        st.caption("Click a box to enlarge it. Brighter boxes weigh more for this text.")
        st.caption(stamps.caption(spec, "lrclr"))
    with close:
        close_up(current, regions, chosen)
    with by_word:
        _by_word(current, regions)


def _clicked(current: Current, regions: "Regions", text: str, chosen: int) -> int | None:
    """The film with its boxes; the number of the one that was clicked, if any."""
    shape = components.shape(current)
    figure = figures.film(
        window_control.shown(current), regions.boxes, regions.weights.tolist(), chosen, 470,
        1 - regions.nowhere, shape,
    )  # fmt: skip
    said = alt.boxed(components.film_name(current), text, regions.boxes, shape)
    event = st.plotly_chart(
        figure, key="regions_film", config=components.STILL, on_select="rerun",
        selection_mode="points", alt=said,
    )  # fmt: skip
    points = event["selection"]["points"]
    return int(points[0]["customdata"]) if points else None


def _by_word(current: Current, regions: "Regions") -> None:
    """Which regions, or which places, answer to which word."""
    word = st.selectbox("Regions that answer to the word", ["(all words)", *regions.words])
    if word == "(all words)":
        components.show(
            figures.word_grid(regions.words, regions.word_similarity, 380), "word_grid",
            "Cosine of each word with each region, heaviest region first.",
        )  # fmt: skip
        return
    heat = regions.word_maps[regions.words.index(word)]
    preprocess = cache.predictor(state.session().model).model.backbone.preprocess
    mapped = preprocess.map_to_image(heat, components.shown_shape(current))
    said = alt.mapped(components.film_name(current), "cosine", word, mapped)
    components.film(current, said, heat=mapped, opacity=0.75)


def close_up(current: Current, regions: "Regions", chosen: int) -> None:
    """The region with its surroundings, and its words by cosine."""
    picture = window_control.picture(current)
    x, y, w, h = regions.boxes[chosen]
    top, left = int(max(y - h, 0)), int(max(x - w, 0))
    crop = picture[top : int(y + 2 * h) + 1, left : int(x + 2 * w) + 1]
    st.markdown(f"**Region {chosen + 1}**, weight {100 * regions.weights[chosen]:.0f} %")
    box = (x - left, y - top, w, h)
    components.show(
        figures.film(crop, [box], [1.0], height=210), "close_up",
        f"{components.film_name(current)}, region {chosen + 1} enlarged.",
    )  # fmt: skip
    order = np.argsort(-regions.word_similarity[:, chosen], kind="stable")[:8]
    components.show(
        figures.bars(
            [regions.words[n] for n in order],
            [float(regions.word_similarity[n, chosen]) for n in order],
            "cosine with the word", 210,
        ),
        "close_words", f"Words by their cosine with region {chosen + 1}: "
        + ", ".join(regions.words[n] for n in order),
    )  # fmt: skip
