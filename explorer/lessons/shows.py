"""Live pictures of lessons: each is drawn, and gives back what the student set in it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.attribution import METHODS
from core.inference.map_choice import FAMILY, Choice
from core.lessons.bench import LessonBench, personal
from core.lessons.lesson import Lesson, Show
from core.lessons.map_probes import CONTROL, hits
from core.lessons.text_probes import auc_of, rates_at
from core.metrics.auc import roc_auc
from core.metrics.localisation import pointing_game
from explorer.lessons import cache as lesson_cache
from explorer.lessons import contrast_view, markup, region_views, shortcut_views
from explorer.lessons.stage import Stage, thumbnails
from explorer.regions import cache as region_cache
from explorer.regions import presenter
from explorer.shared import cache, components
from explorer.shared.progress import page_progress
from explorer.shared.state import Current

_QUICK = ("lrclr", "similarity", "gradcam", "rollout", "relevance", "random", "centre")
"""Methods that a lesson's films are mapped by while somebody waits."""

Drawn = Callable[[Stage, Mapping[str, Any]], Any]


def draw(lesson: Lesson, show: Show, bench: LessonBench) -> Any:
    """Draw a show; gives back what the student set, None where nothing can be changed."""
    return _DRAWN[show.view](Stage(lesson, show, bench), personal(show.settings, bench.seed))


def _film(stage: Stage, asked: Mapping[str, Any]) -> str:
    studies = stage.bench.studies
    current = Current(studies, min(asked["study"], len(studies) - 1))
    text = stage.text(asked["text"])
    regions = region_cache.weighed_boxes(stage.lesson.model, studies, current.row, text,
                                         components.shape(current))  # fmt: skip
    mask = studies.masks(current.row).get(asked["truth"])
    truth = {} if mask is None else {stage.says(f"finding {asked['truth']}"): mask}
    components.region_film(current, regions, text, f"{stage.key}_film", 420, truth)
    if regions.no_place:
        st.caption(regions.no_place)
    presenter.draw_lesson(stage.key, stage.lesson.model, studies, [current.row, *_own_rows(stage)],
                          text)  # fmt: skip
    return text


def _own_rows(stage: Stage) -> list[int]:
    """The student's own films, which the whole window goes through."""
    return [int(row) for row in stage.bench.rows]


def _ranking(stage: Stage, asked: Mapping[str, Any]) -> str:
    bench, finding = stage.bench, asked["finding"]
    text = stage.text(asked["text"] or finding.lower())
    scores, truth = bench.score(text, asked["score"])[bench.rows], bench.truth(finding)
    auc = auc_of(bench, text, finding, asked["score"])
    st.markdown(stage.says("ranking", text=text, films=len(truth), finding=finding, auc=auc))
    _lanes(stage, scores, truth, finding, text, auc)
    order = np.argsort(-scores, kind="stable")
    for told, places in (("highest", order[:4]), ("lowest", order[::-1][:4])):
        st.caption(stage.says(told))
        rows = [(int(bench.rows[p]), bool(truth[p])) for p in places]
        thumbnails(stage.lesson, [
            (row, stage.says("with" if has else "without", finding=finding)) for row, has in rows
        ])  # fmt: skip
    return text


def _lanes(stage: Stage, scores: Any, truth: Any, finding: str, text: str, auc: float,
           threshold: float | None = None) -> None:  # fmt: skip
    names = [stage.says(name, finding=finding) for name in ("with", "without")]
    said = stage.says("lanes-alt", text=text, finding=finding, auc=auc)
    ends = (stage.says("low-scores"), stage.says("high-scores"))
    st.html(markup.lanes(scores, truth, names, ends, said, threshold))


