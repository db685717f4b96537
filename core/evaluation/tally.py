"""Cases of localisation, and what they come to: by finding, over the findings, and pooled.

Methods are compared on the same cases: a mean takes the findings that every method is defined for
(a mean location knows only what its training set shows), and rare ones do not speak in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.evaluation.report import LocalizationReport, Measured
from core.metrics.bootstrap import Draws, Sampled, average, mean_draws, resamples
from core.metrics.localisation import MEASURES

OURS = "lrclr"
"""The method that others are taken off, on the same draws of patients."""
MIN_CASES = 20
"""Cases that a finding needs to count in a mean over findings, where any finding has so many."""


@dataclass
class Tally:
    """Values of one finding: (method, measure) -> one value for each of `rows`."""

    rows: list[int] = field(default_factory=list)
    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, method: str, measured: dict[str, float]) -> None:
        """What the next row's map by a method comes to, by measure."""
        for measure, value in measured.items():
            self.values.setdefault((method, measure), []).append(value)


class Cases:
    """The cases of some findings with one draw of the patients for all of them."""

    def __init__(
        self, tallies: dict[str, Tally], patients: NDArray[np.int64], n_bootstrap: int, seed: int
    ) -> None:
        """Draw the patients.

        Args:
            patients: (n,), the patient of each study of the set, cases or not.
        """
        self.tallies = tallies
        self.rows = sorted({row for tally in tallies.values() for row in tally.rows})
        self._place = {row: number for number, row in enumerate(self.rows)}
        used = patients[self.rows]
        self.patients = len(np.unique(used))
        self._weights = resamples(len(self.rows), n_bootstrap, seed, used)

    def finding(self, name: str, method: str, measure: str) -> Sampled:
        """Mean over the cases of a finding; NaN where the method knows nothing of it."""
        tally = self.tallies[name]
        return mean_draws(np.array(tally.values[method, measure]), self._drawn(tally.rows))

    def pooled(self, names: Sequence[str], method: str, measure: str) -> Sampled:
        """Mean over the cases of some findings, each case counting the same."""
        rows = [row for name in names for row in self.tallies[name].rows]
        values = [v for name in names for v in self.tallies[name].values[method, measure]]
        return mean_draws(np.array(values, float), self._drawn(rows))

    def _drawn(self, rows: list[int]) -> Draws:
        return self._weights[:, [self._place[row] for row in rows]]

    def defined(self, methods: Sequence[str], measure: str) -> list[str]:
        """Findings of which every method knows something."""
        return [
            name
            for name, tally in self.tallies.items()
            if not any(np.isnan(tally.values[method, measure]).all() for method in methods)
        ]

    def least(self, wanted: int) -> int:
        """`wanted`, or 1 where no finding has so many cases."""
        return wanted if any(len(t.rows) >= wanted for t in self.tallies.values()) else 1


def localization_report(
    tallies: dict[str, Tally],
    methods: Sequence[str],
    patients: NDArray[np.int64],
    n_bootstrap: int,
    seed: int,
    min_cases: int = MIN_CASES,
) -> LocalizationReport:
    """Figures of every finding, their means over the findings, and those of all cases pooled.

    Args:
        patients: (n,), the patient of each study of the set.
        min_cases: of a finding in the means over findings.
    """
    cases = Cases(tallies, patients, n_bootstrap, seed)
    least = cases.least(min_cases)
    ordered = sorted(tallies, key=lambda name: (-len(tallies[name].rows), name))
    findings: dict[str, Measured] = {name: {m: {} for m in methods} for name in ordered}
    over: _Sampled = {measure: {} for measure in MEASURES}
    of_all: _Sampled = {measure: {} for measure in MEASURES}
    for measure in MEASURES:
        shared = cases.defined(methods, measure)
        counted = [name for name in shared if len(tallies[name].rows) >= least]
        for method in methods:
            sampled = {name: cases.finding(name, method, measure) for name in ordered}
            for name in ordered:
                findings[name][method][measure] = sampled[name].interval()
            over[measure][method] = average([sampled[name] for name in counted])
            of_all[measure][method] = cases.pooled(shared, method, measure)
    shared = cases.defined(methods, next(iter(MEASURES)))
    return LocalizationReport(
        len(cases.rows), _figures(over, methods), findings,
        {name: len(tallies[name].rows) for name in ordered}, _figures(of_all, methods),
        tuple(name for name in ordered if name in shared), least, cases.patients,
        less=_gains(over, methods), less_pooled=_gains(of_all, methods),
    )  # fmt: skip


_Sampled = dict[str, dict[str, Sampled]]
"""measure -> method -> figure"""


def _figures(sampled: _Sampled, methods: Sequence[str]) -> Measured:
    return {
        method: {measure: figures[method].interval() for measure, figures in sampled.items()}
        for method in methods
    }


def _gains(sampled: _Sampled, methods: Sequence[str]) -> Measured:
    """What ours has over each method; nothing where ours was not measured."""
    return {
        method: {m: (figures[OURS] - figures[method]).interval() for m, figures in sampled.items()}
        for method in (methods if OURS in methods else ())
    }
