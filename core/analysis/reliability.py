"""Do probabilities hold? Bins, Brier score, expected calibration error, and net benefit.

Bins are quantiles, so that each has as many films; each says how many, and how sure its share is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.calibration import Calibration
from core.analysis.confusion import ratio
from core.analysis.ranked import Counts, Ranked
from core.analysis.scored import ScoredSet, SetIdentity
from core.evaluation.report import figure_json
from core.metrics.bootstrap import Draws, Interval, band, interval, none_drawn, resampled_parts
from core.progress import Progress

Array = NDArray[np.float64]

CHANCES = np.arange(1, 100) / 100
"""Probabilities from which one would act, of the decision curve."""
_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Films of similar probability: what was said, and what came of it."""

    n: int
    predicted: float  # mean probability
    observed: Interval  # share with the finding

    def to_json(self) -> dict[str, Any]:
        """n, predicted and observed."""
        return {"n": self.n, "predicted": self.predicted, "observed": figure_json(self.observed)}


@dataclass(frozen=True)
class Reliability:
    """How probabilities (n,) of one finding hold on a set."""

    n: int
    positives: int
    bins: tuple[Bin, ...]
    brier: Interval  # mean squared error; 0 is perfect
    ece: Interval  # expected calibration error over the bins
    ece_by_chance: float  # what it would be here if every probability were right
    benefit: Array  # (99,), net benefit of acting from each of CHANCES on
    benefit_low: Array
    benefit_high: Array
    benefit_of_all: Array  # of acting on every film

    def to_json(self) -> dict[str, Any]:
        """Everything; figures as {value, low, high}."""
        return {
            "n": self.n,
            "positives": self.positives,
            "bins": [one.to_json() for one in self.bins],
            "brier": figure_json(self.brier),
            "ece": {**figure_json(self.ece), "by_chance": self.ece_by_chance},
            "decision_curve": {
                "threshold": CHANCES.tolist(), "net_benefit": self.benefit.tolist(),
                "low": self.benefit_low.tolist(), "high": self.benefit_high.tolist(),
                "treat_all": self.benefit_of_all.tolist(), "treat_none": [0.0] * len(CHANCES),
            },
        }  # fmt: skip


def reliability(
    truth: Array, probability: Array, patients: NDArray[np.int64] | None = None,
    bins: int = _BINS, n_bootstrap: int = 1000, seed: int = 0,
) -> Reliability:  # fmt: skip
    """How probabilities (n,) hold for truth (n,) of 0 and 1, both of them there.

    Args:
        patients: (n,); films of one are drawn together.
        bins: quantiles; fewer where probabilities are equal.
        n_bootstrap: resamples; 0 leaves the intervals NaN.
    """
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)))
    place = np.clip(
        np.searchsorted(edges, probability, side="right") - 1, 0, max(len(edges) - 2, 0)
    )
    place = np.unique(place, return_inverse=True)[1]
    binned = _Binned(truth, probability, place)
    ranked = Ranked.of(truth, probability)
    errors: list[Array] = []
    shares: list[Array] = []
    briers: list[Array] = []
    gains: list[Array] = []
    squares = (probability - truth) ** 2
    parts = resampled_parts(len(truth), n_bootstrap, seed, patients)
    for part in chain([none_drawn(len(truth))], parts):
        share, error = binned.figures(part)
        shares.append(share)
        errors.append(error)
        briers.append(part @ squares / part.sum(axis=1))
        gains.append(net_benefit(ranked, ranked.counts(part))[0])
    (share,), (error,) = binned.figures(np.ones((1, len(truth)), np.int32))
    benefit, of_all = (values[0] for values in net_benefit(ranked, ranked.whole()))
    low, high = band(np.concatenate(gains))
    drawn = np.concatenate(shares)
    return Reliability(
        len(truth), int(truth.sum()),
        tuple(
            Bin(int(n), float(said), interval(float(share[k]), drawn[:, k]))
            for k, (n, said) in enumerate(zip(binned.sizes, binned.predicted, strict=True))
        ),
        interval(float(squares.mean()), np.concatenate(briers)),
        interval(float(error), np.concatenate(errors)),
        binned.error_by_chance(np.random.default_rng(seed)),
        benefit, low, high, of_all,
    )  # fmt: skip


