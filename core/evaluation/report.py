"""What evaluation found, as JSON with stable keys and as a table for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.metrics.bootstrap import Interval
from core.metrics.localisation import MEASURES

SCORES = ("positive", "pair", "global", "local", "lrclr")
"""The zero-shot scores that are reported, of `core.inference.zero_shot.SCORES`."""

_NAMED = 3  # studies that a page names; a terminal and the JSON name all

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

    n: int  # studies whose image could be read
    findings: dict[str, FindingAuc]
    left_out: tuple[str, ...] = ()  # findings of the prompts without both classes in the set
    unreadable: tuple[str, ...] = ()  # studies whose image could not be read, and why

    @property
    def mean_auc(self) -> dict[str, float]:
        """Mean over the findings, by score."""
        return {
            score: float(np.mean([found.auc[score].value for found in self.findings.values()]))
            for score in SCORES
        }

    def to_json(self) -> dict[str, Any]:
        """n, mean_auc {score: value} and findings {finding: {positives, auc {score: figure}}}.

        With `unreadable`, a list of sentences, where images could not be read.
        """
        return {
            **_unreadable(self.unreadable),
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
        return "\n".join([*lines, *_said(self.unreadable)])


@dataclass(frozen=True)
class LocalizationReport:
    """What `python -m core localize` prints."""

    n: int  # studies in which at least one finding has a mask or box
    methods: Measured  # mean over the findings
    findings: dict[str, Measured]
    cases: dict[str, int]  # studies of each finding
    unreadable: tuple[str, ...] = ()  # studies whose image could not be read, and why

    def to_json(self) -> dict[str, Any]:
        """n, methods {method: {measure: figure}}, findings {finding: the same}, cases {finding}.

        With `unreadable`, a list of sentences, where images could not be read.
        """
        return {
            **_unreadable(self.unreadable),
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
        return "\n".join([*lines, *_said(self.unreadable)])


def left_out_sentence(unreadable: Sequence[str]) -> str:
    """How many studies were left out and why; the first few, empty without any."""
    if not unreadable:
        return ""
    count = "1 study" if len(unreadable) == 1 else f"{len(unreadable)} studies"
    named = " ".join(unreadable[:_NAMED])
    more = f" And {len(unreadable) - _NAMED} more." if len(unreadable) > _NAMED else ""
    return f"{count} left out, since the image cannot be read. {named}{more}"


def _unreadable(sentences: tuple[str, ...]) -> dict[str, list[str]]:
    return {"unreadable": list(sentences)} if sentences else {}


def _said(sentences: tuple[str, ...]) -> list[str]:
    """Every study that was left out, a line each."""
    head = f"Left out, since their image cannot be read: {len(sentences)}."
    return [head, *sentences] if sentences else []


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
