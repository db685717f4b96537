"""Percentile bootstrap intervals over cases (Efron & Tibshirani, 1993)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """A figure with its 95 % interval; NaN where it cannot be known."""

    value: float
    low: float
    high: float


def interval(value: float, draws: Array, level: float = 0.95) -> Interval:
    """The percentile interval of bootstrap draws (R,) around a value; NaN draws do not count."""
    known = draws[~np.isnan(draws)]
    if not len(known) or np.isnan(value):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def resamples(n: int, count: int, seed: int) -> NDArray[np.int64]:
    """How often each of n cases is drawn in each of `count` resamples, (count, n)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, np.full(n, 1 / n), size=count)


def bootstrap_mean(values: Array, count: int = 1000, seed: int = 0) -> Interval:
    """Interval of the mean of per-case values (n,); NaN values are left out first.

    >>> bootstrap_mean(np.array([1.0, 1.0])).low
    1.0
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    weights = resamples(len(known), count, seed)
    return interval(float(known.mean()), weights @ known / len(known))


def mean_of(parts: list[Interval], draws: list[Array]) -> Interval:
    """Mean of several figures whose draws (R,) were resampled apart."""
    value = float(np.mean([part.value for part in parts])) if parts else float("nan")
    return interval(value, np.mean(draws, axis=0) if draws else np.array([]))


Statistic = Callable[[NDArray[np.int64]], Array]
