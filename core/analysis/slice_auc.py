"""AUC of every slice of a column and of its rest, in all resamples, by one sort of the films.

The rest is never counted: its pairs of a positive and a negative film are those of all films, less
those with a film of the slice. So a column of a hundred values costs what one of two does.
"""

import numpy as np
from numpy.typing import NDArray

from core.analysis.confusion import ratio
from core.analysis.shares import Difference, difference
from core.metrics.bootstrap import Draws

Array = NDArray[np.float64]


class SliceAuc:
    """AUC inside each of K slices and in the rest."""

    def __init__(
        self, truth: Array, score: Array, codes: NDArray[np.int64], against_all: bool = False
    ) -> None:
        """No resample counted yet.

        Args:
            truth: (n,) of 0 and 1.
            score: (n,).
            codes: (n,), the slice of each film, 0 to K - 1, each with a film; -1 for none.
            against_all: positive films of a slice against all negatives, for slices that only
                positive films can be in.
        """
        kept = (codes >= 0) | (against_all & (truth == 0))
        self._against_all = against_all
        self._rows = np.flatnonzero(kept)
        positive, codes = truth[kept].astype(np.int32), codes[kept]
        group = np.unique(score[kept], return_inverse=True)[1]
        self._order = np.argsort(group, kind="stable")
        self._starts = np.flatnonzero(np.diff(group[self._order], prepend=-1))
        self._positive = positive[self._order]
        by_slice = np.lexsort((group, codes))
        self._by_slice = by_slice[codes[by_slice] >= 0]
        code, place = codes[self._by_slice], group[self._by_slice]
        self._inner = np.flatnonzero(
            (np.diff(code, prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0)
        )
        self._place = place[self._inner]  # group of all films that each group of a slice is in
        self._slice = code[self._inner]
        self._slices = np.flatnonzero(np.diff(self._slice, prepend=-1))
        self._inner_positive = positive[self._by_slice]
        self._draws: list[tuple[Array, Array]] = []

    def add(self, part: Draws) -> None:
        """Count resamples (r, n)."""
        self._draws.append(self._figures(part[:, self._rows]))

    def differences(self) -> list[Difference]:
        """Of each slice to its rest, over all resamples that were added."""
        inside, rest = self._figures(np.ones((1, len(self._rows)), np.int32))
        insides, rests = (np.concatenate(parts) for parts in zip(*self._draws, strict=True))
        return [
            difference(float(inside[0, k]), float(rest[0, k]), insides[:, k], rests[:, k])
            for k in range(inside.shape[1])
        ]

    def _figures(self, drawn: Draws) -> tuple[Array, Array]:
        """AUC inside and in the rest, (r, K) each; NaN where a class is missing."""
        positive, negative = _grouped(drawn[:, self._order], self._positive, self._starts)
        below = negative.cumsum(axis=1) - negative / 2
        positives, negatives = (
            counts.sum(axis=1, keepdims=True) for counts in (positive, negative)
        )
        wins = (positive * below).sum(axis=1, keepdims=True)
        mine, others = _grouped(drawn[:, self._by_slice], self._inner_positive, self._inner)
        own_positives, own_negatives = self._summed(mine), self._summed(others)
        mine_any = self._summed(mine * below[:, self._place])  # mine against every negative
        if self._against_all:
            inside = ratio(mine_any, own_positives * negatives)
            return inside, ratio(wins - mine_any, (positives - own_positives) * negatives)
        above = positives - positive.cumsum(axis=1) + positive / 2
        any_others = self._summed(others * above[:, self._place])
        before = others.cumsum(axis=1)
        before -= (before - others)[:, self._slices][:, self._slice]  # within the slice
        within = self._summed(mine * (before - others / 2))
        rest = wins - mine_any - any_others + within
        pairs = (positives - own_positives) * (negatives - own_negatives)
        return ratio(within, own_positives * own_negatives), ratio(rest, pairs)

    def _summed(self, values: Array) -> Array:
        return np.add.reduceat(values, self._slices, axis=1)


def _grouped(
    drawn: Draws, positive: NDArray[np.int32], starts: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Positive and negative films of each group of equal scores, (r, G)."""
    both = np.add.reduceat(drawn, starts, axis=1).astype(np.float64)
    hits = np.add.reduceat(drawn * positive, starts, axis=1).astype(np.float64)
    return hits, both - hits
