"""Top regions over the set: filter by finding and by right or wrong, the worst errors first."""

from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.metrics.auc import roc_auc
from core.studies import StudySet
from explorer.prompts import cache as score_cache
from explorer.prompts import score_table
from explorer.regions import cache as region_cache
from explorer.shared import cache, components, state

_PAGE = 12
_ALIKE = 1e-5  # of a score: equal pictures differ by rounding
_KINDS = {
    "wrong": "wrong", "false positive": "called positive, labelled negative",
    "false negative": "called negative, labelled positive", "right": "right", "all": "all",
}  # fmt: skip


class _Card(NamedTuple):
    row: int
    score: float
    truth: float
    margin: float  # how far on the wrong side of the threshold; negative where right


def draw() -> None:
    """Filters, then cards; a card's button makes its study the current one."""
    prompts = state.session().prompts
    studies = cache.studies(state.session().study_set)
    spec = state.session().model
    known = [n for n in prompts if n in studies.labels and studies.labels[n].nunique() == 2]
    if not known:
        raise ExplorerError(f"'{studies.spec}' has no labels to call a score right or wrong.")
    columns = list(prompts)
    every = score_cache.scores(spec, studies, prompts)["lrclr"]
    one, two, three = st.columns([1, 1, 2])
    aucs = [_auc(studies, name, every[:, columns.index(name)]) for name in known]
    # Starts where there is most to see: at the finding that is ranked worst.
    finding = one.selectbox("Finding", known, int(np.argmin(aucs)), key="gallery_finding")
    kind = two.selectbox("Show", list(_KINDS), key="gallery_kind")
    scores = every[:, columns.index(finding)]
    truth = _truth(studies, finding, scores)
    low, high = float(np.nanmin(scores)), float(np.nanmax(scores))
    if high - low < _ALIKE:
        raise ExplorerError(f"All studies of '{studies.spec}' score alike: none is more wrong.")
    start = score_table.prevalence_threshold(scores, truth)
    threshold = three.slider(
        "Threshold of the score", low, high, start, (high - low) / 200, key=f"gallery_{finding}",
        help="Starts where as many studies are called positive as are labelled so. Fit it on "
        "validation cases, never on the ones you report.",
    )  # fmt: skip
    cards = _cards(scores, truth, threshold, kind)
    _counts(scores, truth, threshold)
    if not cards:
        st.info("No study of the set is of this kind at this threshold.")
        return
    pages = (len(cards) - 1) // _PAGE + 1
    page = 0
    if pages > 1:
        page = int(st.number_input("Page", 1, pages, 1, key="gallery_page", width=140)) - 1
    shown = cards[page * _PAGE : (page + 1) * _PAGE]
    for place, card in zip(components.row(*[235] * len(shown)), shown, strict=True):
        with place:
            st.image(
                region_cache.weights_picture(spec, studies, card.row, prompts[finding].positive),
                width="stretch",
            )
            _card(studies, card, threshold)


def _auc(studies: StudySet, finding: str, scores: NDArray[np.float32]) -> float:
    truth = _truth(studies, finding, scores)
    known = ~np.isnan(truth)
    return roc_auc(truth[known], scores[known].astype(float))


def _truth(
    studies: StudySet, finding: str, scores: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Labels (n,), not known where the image cannot be read and so has no score."""
    return np.where(np.isnan(scores), np.nan, studies.labels[finding].to_numpy(float))


def _cards(
    scores: NDArray[np.float32], truth: NDArray[np.float64], threshold: float, kind: str
) -> list[_Card]:
    cards = []
    for row, (score, label) in enumerate(zip(scores, truth, strict=True)):
        if np.isnan(label):
            continue
        margin = float(threshold - score if label == 1 else score - threshold)
        wrong = margin > 0
        wanted = {
            "wrong": wrong, "right": not wrong, "all": True,
            "false positive": wrong and label == 0, "false negative": wrong and label == 1,
        }[kind]  # fmt: skip
        if wanted:
            cards.append(_Card(row, float(score), float(label), margin))
    return sorted(cards, key=lambda card: -card.margin)


def _counts(scores: NDArray[np.float32], truth: NDArray[np.float64], threshold: float) -> None:
    called = scores >= threshold
    hits, misses = int((called & (truth == 1)).sum()), int((~called & (truth == 1)).sum())
    alarms, passes = int((called & (truth == 0)).sum()), int((~called & (truth == 0)).sum())
    st.caption(
        f"At this threshold {hits} found, {misses} missed, {alarms} false alarms, {passes} rightly "
        "called negative. The worst errors come first."
    )


def _card(studies: StudySet, card: _Card, threshold: float) -> None:
    called = "positive" if card.score >= threshold else "negative"
    label = "positive" if card.truth == 1 else "negative"
    mark = ":red[wrong]" if card.margin > 0 else ":green[right]"
    st.caption(f"{mark}: called {called}, labelled {label}; score {card.score:.2f}")
    components.open_button(studies, card.row, f"open_{card.row}")
