"""What a threshold makes of the cases of one finding: four counts, and rates with intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.ranked import Counts, Ranked
from core.evaluation.report import figure_json
from core.metrics.bootstrap import Interval, interval

Array = NDArray[np.float64]

RATES: dict[str, str] = {
    "sensitivity": "of the films with the finding, how many are called",
    "specificity": "of the films without it, how many are not called",
    "ppv": "of the films that are called, how many have it",
    "npv": "of the films that are not called, how many lack it",
    "accuracy": "of all films, how many are called as labelled",
    "f1": "harmonic mean of sensitivity and ppv",
}
"""Rates of a confusion."""


@dataclass(frozen=True)
class Confusion:
    """Counts at a threshold and RATES with their intervals; NaN where nothing is counted."""

    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int
    rates: dict[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """The four counts, and rates {rate: figure}."""
        counts = {key: value for key, value in self.__dict__.items() if key != "rates"}
        rates = {name: figure_json(figure) for name, figure in self.rates.items()}
        return {**counts, "rates": rates}


def called(ranked: Ranked, counts: Counts, threshold: float) -> tuple[Array, Array]:
    """True and false positives at a threshold, (r,) each."""
    place = int(np.searchsorted(-ranked.thresholds, -threshold, side="right")) - 1
    if place < 0:  # higher than every score
        nothing = np.zeros(len(counts.true_positives))
        return nothing, nothing
    return counts.true_positives[:, place], counts.false_positives[:, place]


def rates(ranked: Ranked, counts: Counts, threshold: float) -> dict[str, Array]:
    """RATES at a threshold in r resamples, (r,) each; NaN where nothing is counted."""
    hits_alarms = Counts(*called(ranked, counts, threshold))
    return ratios(hits_alarms, counts.true_positives[:, -1], counts.false_positives[:, -1])


def ratios(counts: Counts, positives: Array, negatives: Array) -> dict[str, Array]:
    """RATES of counts of any shape, of so many positives and negatives; NaN where of nothing."""
    hits, alarms = counts
    rejected = negatives - alarms
    return {
        "sensitivity": ratio(hits, positives),
        "specificity": ratio(rejected, negatives),
        "ppv": ratio(hits, hits + alarms),
        "npv": ratio(rejected, rejected + positives - hits),
        "accuracy": ratio(hits + rejected, positives + negatives),
        "f1": ratio(2 * hits, hits + alarms + positives),
    }


def ratio(part: Array, whole: Array) -> Array:
    """Element by element; NaN where the whole is nothing."""
    shape = np.broadcast_shapes(np.shape(part), np.shape(whole))
    return np.divide(part, whole, out=np.full(shape, np.nan), where=whole > 0)


def confusion(ranked: Ranked, threshold: float, draws: dict[str, Array]) -> Confusion:
    """The counts of the cases themselves, and rates with the intervals of their draws.

    Args:
        draws: `rates` of R resamples, (R,) each.
    """
    counts = ranked.whole()
    hits, alarms = (int(value[0]) for value in called(ranked, counts, threshold))
    positives = int(counts.true_positives[0, -1])
    negatives = int(counts.false_positives[0, -1])
    figures = {
        name: interval(float(value[0]), draws[name])
        for name, value in rates(ranked, counts, threshold).items()
    }
    return Confusion(hits, positives - hits, alarms, negatives - alarms, figures)