def _threshold(stage: Stage, asked: Mapping[str, Any]) -> float:
    bench, finding = stage.bench, asked["finding"]
    text = asked["text"] or finding.lower()
    scores, truth = bench.score(text, "lrclr")[bench.rows], bench.truth(finding)
    threshold = asked["start"]
    if stage.changes("threshold"):
        low, high = float(np.floor(scores.min())), float(np.ceil(scores.max()))
        threshold = st.slider(stage.says("threshold"), low, high, min(max(threshold, low), high),
                              0.05, key=f"{stage.key}_threshold")  # fmt: skip
    _lanes(stage, scores, truth, finding, text, roc_auc(truth, scores), threshold)
    called = scores >= threshold
    sensitivity, specificity = rates_at(bench, finding, text, threshold)
    counts = {
        "found": int(called[truth == 1].sum()), "positives": int(truth.sum()),
        "alarms": int(called[truth == 0].sum()), "negatives": int((truth == 0).sum()),
    }  # fmt: skip
    st.markdown(stage.says("threshold-counts", **counts, finding=finding,
                           sensitivity=sensitivity, specificity=specificity))  # fmt: skip
    return float(threshold)


def _maps(stage: Stage, asked: Mapping[str, Any]) -> str:
    bench, finding = stage.bench, asked["finding"]
    text = asked["text"] or finding.lower()
    choice = _map_picker(stage, asked["map"]) if stage.changes("map") else asked["map"]
    rows = bench.having(finding, asked["films"])
    pictures, rates = [], []
    with page_progress(stage.says("making-maps")) as progress:
        for number, row in enumerate(rows):
            rates.append(pointing_game(bench.saliency(choice, row, text),
                                       bench.studies.masks(row)[finding]))  # fmt: skip
            pictures.append((row, stage.says("hit" if rates[-1] > 0.5 else "miss")))
            progress(number + 1, len(rows))
    control = float(np.mean(list(hits(bench, CONTROL, finding, text, asked["films"]).values())))
    st.markdown(stage.says("hit-rate", rate=float(np.mean(rates)), films=len(rows), text=text,
                           control=control, finding=finding))  # fmt: skip
    thumbnails(stage.lesson, pictures, (choice, text), finding, bench)
    return choice


def _map_picker(stage: Stage, start: str) -> str:
    """A map of one's own: the method; of Grad-CAM its variant, layer and score."""
    from core.attribution.cam import VARIANTS
    from core.attribution.layer import layer_name, model_layers
    from core.inference.map_choice import explained_scores

    model, begun = stage.bench.predictor.model, Choice.parse(start)
    method_place, *places = components.row(210, 160, 210, 130)
    with method_place:
        method = st.selectbox(stage.says("method"), _QUICK, _QUICK.index(begun.method),
                              format_func=lambda name: METHODS[name].title,
                              key=f"{stage.key}_method")  # fmt: skip
    if method != FAMILY:
        return str(method)
    layers, scores = list(model_layers(model)), list(explained_scores(model.config))
    variants = list(VARIANTS)
    lists: tuple[tuple[str, list[Any], Any, Callable[[Any], str]], ...] = (
        ("variant", variants, begun.variant, lambda name: VARIANTS[name].title),
        ("layer", layers, begun.layer, layer_name),
        ("score", scores, begun.score, str),
    )
    chosen = []
    for place, (name, options, first, shown) in zip(places, lists, strict=True):
        with place:
            at = options.index(first) if first in options else 0
            chosen.append(st.selectbox(stage.says(name), options, at, format_func=shown,
                                       key=f"{stage.key}_{name}"))  # fmt: skip
    return str(Choice(FAMILY, chosen[2], chosen[0], chosen[1]))


_DRAWN: dict[str, Drawn] = {
    "film": _film, "ranking": _ranking, "threshold": _threshold, "maps": _maps,
    "matrix": contrast_view.matrix, "depth": contrast_view.depth, "kept": region_views.kept,
    "mirror": region_views.mirror, "reading": region_views.reading,
    "twins": shortcut_views.twins, "labels": shortcut_views.labels,
}  # fmt: skip


def warm(lesson: Lesson) -> None:
    """Encode a lesson's films, with progress the first time."""
    studies = lesson_cache.films(lesson)
    cache.encode_set(cache.predictor(lesson.model), cache.fingerprint_of(studies), studies)
