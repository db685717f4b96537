"""Live pictures of contrast: a batch as a matrix; and of depth: what a hidden patch changes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.lessons.batch import film_batch
from core.lessons.depth import PATCHES, near_shares
from explorer.lessons import cache as lesson_cache
from explorer.lessons import markup
from explorer.lessons.stage import Stage, thumbnails
from explorer.regions import cache as region_cache
from explorer.shared import alt, components, figures

_WIDTH = 260


def matrix(stage: Stage, asked: Mapping[str, Any]) -> float:
    """A batch: films down, sentences across, and what each film would choose."""
    batch = film_batch(stage.bench, asked["size"], asked["number"])
    temperature = float(asked["temperature"])
    if stage.changes("temperature"):
        temperature = st.slider(stage.says("temperature"), 0.01, 1.0, temperature, 0.01,
                                key=f"{stage.key}_temperature")  # fmt: skip
    chances = batch.chances(temperature)
    own = float(np.diag(chances).mean())
    st.markdown(stage.says("matrix", loss=batch.loss(temperature), own=own, size=len(batch.rows),
                           temperature=temperature))  # fmt: skip
    marks = batch.unasked if asked["truth"] else []
    said = stage.says("matrix-alt", size=len(batch.rows), own=own)
    st.html(markup.matrix(chances, batch.texts, marks, said))
    if asked["truth"]:
        st.caption(stage.says("matrix-marks", count=len(marks)))
    thumbnails(stage.lesson, [(row, f"{n + 1}") for n, row in enumerate(batch.rows)])
    return temperature if stage.changes("temperature") else float(len(batch.unasked))


def depth(stage: Stage, asked: Mapping[str, Any]) -> float:
    """A film, one patch of it hidden, and how much each token changes by a block."""
    bench, studies = stage.bench, lesson_cache.films(stage.lesson)
    row, patch = min(asked["study"], len(studies) - 1), PATCHES[asked["patch"]]
    change = lesson_cache.patch_change(stage.lesson, bench, row, patch)
    block = 0
    if stage.changes("block"):
        block = st.slider(stage.says("block"), 0, len(change) - 1, 0, key=f"{stage.key}_block")
    shares = near_shares(change, patch)
    film, spread, lines = components.row(_WIDTH, _WIDTH, 300)
    picture = region_cache.thumbnail(studies, row)
    cell = np.zeros(change.shape[1:], np.float32)
    cell[patch] = 1
    with film:
        components.picture(figures.overlay(picture, truth=cell > 0),
                           stage.says("depth-film-alt"), stage.says("depth-film"))  # fmt: skip
    with spread:
        shown = figures.overlay(picture, change[block], 0.8, cell > 0)
        said = f"{stage.says('depth-map', block=block)}, {alt.brightest(change[block])}."
        components.picture(shown, said, stage.says("depth-map", block=block))
    with lines:
        st.markdown(stage.says("depth-share", share=100 * float(shares[block]), block=block))
    return float(block)
