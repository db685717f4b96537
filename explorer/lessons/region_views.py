"""Live pictures of regions: which K patches are kept; what a score tells from its mirror image."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.errors import ExplorerError
from core.evaluation.examples import other_side
from core.inference.regions import patch_box
from core.lessons.kept import SCORERS, share_kept
from core.lessons.mirrored import TOLD, mirrored_rows, told_right
from explorer.lessons import cache as lesson_cache
from explorer.lessons import markup
from explorer.lessons.stage import Stage, thumbnails
from explorer.regions import cache as region_cache
from explorer.shared import alt, components, figures
from explorer.shared.state import Current

_SHOWN = 4
_SIDE = 300


def kept(stage: Stage, asked: Mapping[str, Any]) -> float:
    """The K patches that a scorer keeps of own films with a finding, which is outlined."""
    bench, finding = stage.bench, asked["finding"]
    text = asked["text"] or finding.lower()
    k = asked["k"]
    if stage.changes("k"):
        k = st.slider(stage.says("regions-kept"), 1, 60, k, key=f"{stage.key}_k")
    least = lesson_cache.least_kept(stage.lesson, bench, finding, text, asked["films"],
                                    stage.says("choosing-regions"))  # fmt: skip
    shares = {scorer: share_kept(least[scorer], k) for scorer in SCORERS}
    rows = list(least[asked["scorer"]])
    st.markdown(stage.says("kept", k=k, share=shares[asked["scorer"]], films=len(rows),
                           finding=finding, random=shares["random"]))  # fmt: skip
    grid = bench.encoded().grid
    places = components.row(*[_SIDE // 2 + 10] * len(rows[:_SHOWN]))
    for place, row in zip(places, rows[:_SHOWN], strict=True):
        with place:
            _boxed(stage, asked["scorer"], row, text, finding, k, grid)
    st.html(markup.bars([
        (stage.says(f"scorer-{scorer}"), round(100 * share), f"{share:.0%}")
        for scorer, share in shares.items()
    ]))  # fmt: skip
    return float(k)


def _boxed(
    stage: Stage, scorer: str, row: int, text: str, finding: str, k: int, grid: tuple[int, int]
) -> None:
    studies = stage.bench.studies
    chosen = lesson_cache.rankings(stage.lesson, stage.bench, row, text)[scorer][:k]
    kept_cells = np.zeros(grid[0] * grid[1], np.float32)
    kept_cells[chosen] = 1
    mask = studies.masks(row)[finding]
    preprocess = stage.bench.predictor.model.backbone.preprocess
    heat = preprocess.map_to_image(kept_cells.reshape(grid), mask.shape)
    picture = figures.overlay(region_cache.thumbnail(studies, row), heat, 0.45, mask)
    x, y, w, h = patch_box(preprocess, grid, int(chosen[0]), mask.shape)
    where = alt.place((x + w / 2) / mask.shape[1], (y + h / 2) / mask.shape[0])
    said = f"Radiograph {row + 1} with {k} kept regions, the first at the {where}."
    components.picture(picture, said)


def mirror(stage: Stage, asked: Mapping[str, Any]) -> str:
    """On how many own films each score tells a sentence from its mirror image."""
    bench, text = stage.bench, stage.text(asked["text"])
    try:
        rows, is_text = mirrored_rows(bench, text)
    except ExplorerError as error:
        st.info(str(error))
        return text
    if not len(rows):
        st.info(stage.says("mirror-none"))
        return text
    shares = {name: float(told_right(bench, text, name).mean()) for name in TOLD}
    st.markdown(stage.says("mirror", text=text, mirror=other_side(text), films=len(rows)))
    st.html(markup.bars([
        (stage.says(f"score-{name}"), round(100 * share), f"{share:.0%}")
        for name, share in shares.items()
    ]))  # fmt: skip
    told = [stage.says("true-of", text=text if one else other_side(text)) for one in is_text[:6]]
    thumbnails(stage.lesson, list(zip(map(int, rows[:6]), told, strict=True)))
    return text


def reading(stage: Stage, asked: Mapping[str, Any]) -> str:
    """A film by the plain best cosines, and by the weights that cross-modality gives."""
    studies = stage.bench.studies
    current = Current(studies, min(asked["study"], len(studies) - 1))
    text = stage.text(asked["text"])
    shape = components.shape(current)
    read = region_cache.weighed_boxes(stage.lesson.model, studies, current.row, text, shape)
    plain, weighed = components.row(_SIDE, _SIDE)
    with plain:
        st.markdown(stage.says("plain-cosines"))
        heat = stage.bench.saliency("cosine-topk", current.row, text)
        said = alt.mapped(components.film_name(current), "cosines", text, heat)
        components.film(current, said, heat=heat)
    with weighed:
        st.markdown(stage.says("read-weights"))
        heat = stage.bench.saliency("lrclr", current.row, text)
        said = alt.mapped(components.film_name(current), "weights", text, heat)
        components.film(current, said, heat=heat)
    st.markdown(stage.says("nowhere", share=100 * read.nowhere, text=text))
    return text
