"""What to search for, and thumbnails of what was found; a click opens the study."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.archive.query import Vector, box_query, image_query, text_query
from core.archive.search import Hit
from core.errors import ExplorerError
from core.inference.regions import Box, patch_box
from core.studies import StudySet
from explorer import cache, components, figures, state
from explorer.state import Current

_TEXT, _STUDY, _BOX = "A text", "This study", "A box on it"


@dataclass(frozen=True)
class Query:
    """What is searched for."""

    vector: Vector
    regions: bool  # whether regions are found, or images
    row: int | None  # of the set, where the query is one of its studies
    top: int


def query(current: Current) -> Query:
    """Controls for the query, with the picture it is taken from."""
    spec = state.get("model")
    kind = st.segmented_control("Search by", [_TEXT, _STUDY, _BOX], default=_TEXT, key="search_by")
    box = None
    if kind == _BOX:
        box = _box(current)
    elif kind == _STUDY:
        components.film(current)
    text = components.prompt_box() if kind not in (_STUDY, _BOX) else ""
    find = st.segmented_control(
        "Find", ["Images", "Regions"], default="Regions" if box else "Images",
        key=f"search_find_{bool(box)}",
    )  # fmt: skip
    top = int(st.number_input("How many", 1, 100, 12, key="search_top"))
    own = current.row if text == "" and not current.uploaded else None
    if text:
        vector = text_query(cache.predictor(spec), text)
    else:
        encoding = cache.image_encoding(spec, current.studies, current.row)
        vector = image_query(encoding)
        if box:
            preprocess = cache.predictor(spec).model.backbone.preprocess
            vector = box_query(encoding, preprocess, box, components.shape(current))
    return Query(vector, find == "Regions", own, top)


def _box(current: Current) -> Box:
    """A box in pixels of the picture, by two sliders, drawn on it."""
    place = st.container()
    height, width = components.shape(current)
    left, right = st.slider("Across, %", 0, 100, (20, 45), key="search_across")
    upper, lower = st.slider("Down, %", 0, 100, (50, 75), key="search_down")
    box = (left * width / 100, upper * height / 100, max(right - left, 1) * width / 100,
           max(lower - upper, 1) * height / 100)  # fmt: skip
    with place:
        picture = cache.display(current.studies, current.row)
        st.image(_boxed(picture, box), width="stretch")
    return box


def results(current: Current, asked: Query) -> None:
    """Thumbnails, best first; the query's own study is left out."""
    studies = cache.studies(state.get("set"))
    searcher = cache.searcher(state.get("model"), studies, asked.regions)
    hits = searcher.nearest(asked.vector, asked.top, asked.row)
    st.caption(
        f"Nearest of {len(studies)} studies by cosine ({searcher.note}). A cosine is no "
        "probability: with a text it is lower than between images, and compares within one search."
    )
    if not hits:
        st.info("There is no other study in this set.")
        return
    for place, hit in zip(components.row(*[150] * len(hits)), hits, strict=True):
        with place:
            _card(studies, hit)


def _card(studies: StudySet, hit: Hit) -> None:
    try:
        picture = cache.display(studies, hit.row)
    except ExplorerError:  # the embeddings outlive the images
        st.caption(":material/image_not_supported: The image is no longer there.")
    else:
        shape = (picture.shape[0], picture.shape[1])
        box = None
        if hit.cell is not None:
            model = cache.predictor(state.get("model")).model
            box = patch_box(model.backbone.preprocess, model.backbone.grid, hit.cell, shape)
        st.image(_boxed(picture, box), width="stretch")
    st.caption(f"cosine {hit.score:.3f}")
    components.open_button(studies, hit.row, f"found_{hit.row}")


def _boxed(picture: figures.Picture, box: Box | None) -> figures.Picture:
    """The picture with the outline of a box."""
    if box is None:
        return figures.overlay(picture)
    inside = np.zeros(picture.shape[:2], bool)
    x, y, w, h = (round(value) for value in box)
    inside[y : y + max(h, 1), x : x + max(w, 1)] = True
    return figures.overlay(picture, truth=inside)
