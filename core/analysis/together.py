"""Errors of several findings on the same film: which come together, which stands for which."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.scored import ScoredSet
from core.analysis.shares import Difference, Mask, Shares, corrected
from core.analysis.threshold import Threshold
from core.metrics.bootstrap import Draws, resampled_parts
from core.progress import Progress

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorPair:
    """Two findings: on how many films both are wrong, or one is called where the other is missed.

    `share` compares films where `first` is wrong (missed) with the others; `p_corrected` minds how
    many pairs were tried.
    """

    first: str
    second: str
    count: int  # films with both
    n: int  # films where `first` is wrong (missed) and the label of `second` is known
    share: Difference  # of films with the error in `second`
    p_corrected: float

    def to_json(self) -> dict[str, Any]:
        """first, second, count, n, the difference of shares, p and p_corrected."""
        return {
            "first": self.first, "second": self.second, "count": self.count, "n": self.n,
            **self.share.to_json(), "p_corrected": self.p_corrected,
        }  # fmt: skip


class Together:
    """Pairs of findings that are counted resample by resample."""

    def __init__(
        self, findings: Sequence[str], pairs: Sequence[tuple[int, int]],
        groups: Iterable[tuple[Mask, Mask, Mask]],
    ) -> None:  # fmt: skip
        """No resample counted yet.

        Args:
            pairs: columns of the first and the second finding.
            groups: for each pair the films (n,) with the error of the second, those with the error
                of the first, and those they are compared with.
        """
        self._findings, self._pairs = findings, pairs
        self._shares = Shares(*_stacked(groups)) if pairs else None

    def add(self, part: Draws) -> None:
        """Count resamples (r, n)."""
        if self._shares is not None:
            self._shares.add(part)

    def pairs(self) -> tuple[ErrorPair, ...]:
        """Pairs with an error of the first, those that differ most surely first."""
        if self._shares is None:
            return ()
        shares = self._shares.differences()
        adjusted = corrected(share.p for share in shares)
        counts, sizes = self._shares.counts[:2].astype(int)
        told = [
            ErrorPair(self._findings[a], self._findings[b], int(counts[k]), int(sizes[k]),
                      shares[k], adjusted[k])
            for k, (a, b) in enumerate(self._pairs)
            if sizes[k]
        ]  # fmt: skip
        return tuple(sorted(told, key=lambda pair: (np.isnan(pair.share.p), pair.share.p)))


def wrong_together(findings: Sequence[str], truth: Array, called: Mask) -> Together:
    """For each pair of findings: is the second wrong more often where the first is wrong?

    Args:
        truth: (n, F) of 1, 0 and NaN.
        called: (n, F).
    """
    known = ~np.isnan(truth)
    wrong = known & (called != (truth == 1))
    pairs = list(combinations(range(len(findings)), 2))

    def groups() -> Iterator[tuple[Mask, Mask, Mask]]:
        for a, b in pairs:
            both = known[:, a] & known[:, b]
            yield wrong[:, b], both & wrong[:, a], both & ~wrong[:, a]

    return Together(findings, pairs, groups())


def mistaken_for(findings: Sequence[str], truth: Array, called: Mask) -> Together:
    """For each pair: where the first is there and missed, is the second called in its place?

    Films without the second alone can tell: those where the first is missed, against the others.
    Arguments as `wrong_together`.
    """
    known = ~np.isnan(truth)
    missed = known & (truth == 1) & ~called
    pairs = list(permutations(range(len(findings)), 2))

    def groups() -> Iterator[tuple[Mask, Mask, Mask]]:
        for a, b in pairs:
            without = known[:, a] & (truth[:, b] == 0)
            yield called[:, b], without & missed[:, a], without & ~missed[:, a]

    return Together(findings, pairs, groups())


def errors_together(
    scored: ScoredSet, thresholds: Mapping[str, Threshold], n_bootstrap: int = 1000,
    seed: int = 0, progress: Progress | None = None,
) -> tuple[tuple[ErrorPair, ...], tuple[ErrorPair, ...]]:  # fmt: skip
    """`wrong_together` and `mistaken_for` of a scored set, by patient.

    Args:
        thresholds: of every finding of the set.
        progress: called with (done, total) resamples.
    """
    truth, called = scored.truth, called_by(scored, thresholds)
    counted = [count(scored.findings, truth, called) for count in (wrong_together, mistaken_for)]
    done = 0
    for part in resampled_parts(len(scored), n_bootstrap, seed, scored.patients):
        for one in counted:
            one.add(part)
        done += len(part)
        if progress:
            progress(done, n_bootstrap)
    together, mistaken = (one.pairs() for one in counted)
    return together, mistaken


def called_by(scored: ScoredSet, thresholds: Mapping[str, Threshold]) -> Mask:
    """Which films are called for which finding, (n, F)."""
    return scored.scores >= np.array([thresholds[name].value for name in scored.findings])


def _stacked(groups: Iterable[tuple[Mask, Mask, Mask]]) -> tuple[Mask, Mask, Mask]:
    event, inside, outside = (np.stack(masks, axis=1) for masks in zip(*groups, strict=True))
    return event, inside, outside
