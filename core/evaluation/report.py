"""What evaluation found, as JSON with stable keys and as a table for a terminal."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.metrics.bootstrap import Interval
from core.metrics.localisation import MEASURES

SCORES = ("positive", "pair", "global", "local", "lrclr")
"""The zero-shot scores that are reported, of `core.inference.zero_shot.SCORES`."""

Measured = dict[str, dict[str, Interval]]
"""method -> measure -> figure"""


@dataclass(frozen=True)
class FindingAuc:
    """One finding: how many studies have it and lack it, and the AUC of each score."""

    positives: int
    negatives: int
    auc: dict[str, Interval]


@dataclass(frozen=True)
class EvaluationReport:
    """What `python -m core evaluate` prints."""

    n: int  # studies
    findings: dict[str, FindingAuc]
    left_out: tuple[str, ...] = ()  # findings of the prompts without both classes in the set

    @property
    def mean_auc(self) -> dict[str, float]:
        """Mean over the findings, by score."""
        return {
            score: float(np.mean([found.auc[score].value for found in self.findings.values()]))
            for score in SCORES
        }

    def to_json(self) -> dict[str, Any]:
        """n, mean_auc {score: value} and findings {finding: {positives, auc {score: figure}}}."""
        return {
            "n": self.n,
            "mean_auc": self.mean_auc,
            "findings": {
                name: {
                    "positives": found.positives,
                    "auc": {score: _figure(value) for score, value in found.auc.items()},
                }
                for name, found in self.findings.items()
            },
        }

    def table(self) -> str:
        """One line a finding."""
        lines = [f"{'AUC':26} {'n+':>5} " + " ".join(f"{score:>19}" for score in SCORES)]
        for name, found in self.findings.items():
            cells = " ".join(_cell(found.auc[score]) for score in SCORES)
            lines.append(f"{name:26} {found.positives:5d} {cells}")
        means = " ".join(f"{self.mean_auc[score]:<19.3f}" for score in SCORES)
        lines.append(f"{'mean of the findings':26} {'':5} {means}".rstrip())
        lines.append(f"n = {self.n} studies; 95 % bootstrap intervals over studies.")
        if self.left_out:
            lines.append(f"Without both classes here, so left out: {', '.join(self.left_out)}.")
        return "\n".join(lines)


@dataclass(frozen=True)
class LocalizationReport:
    """What `python -m core localize` prints."""

    n: int  # studies in which at least one finding has a mask or box
    methods: Measured  # mean over the findings
    findings: dict[str, Measured]
    cases: dict[str, int]  # studies of each finding

    def to_json(self) -> dict[str, Any]:
        """n, methods {method: {measure: figure}}, findings {finding: the same}, cases {finding}."""
        return {
            "n": self.n,
            "methods": _measured(self.methods),
            "findings": {name: _measured(found) for name, found in self.findings.items()},
            "cases": self.cases,
        }

    def table(self) -> str:
        """One line a method, then the pointing game of each finding."""
        lines = [f"{'mean of the findings':26} {'':5} " + " ".join(f"{m:>22}" for m in MEASURES)]
        for method, found in self.methods.items():
            cells = " ".join(_cell(figure, width=6) for figure in found.values())
            lines.append(f"{method:26} {'':5} {cells}")
        names = " ".join(f"{method[:14]:>14}" for method in self.methods)
        lines.append(f"\n{'pointing game':26} {'n':>5} {names}")
        for name, by_method in self.findings.items():
            cells = " ".join(f"{by_method[m]['pointing_game'].value:14.3f}" for m in self.methods)
            lines.append(f"{name:26} {self.cases[name]:5d} {cells}")
        lines.append(f"n = {self.n} studies; 95 % bootstrap intervals over studies.")
        return "\n".join(lines)


def _measured(methods: Measured) -> dict[str, dict[str, dict[str, float | None]]]:
    return {
        method: {measure: _figure(value) for measure, value in found.items()}
        for method, found in methods.items()
    }


def _figure(figure: Interval) -> dict[str, float | None]:
    """JSON has no NaN: what cannot be known is null."""
    return {
        name: None if np.isnan(value) else float(value) for name, value in figure._asdict().items()
    }


def _cell(figure: Interval, width: int = 5) -> str:
    value, low, high = (f"{number:{width}.3f}" for number in figure)
    return f"{value} [{low} {high}]"
