"""Errors of every finding of a set: curves with bands, what a threshold does, errors together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.confusion import RATES, Confusion, confusion, rates
from core.analysis.ranked import GRID, CurveDraws, Ranked, curve_draws
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.threshold import Threshold
from core.analysis.together import ErrorPair, called_by, mistaken_for, wrong_together
from core.evaluation.report import figure_json
from core.metrics.bootstrap import Draws, Interval, interval, resampled_parts
from core.progress import Progress

Array = NDArray[np.float64]

_SURE = 0.05  # corrected p below which the table shows a pair
_PAIRS = 8  # of them


@dataclass(frozen=True)
class Curve:
    """A curve over GRID with its 95 % band, point by point."""

    y: Array  # (101,)
    low: Array
    high: Array

    def to_json(self, x: str, y: str) -> dict[str, list[float]]:
        """Under these names, with low and high."""
        return {x: GRID.tolist(), y: self.y.tolist(), "low": self.low.tolist(),
                "high": self.high.tolist()}  # fmt: skip


@dataclass(frozen=True)
class FindingCurves:
    """What is the same at every threshold, of one finding of a set."""

    n: int  # films whose label is known
    positives: int
    auc: Interval
    average_precision: Interval
    roc: Curve
    precision: Curve


@dataclass(frozen=True)
class FindingErrors(FindingCurves):
    """One finding of a set at a threshold."""

    threshold: Threshold
    confusion: Confusion

    def to_json(self, shown: SetIdentity) -> dict[str, Any]:
        """Figures, curves, the threshold with its origin, and the confusion."""
        return {
            "n": self.n,
            "positives": self.positives,
            "auc": figure_json(self.auc),
            "average_precision": figure_json(self.average_precision),
            "threshold": self.threshold.to_json(shown),
            "confusion": self.confusion.to_json(),
            "roc": self.roc.to_json("false_positive_rate", "true_positive_rate"),
            "precision_recall": self.precision.to_json("recall", "precision"),
        }


@dataclass(frozen=True)
class ErrorReport:
    """What `python -m core errors` prints of one model."""

    identity: SetIdentity
    n: int  # films that could be read
    patients: int  # that the intervals resample
    findings: dict[str, FindingErrors]
    together: tuple[ErrorPair, ...]
    mistaken: tuple[ErrorPair, ...]
    wrong: dict[str, tuple[str, ...]]  # finding -> ids of the films called otherwise than labelled
    left_out: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything; figures as {value, low, high}, what cannot be known null."""
        return {
            "set": self.identity.to_json(),
            "n": self.n,
            "patients": self.patients,
            "findings": {name: one.to_json(self.identity) for name, one in self.findings.items()},
            "wrong_together": [pair.to_json() for pair in self.together],
            "mistaken_for": [pair.to_json() for pair in self.mistaken],
            "wrong": {name: list(ids) for name, ids in self.wrong.items()},
            "left_out": list(self.left_out),
            "unreadable": list(self.unreadable),
        }

    def table(self) -> str:
        """One line a finding, where its threshold comes from, and errors that come together."""
        shown = ("sensitivity", "specificity", "ppv")
        heads = " ".join(f"{name:>19}" for name in ("AUC", *shown))
        lines = [f"{'':26} {'n':>6} {'n+':>5} {heads} {'missed':>6} {'false alarms':>12}"]
        for name, one in self.findings.items():
            figures = [one.auc, *(one.confusion.rates[rate] for rate in shown)]
            cells = " ".join(_cell(figure) for figure in figures)
            lines.append(
                f"{name:26} {one.n:6d} {one.positives:5d} {cells} "
                f"{one.confusion.false_negatives:6d} {one.confusion.false_positives:12d}"
            )
        lines += ["", *self._thresholds(), *_told(self.together, "wrong together", _TOGETHER)]
        lines += _told(self.mistaken, "mistaken", _MISTAKEN)
        lines.append(f"n = {self.n} films of {self.patients} patients; 95 % bootstrap intervals "
                     "over patients.")  # fmt: skip
        if self.left_out:
            lines.append(f"Without both labels here, so left out: {', '.join(self.left_out)}.")
        lines += [f"Left out: {sentence}" for sentence in self.unreadable]
        return "\n".join(lines)

    def _thresholds(self) -> list[str]:
        values = ", ".join(f"{name} {one.threshold.value:.4g}"
                           for name, one in self.findings.items())  # fmt: skip
        origins = {one.threshold.origin(self.identity) for one in self.findings.values()}
        return [f"Thresholds ({'; '.join(sorted(origins))}): {values}."]


_TOGETHER = "{first} and {second}: {count} films; {second} is wrong on {inside} of the films where {first} is wrong, on {outside} of the others"  # noqa: E501
_MISTAKEN = "{first} missed, {second} called: {count} films; {inside} of the missed ones, {outside} of the others"  # noqa: E501


