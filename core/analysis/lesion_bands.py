"""What maps reach in quarters of lesions: of the smallest, the longest, the most confident ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.lesions import MEASURED, QUESTIONS, LesionCases
from core.evaluation.report import figure_json
from core.metrics.bootstrap import Interval, mean_draws, resamples


@dataclass(frozen=True)
class Band:
    """Mean of what a map reaches on the cases whose property lies within bounds."""

    question: str
    low: float  # included, as is `high`
    high: float
    method: str
    measure: str
    n: int
    mean: Interval  # 0 to 1

    def to_json(self) -> dict[str, Any]:
        """Everything; the mean as {value, low, high}."""
        return {
            "question": self.question, "from": self.low, "to": self.high, "method": self.method,
            "measure": self.measure, "n": self.n, "mean": figure_json(self.mean),
        }  # fmt: skip


def lesion_bands(cases: LesionCases, n_bootstrap: int = 1000, seed: int = 0) -> tuple[Band, ...]:
    """Every map in every quarter of every question; fewer quarters where values are tied.

    Args:
        seed: of the resamples of patients.
    """
    drawn = resamples(len(cases.patients), n_bootstrap, seed, cases.patients)
    return tuple(
        Band(question, low, high, method, measure, int(inside.sum()),
             mean_draws(measures[measure][inside], drawn[:, inside]).interval())
        for question in QUESTIONS
        for low, high, inside in _quarters(cases.questions[question])
        for method, measures in cases.measured.items()
        for measure in MEASURED
    )  # fmt: skip


def _quarters(
    values: NDArray[np.float64],
) -> Iterator[tuple[float, float, NDArray[np.bool_]]]:
    """Least and greatest value of each quarter, and which cases (n,) it has."""
    edges = np.unique(np.quantile(values, [0.25, 0.5, 0.75]))
    number = np.searchsorted(edges, values)  # a value on an edge belongs below
    for quarter in np.unique(number):
        inside = number == quarter
        yield float(values[inside].min()), float(values[inside].max()), inside
