"""Area under the ROC curve, with bootstrap intervals alone and paired.

The bootstrap reweights cases instead of drawing them again, so that a thousand resamples cost one
sort and one matrix product.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from core.metrics.bootstrap import Interval, interval, resamples

Array = NDArray[np.float64]


def roc_auc(truth: Array, score: Array) -> float:
    """AUC of scores (n,) for truth (n,) of 0 and 1; NaN where a class is missing.

    >>> roc_auc(np.array([0, 1, 1]), np.array([0.1, 0.3, 0.1]))
    0.75
    """
    if len(np.unique(truth)) < 2:
        return float("nan")
    return float(roc_auc_score(truth, score))


def auc_draws(truth: Array, score: Array, weights: NDArray[np.int64]) -> Array:
    """AUC of each resample (R,), ties counting one half; NaN where a class was not drawn.

    Args:
        truth: (n,) of 0 and 1.
        score: (n,).
        weights: (R, n), how often each case was drawn.
    """
    values, group = np.unique(score, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    positive = np.add.reduceat((weights * truth)[:, order], starts, axis=1).astype(float)
    negative = np.add.reduceat((weights * (1 - truth))[:, order], starts, axis=1).astype(float)
    below = np.cumsum(negative, axis=1) - negative
    wins = (positive * (below + negative / 2)).sum(axis=1)
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, wins / pairs, np.nan)


def bootstrap_auc(truth: Array, score: Array, count: int = 1000, seed: int = 0) -> Interval:
    """AUC with its interval over cases."""
    weights = resamples(len(truth), count, seed)
    return interval(roc_auc(truth, score), auc_draws(truth, score, weights))


def paired_auc_difference(
    truth: Array, first: Array, second: Array, count: int = 1000, seed: int = 0
) -> Interval:
    """AUC of `second` less that of `first`, the same cases drawn for both."""
    weights = resamples(len(truth), count, seed)
    draws = auc_draws(truth, second, weights) - auc_draws(truth, first, weights)
    return interval(roc_auc(truth, second) - roc_auc(truth, first), draws)
