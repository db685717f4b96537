"""DeLong's variance of the AUC and of its difference (DeLong et al., Biometrics 1988).

By midranks, so that n cases cost n log n (Sun & Xu, IEEE Signal Processing Letters 2014). Films of
one patient count together where patients are given (Obuchowski, Biometrics 1997); each a patient of
its own, that is DeLong's up to (n - 1) / n.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.bootstrap import Interval

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DeLong:
    """AUC of two scores on the same cases, their difference, and how sure it is."""

    first: Interval
    second: Interval
    gain: Interval  # of the second over the first
    p: float  # two-sided; 1 where both rank alike

    def to_json(self) -> dict[str, Any]:
        """first, second and gain as {value, low, high}, and p."""
        told = {name: getattr(self, name)._asdict() for name in ("first", "second", "gain")}
        return {**told, "p": self.p}


def delong(
    truth: Array, first: Array, second: Array, groups: NDArray[np.int64] | None = None
) -> DeLong:
    """Compare the AUC of two scores (n,) for truth (n,) of 0 and 1, both of them there.

    Args:
        groups: (n,), the patient of each case; None for DeLong's own, of independent cases.
    """
    auc, covariance = auc_covariance(truth, np.stack([first, second]), groups)
    gap = float(auc[1] - auc[0])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    spread = float(np.sqrt(max(variance, 0.0)))
    from scipy.special import ndtr

    p = float(2 * ndtr(-abs(gap) / spread)) if spread > 1e-12 else float(gap == 0)
    sides = [_around(float(auc[side]), float(np.sqrt(covariance[side, side]))) for side in (0, 1)]
    return DeLong(sides[0], sides[1], _around(gap, spread), p)


def auc_covariance(
    truth: Array, scores: Array, groups: NDArray[np.int64] | None = None
) -> tuple[Array, Array]:
    """AUC (k,) of k scores (k, n) and their covariance (k, k); NaN with one case of a class."""
    positive = truth == 1
    of_positive, of_negative = placements(positive, scores)
    auc = of_positive.mean(axis=1)
    if groups is not None:
        return auc, _clustered(positive, of_positive, of_negative, auc, groups)
    if min(of_positive.shape[1], of_negative.shape[1]) < 2:
        return auc, np.full((len(scores), len(scores)), np.nan)
    covariance = sum(np.cov(part) / part.shape[1] for part in (of_positive, of_negative))
    return auc, np.asarray(covariance).reshape(len(scores), len(scores))


def placements(positive: NDArray[np.bool_], scores: Array) -> tuple[Array, Array]:
    """Of each positive case the share of negatives below it, and of each negative the positives
    above it, ties one half: (k, m) and (k, n - m).
    """
    from scipy.stats import rankdata

    m, n = int(positive.sum()), int((~positive).sum())
    whole = rankdata(scores, axis=1)
    among_positive = rankdata(scores[:, positive], axis=1)
    among_negative = rankdata(scores[:, ~positive], axis=1)
    return (
        (whole[:, positive] - among_positive) / n,
        1 - (whole[:, ~positive] - among_negative) / m,
    )


def _clustered(
    positive: NDArray[np.bool_], of_positive: Array, of_negative: Array, auc: Array,
    groups: NDArray[np.int64],
) -> Array:  # fmt: skip
    """Covariance by sums over patients of what each adds to the AUC."""
    patient = np.unique(groups, return_inverse=True)[1]
    count = int(patient.max()) + 1
    if count < 2:
        return np.full((len(auc), len(auc)), np.nan)
    sums = np.zeros((len(auc), count))
    for members, part in ((positive, of_positive), (~positive, of_negative)):
        share = (part - auc[:, None]) / part.shape[1]
        for side in range(len(auc)):
            sums[side] += np.bincount(patient[members], share[side], count)
    return sums @ sums.T * count / (count - 1)


def _around(value: float, spread: float) -> Interval:
    from scipy.special import ndtri

    reach = float(ndtri(0.975)) * spread
    return Interval(value, value - reach, value + reach)
