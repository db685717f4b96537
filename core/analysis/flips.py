"""Two scores of the same films: what flips between right and wrong, and what the second gains.

Two models, or one model with two sets of prompts. Figures are paired: the same patients are drawn
for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.confusion import rates
from core.analysis.delong import DeLong, delong
from core.analysis.ranked import Ranked
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.shares import corrected
from core.analysis.threshold import Threshold
from core.errors import ExplorerError
from core.evaluation.report import figure_json
from core.metrics.auc import auc_draws, roc_auc
from core.metrics.bootstrap import Draws, Interval, interval, resampled_parts
from core.progress import Progress

Array = NDArray[np.float64]

_RATES = ("sensitivity", "specificity")


@dataclass(frozen=True)
class Flips:
    """Films whose call changes from the first score to the second, by id; and whether it heals.

    `p` is McNemar's exact one: mended and broken films as likely as each other.
    """

    missed_no_more: tuple[str, ...]  # positive, called by the second alone
    missed_now: tuple[str, ...]  # positive, called by the first alone
    alarms_no_more: tuple[str, ...]  # negative, called by the first alone
    alarms_now: tuple[str, ...]  # negative, called by the second alone
    p: float

    @property
    def mended(self) -> int:
        """Films that only the second calls as labelled."""
        return len(self.missed_no_more) + len(self.alarms_no_more)

    @property
    def broken(self) -> int:
        """Films that only the first calls as labelled."""
        return len(self.missed_now) + len(self.alarms_now)

    def to_json(self) -> dict[str, Any]:
        """Ids by kind, and p."""
        return {key: list(value) if isinstance(value, tuple) else value
                for key, value in self.__dict__.items()}  # fmt: skip


@dataclass(frozen=True)
class FindingPair:
    """One finding by both scores; gains are of the second over the first."""

    n: int
    positives: int
    first: float  # AUC
    second: float
    gain: Interval  # of AUC, by bootstrap over patients
    delong: DeLong  # films as if each were a patient's own
    delong_patients: DeLong | None  # the same by patients; None where each has one film
    rates: dict[str, Interval]  # sensitivity and specificity at the thresholds, gains
    thresholds: tuple[Threshold, Threshold]
    flips: Flips

    def to_json(self, shown: SetIdentity) -> dict[str, Any]:
        """Everything, intervals as {value, low, high}."""
        return {
            "n": self.n,
            "positives": self.positives,
            "auc": {"first": self.first, "second": self.second, "gain": figure_json(self.gain)},
            "delong": self.delong.to_json(),
            "delong_patients": self.delong_patients and self.delong_patients.to_json(),
            "gain": {name: figure_json(figure) for name, figure in self.rates.items()},
            "thresholds": [one.to_json(shown) for one in self.thresholds],
            "flips": self.flips.to_json(),
        }


@dataclass(frozen=True)
class FlipReport:
    """What `python -m core errors --against` adds."""

    identity: SetIdentity
    n: int
    patients: int
    findings: dict[str, FindingPair]
    delong_corrected: dict[str, float]  # p by finding, corrected for how many findings

    def to_json(self) -> dict[str, Any]:
        """n, patients and findings, each with delong's p corrected."""
        findings = {
            name: {**pair.to_json(self.identity), "p_corrected": self.delong_corrected[name]}
            for name, pair in self.findings.items()
        }
        return {"n": self.n, "patients": self.patients, "findings": findings}

    def table(self) -> str:
        """One line a finding."""
        lines = [
            f"{'AUC':26} {'n':>6} {'first':>6} {'second':>6} {'second less first':>22} "
            f"{'DeLong p':>9} {'corrected':>9} {'mended':>6} {'broken':>6} {'McNemar p':>9}"
        ]
        for name, pair in self.findings.items():
            value, low, high = pair.gain
            test = pair.delong_patients or pair.delong
            lines.append(
                f"{name:26} {pair.n:6d} {pair.first:6.3f} {pair.second:6.3f} "
                f"{f'{value:+.3f} [{low:+.3f} {high:+.3f}]':>22} {test.p:9.2g} "
                f"{self.delong_corrected[name]:9.2g} {pair.flips.mended:6d} "
                f"{pair.flips.broken:6d} {pair.flips.p:9.2g}"
            )
        lines.append(
            f"n = {self.n} films of {self.patients} patients, drawn for both; DeLong by patients "
            "where one has several films. Mended: only the second calls it as labelled."
        )
        return "\n".join(lines)


