"""What to search for, and thumbnails of what was found; a click opens the study."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.archive.query import Vector, box_query, image_query, text_query
from core.archive.search import Hit
from core.errors import ExplorerError
from core.inference.regions import patch_box
from core.preprocessing import Rectangle
from core.studies import StudySet
from explorer.search import cache as search_cache
from explorer.shared import cache, components, figures, state, words
from explorer.shared.state import Current

WIDTH = 320  # of the query's controls, in pixels
_ACROSS, _DOWN = "search_across", "search_down"
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
    spec = state.session().model
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
        words.warn(text)  # found all the same: one sees that it is nonsense
        vector = text_query(cache.predictor(spec), text)
    else:
        encoding = cache.image_encoding(spec, current.studies, current.row)
        vector = image_query(encoding)
        if box:
            preprocess = cache.predictor(spec).model.backbone.preprocess
            vector = box_query(encoding, preprocess, box, components.shape(current))
    return Query(vector, find == "Regions", own, top)


def _box(current: Current) -> Rectangle:
    """A box in pixels of the picture: drawn on it, or set by two sliders."""
    place = st.container()
    height, width = components.shape(current)
    left, right = _ends("Across, %", _ACROSS, (20, 45))
    upper, lower = _ends("Down, %", _DOWN, (50, 75))
    shares = left, upper, max(right - left, 1), max(lower - upper, 1)

    def within(rows: int, columns: int) -> Rectangle:
        x, y, w, h = (share / 100 for share in shares)
        return x * columns, y * rows, w * columns, h * rows

    with place:
        shown = cache.display(current.studies, current.row, side=cache.SHOWN)
        picture = _boxed(shown, within(shown.shape[0], shown.shape[1]))
        tall = min(round(WIDTH * height / width), 480)
        _drawn(figures.film(picture, height=tall), current)
        st.caption("Drag over the picture, or use the sliders.")
    return within(height, width)


def _ends(label: str, key: str, first: tuple[int, int]) -> tuple[int, int]:
    """A slider with two ends, which a drag may have set."""
    state.begin_widget(key, first)
    st.slider(label, 0, 100, key=key)
    low, high = state.widget(key)
    return low, high


def _drawn(figure: figures.go.Figure, current: Current) -> None:
    """The picture, on which a drag sets the sliders."""
    height, width = figure.layout.yaxis.range[0], figure.layout.xaxis.range[1]
    figure.update_layout(dragmode="select", clickmode="none",
                         newselection={"line": {"color": figures.ACCENT, "width": 2}})  # fmt: skip
    # A new chart after each box: the last one's own outline would stay where it was drawn.
    number = state.session().boxes_drawn
    key = f"search_draw_{number}"

    def take() -> None:
        boxes = state.widget(key)["selection"]["box"]
        if not boxes:
            return
        for name, side, whole in ((_ACROSS, "x", width), (_DOWN, "y", height)):
            ends = sorted(round(100 * min(max(end / whole, 0), 1)) for end in boxes[0][side])
            state.put_widget(name, (ends[0], ends[1]))
        state.count_drawn_box()

    st.plotly_chart(
        figure, key=key, config=components.STILL, on_select=take, selection_mode="box",
        alt=f"{components.film_name(current)} with the box that is searched by.",
    )  # fmt: skip


def results(current: Current, asked: Query) -> None:
    """Thumbnails, best first; the query's own study is left out."""
    studies = cache.studies(state.session().study_set)
    searcher = search_cache.searcher(state.session().model, studies, asked.regions)
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
        picture = cache.display(studies, hit.row, side=cache.SHOWN)
    except ExplorerError:  # the embeddings outlive the images
        st.caption(":material/image_not_supported: The image is no longer there.")
    else:
        shape = (picture.shape[0], picture.shape[1])
        box = None
        if hit.cell is not None:
            model = cache.predictor(state.session().model).model
            box = patch_box(model.backbone.preprocess, model.backbone.grid, hit.cell, shape)
        where = " with the region that was found" if box else ""
        components.picture(_boxed(picture, box), f"Radiograph {studies.study_id(hit.row)}{where}.")
    st.caption(f"cosine {hit.score:z.3f}")
    components.open_button(studies, hit.row, f"found_{hit.row}")


def _boxed(picture: figures.Picture, box: Rectangle | None) -> figures.Picture:
    """The picture with the outline of a box."""
    if box is None:
        return figures.overlay(picture)
    inside = np.zeros(picture.shape[:2], bool)
    x, y, w, h = (round(value) for value in box)
    inside[y : y + max(h, 1), x : x + max(w, 1)] = True
    return figures.overlay(picture, truth=inside)
