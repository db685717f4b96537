"""AUC of every slice of a column and of its rest, in all resamples, by one sort of the films.

The rest is never counted: its pairs of a positive and a negative film are those of all films, less
those with a film of the slice. So a column of a hundred values costs what one of two does. Only
whole numbers are summed: the result does not hang on the order.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.confusion import ratio
from core.analysis.shares import Difference, difference
from core.metrics.bootstrap import Draws

Array = NDArray[np.float64]


Ints = NDArray[np.int64]


class _Beside(NamedTuple):
    """Where each score of a list stands among others that are sorted."""

    below: Ints  # how many lie below it
    through: Ints  # how many lie below it or are equal

    @classmethod
    def among(cls, scores: Array, others: Array) -> "_Beside":
        """Of scores (p,) among others (q,) in rising order."""
        sides = (np.searchsorted(others, scores, side) for side in ("left", "right"))
        return cls(*sides)

    def twice(self, running: Draws) -> Draws:
        """Twice the films below, those with an equal score once, of `_running` counts: (r, p)."""
        told = np.take(running, self.below, axis=1)
        told += np.take(running, self.through, axis=1)
        return told


class _Sums:
    """Sums over the films of each of K slices, which lie one after the other."""

    def __init__(self, codes: Ints, count: int) -> None:
        self._starts = np.flatnonzero(np.diff(codes, prepend=-1))
        self._there, self._count = codes[self._starts], count

    def __call__(self, values: NDArray[Any]) -> Array:
        """Of values (r, n), (r, K); zero where a slice has none."""
        sums = np.zeros((len(values), self._count))
        if len(self._starts):
            sums[:, self._there] = np.add.reduceat(values, self._starts, axis=1)
        return sums


class SliceAuc:
    """AUC inside each of K slices and in the rest."""

    def __init__(self, truth: Array, score: Array, codes: Ints, against_all: bool = False) -> None:
        """No resample counted yet.

        Args:
            truth: (n,) of 0 and 1.
            score: (n,).
            codes: (n,), the slice of each film, 0 to K - 1, each with a film; -1 for none.
            against_all: positive films of a slice against all negatives, for slices that only
                positive films can be in.
        """
        self._against_all, self._count, self._n = against_all, int(codes.max()) + 1, len(score)
        mine, others = ((truth == label) & (codes >= 0) for label in (1, 0))
        order = np.lexsort((score, codes))
        self._mine, self._own = order[mine[order]], order[others[order]]
        ranked = np.argsort(score, kind="stable")
        self._mine_ranked = ranked[mine[ranked]]
        # For lesions, negatives of no slice count, too.
        self._others_ranked = ranked[((truth == 0) if against_all else others)[ranked]]
        self._sum_mine = _Sums(codes[self._mine], self._count)
        self._sum_own = _Sums(codes[self._own], self._count)
        self._under = _Beside.among(score[self._mine], score[self._others_ranked])
        self._over = _Beside.among(score[self._own], score[self._mine_ranked])
        group = np.unique(score, return_inverse=True)[1] + codes * (self._n + 1)  # slice, score
        self._inner = _Beside.among(group[self._mine], group[self._own])
        self._begins = np.searchsorted(codes[self._own], codes[self._mine])
        self._draws: list[tuple[Array, Array]] = []

    def add(self, part: Draws) -> None:
        """Count resamples (r, n)."""
        self._draws.append(self._figures(part))

    def differences(self) -> list[Difference]:
        """Of each slice to its rest, over all resamples that were added."""
        inside, rest = self._figures(np.ones((1, self._n), np.int32))
        insides, rests = (np.concatenate(parts) for parts in zip(*self._draws, strict=True))
        return [
            difference(float(inside[0, k]), float(rest[0, k]), insides[:, k], rests[:, k])
            for k in range(inside.shape[1])
        ]

    def _figures(self, drawn: Draws) -> tuple[Array, Array]:
        """AUC inside and in the rest, (r, K) each; NaN where a class is missing."""
        mine = np.take(drawn, self._mine, axis=1)
        under = _running(np.take(drawn, self._others_ranked, axis=1))
        own_positives, negatives = self._sum_mine(mine), under[:, -1:]
        positives = own_positives.sum(axis=1, keepdims=True)
        # Pairs of mine with every negative, then with those of the slice; twice, so that all is
        # counted in whole numbers.
        mine_any = self._sum_mine(_product(mine, self._under.twice(under)))
        wins = mine_any.sum(axis=1, keepdims=True)
        if self._against_all:
            inside = ratio(mine_any / 2, own_positives * negatives)
            pairs = (positives - own_positives) * negatives
            return inside, ratio((wins - mine_any) / 2, pairs)
        own = np.take(drawn, self._own, axis=1)
        own_negatives, before = self._sum_own(own), _running(own)
        inner = self._inner.twice(before)
        inner -= 2 * np.take(before, self._begins, axis=1)
        within = self._sum_mine(_product(mine, inner))
        over = self._over.twice(_running(np.take(drawn, self._mine_ranked, axis=1)))
        any_others = 2 * own_negatives * positives - self._sum_own(_product(own, over))
        rest = wins - mine_any - any_others + within
        pairs = (positives - own_positives) * (negatives - own_negatives)
        return ratio(within / 2, own_positives * own_negatives), ratio(rest / 2, pairs)


def _running(drawn: Draws) -> Draws:
    """How many are drawn before each place, (r, n + 1)."""
    counts = np.zeros((len(drawn), drawn.shape[1] + 1), np.int32)
    np.cumsum(drawn, axis=1, out=counts[:, 1:])
    return counts


def _product(left: Draws, right: Draws) -> Array:
    """In numbers that hold it, (r, n)."""
    return np.multiply(left, right, dtype=np.float64)
