"""Live pictures of shortcuts: the same patient with one thing changed; labels that may be wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.lessons.shortcuts import noisy_films, spread_between, twin_rows
from core.phantom.twins import CHANGES
from explorer.lessons import cache as lesson_cache
from explorer.lessons.stage import Stage
from explorer.regions import cache as region_cache
from explorer.shared import components

_SIDE = 300
_SMALL = 150


def twins(stage: Stage, asked: Mapping[str, Any]) -> None:
    """A patient drawn twice, and how far the score of a finding that neither has moves."""
    bench, finding = stage.bench, asked["finding"]
    text = asked["text"] or finding.lower()
    change = asked["differ"]
    if stage.changes("differ"):
        change = st.selectbox(stage.says("differ"), list(CHANGES), list(CHANGES).index(change),
                              format_func=lambda name: stage.says(f"change-{name}"),
                              key=f"{stage.key}_differ")  # fmt: skip
    (row,) = twin_rows(bench, finding, 1)
    pair = lesson_cache.twins(stage.lesson, bench, row, change, text)
    what = CHANGES[change]
    sides = zip((pair.low, pair.high), (what.low, what.high), pair.scores, strict=True)
    for place, (film, name, score) in zip(components.row(_SIDE, _SIDE), sides, strict=True):
        with place:
            told = stage.says("twin-score", name=name, score=score)
            components.picture(np.clip(film, 0, 255).astype(np.uint8), told, told)
    share = 100 * pair.moved / spread_between(bench, finding, text)
    st.markdown(stage.says("twin-moved", moved=pair.moved, share=share, finding=finding,
                           change=stage.says(f"change-{change}")))  # fmt: skip


def labels(stage: Stage, asked: Mapping[str, Any]) -> list[str] | None:
    """Own films with the labels they were given; those that are thought wrong are ticked."""
    finding = asked["finding"]
    text = asked["text"] or finding.lower()
    films = noisy_films(stage.bench, finding, text, asked["films"], asked["flips"])
    st.markdown(stage.says("labels", films=len(films.rows), wrong=len(films.wrong),
                           finding=finding))  # fmt: skip
    order = np.argsort([-score for score in films.scores], kind="stable")
    line, ticked = st.container(horizontal=True, gap="small"), []
    for place in order:
        row = films.rows[place]
        label = stage.says("with" if films.given[place] else "without", finding=finding)
        with line.container(width=_SMALL):
            film = region_cache.thumbnail(stage.bench.studies, row)
            components.picture(film, f"Radiograph {row + 1}, labelled {label}.", None, _SMALL)
            st.caption(stage.says("label-and-score", label=label, score=films.scores[place]))
            if stage.changes("films"):
                name = stage.says("label-is-wrong")
                if st.checkbox(name, key=f"{stage.key}_{row}"):
                    ticked.append(str(row))
    return ticked or None
