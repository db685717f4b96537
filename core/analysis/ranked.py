"""Cases of one finding in the order of their scores, counted in every resample at once.

ROC, precision and recall, AUC and what a threshold makes of the cases are all read from the same
two running sums, so that one pass over the cases serves them all.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.metrics.bootstrap import Draws

Array = NDArray[np.float64]

GRID = np.linspace(0, 1, 101)
"""Where curves are read: false positive rates of the ROC, recalls of precision."""
_HAIR = 1e-9


class Counts(NamedTuple):
    """How many are called positive at each of G thresholds, the highest first, in r resamples."""

    true_positives: Array  # (r, G)
    false_positives: Array  # (r, G)


class CurveDraws(NamedTuple):
    """Figures of r resamples; NaN where a class was not drawn."""

    auc: Array  # (r,)
    average_precision: Array  # (r,)
    roc: Array  # (r, 101), true positive rate at each false positive rate of GRID
    precision: Array  # (r, 101), at each recall of GRID


@dataclass(frozen=True)
class Ranked:
    """Cases in the order of their scores.

    Attributes:
        order: (n,), cases from the highest score to the lowest.
        starts: (G,), where each group of equal scores begins in that order.
        thresholds: (G,), the score of each group.
        positive: (n,), 1 or 0, in that order.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    thresholds: Array
    positive: NDArray[np.int32]

    @classmethod
    def of(cls, truth: Array, score: Array) -> "Ranked":
        """Order cases by score (n,) with truth (n,) of 0 and 1."""
        order = np.argsort(-score, kind="stable")
        starts = np.flatnonzero(np.diff(score[order], prepend=np.inf))
        return cls(order, starts, score[order][starts], truth[order].astype(np.int32))

    def counts(self, weights: Draws) -> Counts:
        """Counts of resamples (r, n); a score that equals the threshold is called positive."""
        drawn = weights[:, self.order]
        called = self._running(drawn)
        drawn *= self.positive
        hits = self._running(drawn)
        return Counts(hits.astype(np.float64), (called - hits).astype(np.float64))

    def _running(self, drawn: Draws) -> Draws:
        """Sums up to the end of each group, (r, G); whole numbers, which are added quickest."""
        sums = np.cumsum(drawn, axis=1, dtype=np.int32)
        if len(self.starts) == len(self.order):
            return sums
        # To sum each group first (`reduceat`) takes several times as long where few are equal.
        return np.take(sums, np.append(self.starts[1:], len(self.order)) - 1, axis=1)

    def whole(self) -> Counts:
        """Counts of the cases themselves, (1, G)."""
        return self.counts(np.ones((1, len(self.order)), np.int32))


def curve_draws(counts: Counts) -> CurveDraws:
    """ROC, precision and the areas under them."""
    hits, alarms = counts
    positives, negatives = hits[:, -1], alarms[:, -1]
    known = (positives > 0) & (negatives > 0)
    roc = np.full((len(hits), len(GRID)), np.nan)
    precision = np.full_like(roc, np.nan)
    auc, average = np.full(len(hits), np.nan), np.full(len(hits), np.nan)
    for row in np.flatnonzero(known):
        rate, false_rate = hits[row] / positives[row], alarms[row] / negatives[row]
        # Beside the grid by less than a case: 3 of 10 is not quite 0.3 in binary.
        roc[row] = np.interp(GRID + _HAIR, np.append(0, false_rate), np.append(0, rate))
        called = hits[row] + alarms[row]
        purity = np.divide(hits[row], called, out=np.ones_like(rate), where=called > 0)
        precision[row] = purity[np.searchsorted(rate, np.maximum(GRID - _HAIR, _HAIR))]
        auc[row] = np.trapezoid(rate, false_rate) + rate[0] * false_rate[0] / 2
        average[row] = np.diff(rate, prepend=0) @ purity
    return CurveDraws(auc, average, roc, precision)