class _Binned:
    """Films by bin."""

    def __init__(self, truth: Array, probability: Array, place: NDArray[np.int64]) -> None:
        self._place, self._probability = place, probability
        self.sizes = np.bincount(place)
        self.predicted = np.bincount(place, probability) / self.sizes
        inside = place[:, None] == np.arange(len(self.sizes))
        self._columns = np.concatenate(
            [inside, inside * truth[:, None], inside * probability[:, None]], axis=1
        )

    def figures(self, part: Draws) -> tuple[Array, Array]:
        """Observed share of each bin (r, bins) and expected calibration error (r,)."""
        n, hits, said = np.split(part.astype(np.float64) @ self._columns, 3, axis=1)
        return ratio(hits, n), np.abs(hits - said).sum(axis=1) / n.sum(axis=1)

    def error_by_chance(self, rng: np.random.Generator, count: int = 200) -> float:
        """Mean expected calibration error of labels drawn by the probabilities themselves."""
        errors = []
        for _ in range(count):
            gap = (rng.random(len(self._place)) < self._probability) - self._probability
            errors.append(np.abs(np.bincount(self._place, gap)).sum() / len(self._place))
        return float(np.mean(errors))


def net_benefit(ranked: Ranked, counts: Counts) -> tuple[Array, Array]:
    """Net benefit (Vickers & Elkin, 2006) of acting from each of CHANCES on, and on all films.

    Hits less false alarms, weighed by the odds of the chance, a film: (r, 99) each.
    """
    hits, alarms = counts
    n = (hits[:, -1] + alarms[:, -1])[:, None]
    odds = CHANCES / (1 - CHANCES)
    place = np.searchsorted(-ranked.thresholds, -CHANCES, side="right") - 1
    reached = place >= 0
    benefit = np.where(reached, hits[:, place] - alarms[:, place] * odds, 0.0) / n
    return benefit, (hits[:, -1:] - alarms[:, -1:] * odds) / n


@dataclass(frozen=True)
class CalibrationReport:
    """What `python -m core calibrate` prints."""

    identity: SetIdentity
    calibrations: dict[str, Calibration]
    findings: dict[str, Reliability]

    def to_json(self) -> dict[str, Any]:
        """set, and findings with the calibration, whether it is optimistic, and how it holds."""
        return {
            "set": self.identity.to_json(),
            "findings": {
                name: {
                    "calibration": self.calibrations[name].to_json(),
                    "optimistic": self.calibrations[name].optimistic(self.identity),
                    **one.to_json(),
                }
                for name, one in self.findings.items()
            },
        }

    def table(self) -> str:
        """One line a finding: Brier, calibration error, and the chances where acting helps."""
        lines = [f"{'':26} {'n':>6} {'n+':>5} {'Brier':>21} {'ECE':>21} {'by chance':>9} "
                 "acting by it helps, from chances of"]  # fmt: skip
        for name, one in self.findings.items():
            lines.append(
                f"{name:26} {one.n:6d} {one.positives:5d} {_cell(one.brier)} {_cell(one.ece)} "
                f"{one.ece_by_chance:9.3f} {_helps(one)}"
            )
        for origin in sorted({self._origin(name) for name in self.findings}):
            lines.append(origin)
        lines.append(
            f"n = {self.identity.n} films of {self.identity.patients} patients; 95 % bootstrap "
            "intervals over patients. ECE over quantile bins; by chance: if every probability were "
            "right."
        )
        return "\n".join(lines)

    def _origin(self, finding: str) -> str:
        one = self.calibrations[finding]
        if one.optimistic(self.identity):
            return f"{one.method}, fitted on these very films: optimistic."
        return f"{one.method}, fitted on {one.fitted_on.spec} (n = {one.fitted_on.n})."


def calibration_report(
    scored: ScoredSet, calibrations: Mapping[str, Calibration], n_bootstrap: int = 1000,
    seed: int = 0, progress: Progress | None = None,
) -> CalibrationReport:  # fmt: skip
    """How calibrations hold on a scored set, for the findings that they are there for.

    Args:
        progress: called with (done, total) findings.
    """
    names = [name for name in scored.findings if name in calibrations]
    told = {}
    for done, name in enumerate(names, start=1):
        truth, score = scored.of(name)
        probability = calibrations[name].probabilities(score)[0]
        patients = scored.patients[scored.known(name)]
        told[name] = reliability(truth, probability, patients, _BINS, n_bootstrap, seed)
        if progress:
            progress(done, len(names))
    return CalibrationReport(scored.identity, {n: calibrations[n] for n in names}, told)


def _helps(one: Reliability) -> str:
    """Chances at which the band lies above acting on all and on none."""
    better = one.benefit_low > np.maximum(one.benefit_of_all, 0)
    if not better.any():
        return "none"
    return f"{CHANCES[better][0]:.2f} to {CHANCES[better][-1]:.2f}"


def _cell(figure: Interval) -> str:
    return f"{figure.value:6.3f} [{figure.low:5.3f} {figure.high:5.3f}]"
