"""Percentile bootstrap intervals (Efron & Tibshirani, 1993) over patients.

Films of one patient are not independent, so that they are drawn together (the cluster bootstrap;
Field & Welsh, JRSS B 2007). A draw is a row of weights, how often each case was drawn: figures that
are compared take the same draws.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Narrow = NDArray[np.uint8] | NDArray[np.uint16]
Draws = NDArray[np.int32]
"""(R, n), how often each of n cases is in each of R resamples."""

_AT_ONCE = 2**22  # numbers that are drawn before they are narrowed
_KEPT = 2**24  # weights of patients that are kept for the next to ask
_PART = 2**18  # weights of a part, so that what is counted of them stays in the cache


class Interval(NamedTuple):
    """A figure with its 95 % interval; NaN where it cannot be known."""

    value: float
    low: float
    high: float


class Sampled(NamedTuple):
    """A figure and what it is in each of R resamples."""

    value: float
    draws: Array  # (R,), NaN where a resample cannot tell

    def __sub__(self, other: "Sampled") -> "Sampled":
        return Sampled(self.value - other.value, self.draws - other.draws)

    def interval(self) -> Interval:
        """With its 95 % interval."""
        return interval(self.value, self.draws)


def interval(value: float, draws: Array, level: float = 0.95) -> Interval:
    """The percentile interval of bootstrap draws (R,) around a value; NaN draws do not count."""
    known = draws[~np.isnan(draws)]
    if not len(known) or np.isnan(value):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def band(draws: Array) -> tuple[Array, Array]:
    """Where 95 % of draws (R, K) lie, low and high (K,) each; NaN without any draw.

    >>> band(np.zeros((0, 2)))
    (array([nan, nan]), array([nan, nan]))
    """
    if not len(draws):
        unknown = np.full(draws.shape[1], np.nan)
        return unknown, unknown.copy()
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return low, high


def none_drawn(n: int) -> Draws:
    """No resample of n cases, (0, n): what figures without intervals are counted with."""
    return np.zeros((0, n), np.int32)


def resamples(n: int, count: int, seed: int, groups: NDArray[np.int64] | None = None) -> Draws:
    """How often each of n cases is drawn in each of `count` resamples, (count, n).

    Args:
        groups: (n,), the patient of each case; cases of one patient are drawn together. Without,
            each case is a patient of its own.

    >>> weights = resamples(3, 100, seed=0, groups=np.array([7, 7, 5]))
    >>> bool((weights[:, 0] == weights[:, 1]).all())
    True
    """
    codes, patients = _patients(n, groups)
    if patients * count <= _KEPT:  # what stands beside each other on a page takes the same draws
        few = _kept_draws(patients, count, seed).astype(np.int32)
        return few if groups is None else few[:, codes]
    drawn = np.empty((count, patients), np.int32)
    start = 0
    for part in _drawn(patients, count, seed):
        drawn[start : start + len(part)] = part
        start += len(part)
    return drawn if groups is None else drawn[:, codes]


def resampled_parts(
    n: int, count: int, seed: int, groups: NDArray[np.int64] | None = None, at_once: int = _PART
) -> Iterator[Draws]:
    """The rows of `resamples`, some at a time: what they take of memory hangs on n alone.

    Args:
        at_once: weights in a part, if there are no more in one resample.

    >>> parts = np.concatenate(list(resampled_parts(3, 100, seed=0)))
    >>> bool((parts == resamples(3, 100, seed=0)).all())
    True
    """
    codes, patients = _patients(n, groups)
    step = max(at_once // max(patients, 1), 1)
    if patients * count > _KEPT:
        drawn: Iterable[NDArray[np.int64] | Narrow] = _drawn(patients, count, seed, at_once)
    else:
        whole = _kept_draws(patients, count, seed)
        drawn = (whole[start : start + step] for start in range(0, count, step))
    for part in drawn:
        narrow = part.astype(np.int32)
        yield narrow if groups is None else narrow[:, codes]


@lru_cache(maxsize=4)
def _kept_draws(patients: int, count: int, seed: int) -> Narrow:
    """How often each patient is drawn, (count, patients), in as few bytes as hold it."""
    parts = []
    for part in _drawn(patients, count, seed):
        wide = int(part.max(initial=0)) > np.iinfo(np.uint8).max
        parts.append(part.astype(np.uint16 if wide else np.uint8))
    return np.concatenate(parts) if parts else np.zeros((0, patients), np.uint8)


def _patients(n: int, groups: NDArray[np.int64] | None) -> tuple[NDArray[np.int64], int]:
    """The patient of each case, counted as they come, and how many there are."""
    codes = np.arange(n)
    if groups is not None:
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        codes = np.argsort(np.argsort(first))[inverse]
    return codes, int(codes.max()) + 1 if n else 0


def _drawn(
    patients: int, count: int, seed: int, at_once: int = _AT_ONCE
) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    step = max(at_once // max(patients, 1), 1)
    for start in range(0, count, step):
        size = min(step, count - start)
        yield rng.multinomial(patients, np.full(patients, 1 / patients), size=size)


def mean_draws(values: Array, weights: Draws) -> Sampled:
    """Mean of per-case values (n,) and of each resample; NaN values are left out.

    >>> mean_draws(np.array([1.0, np.nan, 0.0]), np.array([[2, 1, 0]])).draws
    array([1.])
    """
    known = ~np.isnan(values)
    if not known.any():
        return Sampled(float("nan"), np.full(len(weights), np.nan))
    drawn = weights[:, known]
    count = drawn.sum(axis=1)
    unknown = np.full(len(drawn), np.nan)
    draws = np.divide(drawn @ values[known], count, out=unknown, where=count > 0)
    return Sampled(float(values[known].mean()), draws)


def average(parts: Sequence[Sampled]) -> Sampled:
    """Mean of figures that took the same draws; NaN without any.

    A resample that cannot tell a figure, such as the AUC of a finding whose only case it lacks, is
    the mean of those that it can tell.
    """
    if not parts:
        return Sampled(float("nan"), np.full(1, np.nan))
    draws = np.stack([part.draws for part in parts])
    known = ~np.isnan(draws)
    count = known.sum(axis=0)
    sums = np.where(known, draws, 0.0).sum(axis=0)
    means = np.divide(sums, count, out=np.full(draws.shape[1], np.nan), where=count > 0)
    return Sampled(float(np.mean([part.value for part in parts])), means)
