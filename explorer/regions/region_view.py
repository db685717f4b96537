"""One region enlarged, and the words it answers to."""

import numpy as np
import streamlit as st

from core.inference.regions import Regions
from explorer.shared import components, figures, state, window_control
from explorer.shared.state import Current


def chosen_region(count: int) -> int:
    """The region that is enlarged; the heaviest by default."""
    return min(state.session().region, max(count - 1, 0))


def choose(number: int) -> None:
    """Enlarge another region."""
    state.choose_region(number)
    st.rerun()


def close_up(current: Current, regions: Regions, chosen: int) -> None:
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