def _told(pairs: tuple[ErrorPair, ...], title: str, form: str) -> list[str]:
    more = [pair for pair in pairs
            if pair.p_corrected < _SURE and pair.share.difference.value > 0]  # fmt: skip
    lines = [f"Findings {title}, more than by chance (p corrected for {len(pairs)} pairs):"]
    for pair in more[:_PAIRS]:
        said = form.format(
            first=pair.first, second=pair.second, count=pair.count,
            inside=_percent(pair.share.inside), outside=_percent(pair.share.outside),
        )  # fmt: skip
        lines.append(f"  {said}; p {pair.p_corrected:.2g}")
    if not more:
        lines.append("  none.")
    elif len(more) > _PAIRS:
        lines.append(f"  and {len(more) - _PAIRS} more, in the JSON.")
    return [*lines, ""]


def error_report(
    scored: ScoredSet,
    thresholds: Mapping[str, Threshold],
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> ErrorReport:
    """Errors of a scored set at a threshold for each of its findings.

    Args:
        n_bootstrap: resamples behind each interval.
        progress: called with (done, total) resamples.
    """
    called = called_by(scored, thresholds)
    together = wrong_together(scored.findings, scored.truth, called)
    mistaken = mistaken_for(scored.findings, scored.truth, called)
    counted = {name: _Counted(scored, name, thresholds[name]) for name in scored.findings}
    done = 0
    # One draw of the patients for all findings, so that figures of two of them are paired.
    for part in resampled_parts(len(scored), n_bootstrap, seed, scored.patients):
        together.add(part)
        mistaken.add(part)
        for one in counted.values():
            one.add(part)
        done += len(part)
        if progress:
            progress(done, n_bootstrap)
    wrong = ~np.isnan(scored.truth) & (called != (scored.truth == 1))
    return ErrorReport(
        scored.identity,
        len(scored),
        len(np.unique(scored.patients)),
        {name: one.result() for name, one in counted.items()},
        together.pairs(),
        mistaken.pairs(),
        {
            name: tuple(scored.ids[row] for row in np.flatnonzero(wrong[:, k]))
            for k, name in enumerate(scored.findings)
        },
        scored.left_out,
        scored.unreadable,
    )


class _Counted:
    """Figures of one finding, resample by resample."""

    def __init__(self, scored: ScoredSet, finding: str, threshold: Threshold) -> None:
        self._known, self._threshold = scored.known(finding), threshold
        self._truth, score = scored.of(finding)
        self._ranked = Ranked.of(self._truth, score)
        self._curves: list[CurveDraws] = []
        self._rates: list[dict[str, Array]] = []

    def add(self, part: Draws) -> None:
        """Count resamples (r, n) of the whole set."""
        counts = self._ranked.counts(part if self._known.all() else part[:, self._known])
        self._curves.append(curve_draws(counts))
        self._rates.append(rates(self._ranked, counts, self._threshold.value))

    def result(self) -> FindingErrors:
        """Over all resamples that were added."""
        curves = finding_curves(self._truth, self._ranked, self._curves)
        drawn = {name: np.concatenate([part[name] for part in self._rates]) for name in RATES}
        at = confusion(self._ranked, self._threshold.value, drawn)
        return FindingErrors(**vars(curves), threshold=self._threshold, confusion=at)


def finding_curves(truth: Array, ranked: Ranked, draws: Sequence[CurveDraws]) -> FindingCurves:
    """Figures and curves of a finding with their intervals.

    Args:
        truth: (n,) of 1 and 0, of the films that were ranked.
        draws: curves of the resamples, in parts.
    """
    whole = curve_draws(ranked.whole())
    auc, average, roc, precision = (np.concatenate(parts) for parts in zip(*draws, strict=True))
    return FindingCurves(
        len(truth),
        int(truth.sum()),
        interval(float(whole.auc[0]), auc),
        interval(float(whole.average_precision[0]), average),
        _with_band(whole.roc[0], roc),
        _with_band(whole.precision[0], precision),
    )


def _with_band(y: Array, draws: Array) -> Curve:
    """A curve (101,) with the band of its draws (R, 101), NaN where a draw cannot tell."""
    known = draws[~np.isnan(draws[:, 0])]
    if not len(known):
        return Curve(y, np.full_like(y, np.nan), np.full_like(y, np.nan))
    low, high = np.quantile(known, [0.025, 0.975], axis=0)
    return Curve(y, low, high)


def _cell(figure: Interval) -> str:
    return " ".join((f"{figure.value:5.3f}", f"[{figure.low:5.3f}", f"{figure.high:5.3f}]"))


def _percent(figure: Interval) -> str:
    return f"{100 * figure.value:.0f} %"
