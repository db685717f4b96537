"""Which studies of a set a score calls wrong for one finding, the worst first.

A threshold is part of what is looked at: `threshold_at_prevalence` is a fair place to begin, and no
more. Fit it on validation cases before any error rate is reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.metrics.auc import roc_auc
from core.studies import StudySet

KINDS: dict[str, str] = {
    "wrong": "called otherwise than labelled",
    "false positive": "called positive, labelled negative",
    "false negative": "called negative, labelled positive",
    "right": "called as labelled",
    "all": "every labelled study",
}
"""Kinds of studies that a gallery shows."""

_ALIKE = 1e-5  # of a score: equal pictures differ by rounding


class Card(NamedTuple):
    """A study of the gallery."""

    row: int  # of the set
    score: float
    labelled: bool
    called: bool
    margin: float  # how far the score is on the wrong side of the threshold; negative where right

    @property
    def wrong(self) -> bool:
        """Whether it is called otherwise than labelled."""
        return self.called != self.labelled


@dataclass(frozen=True)
class FindingScores:
    """Scores (n,) of a set for one finding and its labels (n,): 1, 0, NaN where not known."""

    finding: str
    scores: NDArray[np.float64]
    truth: NDArray[np.float64]

    @property
    def auc(self) -> float:
        """AUC over the studies that have a label and a score."""
        known = ~np.isnan(self.truth)
        return roc_auc(self.truth[known], self.scores[known])

    @property
    def extent(self) -> tuple[float, float]:
        """The lowest and the highest score."""
        return float(np.nanmin(self.scores)), float(np.nanmax(self.scores))


@dataclass(frozen=True)
class Gallery:
    """What `python -m core gallery` prints."""

    finding: str
    kind: str  # of KINDS
    threshold: float
    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int
    cards: tuple[Card, ...]  # of the kind, the worst error first

    def to_json(self, ids: Sequence[str]) -> dict[str, Any]:
        """finding, kind, threshold, counts {true_positives, ...} and studies [{id, score, ...}]."""
        names = ("true_positives", "false_negatives", "false_positives", "true_negatives")
        return {
            "finding": self.finding,
            "kind": self.kind,
            "threshold": self.threshold,
            "counts": {name: getattr(self, name) for name in names},
            "studies": [
                {"id": ids[card.row], "score": card.score, "called": int(card.called),
                 "labelled": int(card.labelled), "margin": card.margin}
                for card in self.cards
            ],
        }  # fmt: skip

    @property
    def sentence(self) -> str:
        """The counts in words."""
        return (
            f"At this threshold {self.true_positives} found, {self.false_negatives} missed, "
            f"{self.false_positives} false alarms, {self.true_negatives} rightly called negative."
        )


def labelled_findings(
    studies: StudySet, findings: Sequence[str], scores: NDArray[np.floating]
) -> dict[str, FindingScores]:
    """Findings that have both labels among the studies with a score, in the order given.

    Args:
        scores: (n, F), one column for each of the findings; NaN where an image cannot be read.

    Raises:
        ExplorerError: there is none.
    """
    labels = studies.labels
    both: dict[str, FindingScores] = {}
    for column, name in enumerate(findings):
        if name not in labels:
            continue
        score = scores[:, column].astype(np.float64)
        truth = np.where(np.isnan(score), np.nan, labels[name].to_numpy(float))
        if len(np.unique(truth[~np.isnan(truth)])) == 2:
            both[name] = FindingScores(name, score, truth)
    if not both:
        raise ExplorerError(f"'{studies.spec}' has no labels to call a score right or wrong.")
    return both


def worst_ranked(findings: Mapping[str, FindingScores]) -> str:
    """The finding with the lowest AUC, where there is most to see; the first of equals."""
    return min(findings, key=lambda name: findings[name].auc)


def check_spread(scores: FindingScores, spec: str) -> None:
    """Refuse scores of which none is more wrong than another.

    Raises:
        ExplorerError: all studies score alike.
    """
    low, high = scores.extent
    if high - low < _ALIKE:
        raise ExplorerError(f"All studies of '{spec}' score alike: none is more wrong.")


def threshold_at_prevalence(scores: FindingScores) -> float:
    """The score at which as many labelled studies are called positive as are labelled so.

    More, where scores are equal.
    """
    known = ~np.isnan(scores.truth)
    return float(np.quantile(scores.scores[known], 1 - scores.truth[known].mean()))


def gallery(scores: FindingScores, threshold: float | None = None, kind: str = "wrong") -> Gallery:
    """Call every labelled study by its score; those of a kind, the worst error first.

    Args:
        threshold: a score that reaches it is called positive; `threshold_at_prevalence` by default.

    Raises:
        ExplorerError: there is no such kind, or the threshold is no number.
    """
    if kind not in KINDS:
        raise ExplorerError(f"There is no kind '{kind}' of studies; choose {', '.join(KINDS)}.")
    at = threshold_at_prevalence(scores) if threshold is None else threshold
    if not np.isfinite(at):
        raise ExplorerError(f"The threshold {at} is no number; give a score, such as 0.1.")
    rows = np.flatnonzero(~np.isnan(scores.truth))
    score, labelled = scores.scores[rows], scores.truth[rows] != 0
    called, margin = score >= at, np.where(labelled, at - score, score - at)
    chosen = np.flatnonzero(_are(kind, labelled, called))
    chosen = chosen[np.argsort(-margin[chosen], kind="stable")]
    columns = (column[chosen].tolist() for column in (rows, score, labelled, called, margin))
    return Gallery(
        scores.finding, kind, at,
        true_positives=int((labelled & called).sum()),
        false_negatives=int((labelled & ~called).sum()),
        false_positives=int((~labelled & called).sum()),
        true_negatives=int((~labelled & ~called).sum()),
        cards=tuple(map(Card._make, zip(*columns, strict=True))),
    )  # fmt: skip


def _are(
    kind: str, labelled: NDArray[np.bool_], called: NDArray[np.bool_]
) -> NDArray[np.bool_]:  # fmt: skip
    """Which studies (n,) are of a kind."""
    return {
        "wrong": called != labelled,
        "right": called == labelled,
        "all": np.ones(len(called), bool),
        "false positive": called & ~labelled,
        "false negative": labelled & ~called,
    }[kind]
