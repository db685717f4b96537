"""Area under the ROC curve, with bootstrap intervals alone and paired.

The bootstrap reweights cases instead of drawing them again, so that a thousand resamples cost one
sort and one matrix product.
"""

import numpy as np
from numpy.typing import NDArray

from core.metrics.bootstrap import Draws, Interval, Sampled, resamples

Array = NDArray[np.float64]

_AT_ONCE = 2**21  # weights that are summed at once: they stay in the cache, and memory is bounded


def roc_auc(truth: Array, score: Array) -> float:
    """AUC of scores (n,) for truth (n,) of 0 and 1; NaN where a class or a score is missing.

    >>> roc_auc(np.array([0, 1, 1]), np.array([0.1, 0.3, 0.1]))
    0.75
    """
    if not len(truth) or np.isnan(score).any():
        return float("nan")
    return float(auc_draws(truth, score, np.ones((1, len(truth)), np.int32))[0])


def auc_draws(truth: Array, score: Array, weights: Draws) -> Array:
    """AUC of each resample (R,), ties counting one half; NaN where a class was not drawn.

    Args:
        truth: (n,) of 0 and 1.
        score: (n,).
        weights: (R, n), how often each case was drawn.
    """
    group = np.unique(score, return_inverse=True)[1]
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    step = max(_AT_ONCE // len(truth), 1)
    parts = [
        _ordered_auc(truth[order], weights[start : start + step][:, order], starts)
        for start in range(0, len(weights), step)
    ]
    return np.concatenate(parts)


def _ordered_auc(truth: Array, weights: Draws, starts: NDArray[np.int64]) -> Array:
    """`auc_draws` of cases in the order of their scores; equal ones begin at `starts`."""
    positive = np.add.reduceat(weights * truth, starts, axis=1)
    negative = np.add.reduceat(weights * (1 - truth), starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    wins = (positive * (below + negative / 2)).sum(axis=1)
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0)


def sampled_auc(truth: Array, score: Array, weights: Draws) -> Sampled:
    """AUC with its draws; arguments as `auc_draws`."""
    return Sampled(roc_auc(truth, score), auc_draws(truth, score, weights))


def bootstrap_auc(
    truth: Array, score: Array, count: int = 1000, seed: int = 0,
    groups: NDArray[np.int64] | None = None,
) -> Interval:  # fmt: skip
    """AUC with its interval over patients; `groups` as in `resamples`."""
    return sampled_auc(truth, score, resamples(len(truth), count, seed, groups)).interval()


def paired_auc_difference(
    truth: Array, first: Array, second: Array, count: int = 1000, seed: int = 0,
    groups: NDArray[np.int64] | None = None,
) -> Interval:  # fmt: skip
    """AUC of `second` less that of `first`, the same patients drawn for both."""
    weights = resamples(len(truth), count, seed, groups)
    gain = sampled_auc(truth, second, weights) - sampled_auc(truth, first, weights)
    return gain.interval()
