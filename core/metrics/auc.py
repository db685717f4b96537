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
        weights: (R, n), how often each case was drawn; R may be 0.
    """
    negative = np.flatnonzero(truth == 0)
    negative = negative[np.argsort(score[negative], kind="stable")]
    positive = np.flatnonzero(truth == 1)
    # Negatives below each positive, and those below or equal to it.
    lower, upper = (
        np.searchsorted(score[negative], score[positive], side) for side in ("left", "right")
    )
    step = max(_AT_ONCE // len(truth), 1)
    starts = range(0, max(len(weights), 1), step)
    parts = [
        _counted_auc(np.take(some, positive, axis=1), np.take(some, negative, axis=1), lower, upper)
        for some in (weights[start : start + step] for start in starts)
    ]
    return np.concatenate(parts)


def _counted_auc(
    positive: Draws, negative: Draws, lower: NDArray[np.int64], upper: NDArray[np.int64]
) -> Array:
    """`auc_draws` of positives (r, p), and of negatives (r, m) in the order of their scores.

    Args:
        lower: (p,), how many negatives lie below each positive; upper: those that equal it, too.
    """
    under = np.zeros((len(negative), negative.shape[1] + 1), np.int32)
    np.cumsum(negative, axis=1, out=under[:, 1:])
    # Twice the pairs that are ranked right, so that all is counted in whole numbers.
    twice = np.take(under, lower, axis=1)
    twice += twice if np.array_equal(lower, upper) else np.take(under, upper, axis=1)
    wins = np.einsum("rp,rp->r", positive, twice, dtype=np.float64) / 2
    pairs = positive.sum(axis=1).astype(np.float64) * under[:, -1]
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
