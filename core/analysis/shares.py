"""Shares of films with an event, inside a group and outside it, compared many at a time.

All groups of all resamples are one matrix product, so that a hundred comparisons cost little more
than one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.confusion import ratio
from core.evaluation.report import figure_json
from core.metrics.bootstrap import Draws, Interval, interval

_AT_ONCE = 2**22  # weights

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Difference:
    """A figure inside a group, outside it, and how they differ.

    `p` is two-sided, of the difference by the spread of its resamples (normal), for shares also by
    Fisher's exact test, whichever is greater; NaN where it cannot be known.
    """

    inside: Interval
    outside: Interval
    difference: Interval  # inside less outside
    p: float

    def to_json(self) -> dict[str, Any]:
        """inside, outside and difference as figures, and p."""
        return {
            "inside": figure_json(self.inside),
            "outside": figure_json(self.outside),
            "difference": figure_json(self.difference),
            "p": self.p,
        }


def difference(
    inside: float, outside: float, inside_draws: Array, outside_draws: Array
) -> Difference:
    """Compare two figures that took the same draws (R,)."""
    gap, gaps = inside - outside, inside_draws - outside_draws
    return Difference(
        interval(inside, inside_draws), interval(outside, outside_draws), interval(gap, gaps),
        two_sided(gap, gaps),
    )  # fmt: skip


def two_sided(value: float, draws: Array) -> float:
    """p of a difference of zero, by the standard deviation of its draws (R,).

    Smooth where the share of draws beyond zero is not: among many comparisons p must tell 1e-6 from
    1e-3, for which no thousand resamples are enough.
    """
    from scipy.special import ndtr

    known = draws[~np.isnan(draws)]
    if np.isnan(value) or len(known) < 2:
        return float("nan")
    spread = float(known.std(ddof=1))
    if spread == 0:
        return 1.0 if value == 0 else 0.0
    return float(2 * ndtr(-abs(value) / spread))


def corrected(p_values: Iterable[float]) -> list[float]:
    """p of several comparisons, corrected for how many there are (Benjamini and Hochberg, 1995).

    NaN are no comparisons and stay NaN.

    >>> corrected([0.01, float("nan"), 0.04])
    [0.02, nan, 0.04]
    """
    from scipy.stats import false_discovery_control

    given = np.array(list(p_values), float)
    known = ~np.isnan(given)
    if known.any():
        given[known] = false_discovery_control(given[known])
    return [float(value) for value in given]


class Shares:
    """Share of films with an event inside each of K groups, against those outside."""

    def __init__(self, event: Mask, inside: Mask, outside: Mask) -> None:
        """No resample counted yet.

        Args:
            event: (n, K), or (n, 1) where it is the same for all groups.
            inside: (n, K).
            outside: (n, K), what each is compared with.
        """
        columns = np.concatenate([event & inside, inside, event & outside, outside], axis=1)
        self.counts = columns.sum(axis=0, dtype=np.float64).reshape(4, -1)
        # Pairs share their columns: each is summed once.
        packed = np.ascontiguousarray(np.packbits(columns, axis=0).T)
        rows = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
        _, first, self._place = np.unique(rows, return_index=True, return_inverse=True)
        self._columns = columns[:, first].astype(np.float32)  # whole numbers below 2**24 are exact
        self._waiting: list[Draws] = []
        self._sums: list[Array] = []

    def add(self, part: Draws) -> None:
        """Count resamples (r, n)."""
        self._waiting.append(part)
        if sum(one.size for one in self._waiting) >= _AT_ONCE:
            self._sum()

    def _sum(self) -> None:
        """Many resamples by one product: the columns are read from memory once for all."""
        if self._waiting:
            drawn = np.concatenate(self._waiting).astype(np.float32)
            self._sums.append((drawn @ self._columns).astype(np.float64))
            self._waiting = []

    def differences(self) -> list[Difference]:
        """Of each group, over all resamples that were added."""
        self._sum()
        sums = np.concatenate(self._sums)[:, self._place].reshape(-1, *self.counts.shape)
        rates, others = ratio(sums[:, 0], sums[:, 1]), ratio(sums[:, 2], sums[:, 3])
        rate, other = ratio(self.counts[0], self.counts[1]), ratio(self.counts[2], self.counts[3])
        compared = [
            difference(float(rate[k]), float(other[k]), rates[:, k], others[:, k])
            for k in range(len(rate))
        ]
        return [
            replace(one, p=max(one.p, _exact(counts)))
            for one, counts in zip(compared, self.counts.T.astype(int), strict=True)
        ]


def _exact(counts: NDArray[np.int64]) -> float:
    """Fisher's exact p of two shares; NaN where there is none.

    Of two films that are both wrong no resample is otherwise, so that their spread says nothing;
    the exact test minds few films, the resamples mind films of one patient, and the greater p of
    both is told.

    Args:
        counts: films with the event inside, inside, with it outside, outside.
    """
    from scipy.stats import fisher_exact

    hits, size, other_hits, other_size = counts
    if not size or not other_size:
        return float("nan")
    table = [[hits, size - hits], [other_hits, other_size - other_hits]]
    return float(fisher_exact(table).pvalue)