def flip_report(
    first: ScoredSet,
    second: ScoredSet,
    thresholds: tuple[Mapping[str, Threshold], Mapping[str, Threshold]],
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> FlipReport:
    """Compare two scores of one set on the films and findings that both have.

    Args:
        thresholds: of each score, by finding.
        progress: called with (done, total) resamples.

    Raises:
        ExplorerError: the sets differ, or they share no finding.
    """
    if first.identity.fingerprint != second.identity.fingerprint:
        raise ExplorerError(
            f"'{first.identity.spec}' and '{second.identity.spec}' are different films; two scores "
            "are compared on one set."
        )
    names = [name for name in first.findings if name in second.findings]
    rows = np.intersect1d(first.rows, second.rows)
    if not names or not len(rows):
        raise ExplorerError("The two scores have no finding in common; give both the same prompts.")
    one, two = (np.searchsorted(side.rows, rows) for side in (first, second))
    patients = first.patients[one]
    pairs = {}
    for name in names:
        sides = tuple(
            _Side(scored.scores[kept, scored.column(name)], limits[name])
            for scored, kept, limits in zip((first, second), (one, two), thresholds, strict=True)
        )
        pairs[name] = _Pair(first.truth[one, first.column(name)], sides, patients)
    done = 0
    for part in resampled_parts(len(rows), n_bootstrap, seed, patients):
        for pair in pairs.values():
            pair.add(part)
        done += len(part)
        if progress:
            progress(done, n_bootstrap)
    ids = np.array(first.ids, object)[one]
    told = {name: pair.result(ids) for name, pair in pairs.items()}
    tests = [(pair.delong_patients or pair.delong).p for pair in told.values()]
    adjusted = dict(zip(told, corrected(tests), strict=True))
    return FlipReport(first.identity, len(rows), len(np.unique(patients)), told, adjusted)


@dataclass(frozen=True)
class _Side:
    score: Array
    threshold: Threshold


class _Pair:
    """Both scores of one finding, resample by resample."""

    def __init__(self, truth: Array, sides: tuple[_Side, ...], patients: NDArray[np.int64]) -> None:
        self._known = ~np.isnan(truth)
        self._truth, self._patients = truth[self._known], patients[self._known]
        self._scores = [side.score[self._known] for side in sides]
        self._thresholds = (sides[0].threshold, sides[1].threshold)
        self._ranked = [Ranked.of(self._truth, score) for score in self._scores]
        self._gains: list[Array] = []
        self._rates: list[dict[str, Array]] = []

    def add(self, part: Draws) -> None:
        drawn = part[:, self._known]
        one, two = (auc_draws(self._truth, score, drawn) for score in self._scores)
        self._gains.append(two - one)
        self._rates.append(self._gained(drawn))

    def _gained(self, drawn: Draws) -> dict[str, Array]:
        one, two = (
            rates(ranked, ranked.counts(drawn), at.value)
            for ranked, at in zip(self._ranked, self._thresholds, strict=True)
        )
        return {name: two[name] - one[name] for name in _RATES}

    def result(self, ids: NDArray[np.object_]) -> FindingPair:
        truth, (one, two) = self._truth, self._scores
        first, second = roc_auc(truth, one), roc_auc(truth, two)
        whole = self._gained(np.ones((1, len(truth)), np.int32))
        gains = {
            name: interval(float(whole[name][0]), np.concatenate([p[name] for p in self._rates]))
            for name in _RATES
        }
        several = len(np.unique(self._patients)) < len(truth)
        called = [score >= at.value
                  for score, at in zip(self._scores, self._thresholds, strict=True)]  # fmt: skip
        return FindingPair(
            len(truth), int(truth.sum()), first, second,
            interval(second - first, np.concatenate(self._gains)),
            delong(truth, one, two),
            delong(truth, one, two, self._patients) if several else None,
            gains, self._thresholds, flips(truth == 1, called[0], called[1], ids[self._known]),
        )  # fmt: skip


def flips(
    positive: NDArray[np.bool_], first: NDArray[np.bool_], second: NDArray[np.bool_],
    ids: NDArray[np.object_],
) -> Flips:  # fmt: skip
    """What changes between two ways to call films, (n,) each.

    >>> calls = np.array([True, True]), np.array([True, False]), np.array([True, True])
    >>> flips(*calls, np.array(["a", "b"], object)).missed_no_more
    ('b',)
    """
    from scipy.stats import binomtest

    kinds = (
        positive & second & ~first, positive & first & ~second,
        ~positive & first & ~second, ~positive & second & ~first,
    )  # fmt: skip
    named = [tuple(map(str, ids[kind])) for kind in kinds]
    mended, broken = (int(kinds[a].sum() + kinds[b].sum()) for a, b in ((0, 2), (1, 3)))
    p = float(binomtest(mended, mended + broken).pvalue) if mended + broken else 1.0
    return Flips(named[0], named[1], named[2], named[3], p)
