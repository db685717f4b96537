"""Runs side by side: how each ended, and the settings in which they differ."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.metrics.auc import paired_auc_difference
from core.metrics.bootstrap import Interval
from core.training.alarms import alarms
from core.training.check import CheckScores
from core.training.record import read_record
from core.training.runs import Run

SCORES = ("lrclr", "global", "local", "positive")


@dataclass(frozen=True)
class Summary:
    """One run in a line."""

    name: str
    status: str
    step: int
    steps: int
    seconds: float
    auc: dict[str, float]  # of the last check, mean over findings
    pointing: float | None
    best_step: int | None
    auc_by_finding: dict[str, dict[str, float]]
    pointing_by_finding: dict[str, float]
    alarms: list[str]  # what is wrong at the last check

    def to_json(self) -> dict[str, Any]:
        """As `python -m core runs --json` writes it."""
        return dict(vars(self))


def summary(run: Run) -> Summary:
    """How far a run is, by its log."""
    lines = run.metrics
    steps = [line for line in lines if line["kind"] == "step"]
    checks = [line for line in lines if line["kind"] == "check"]
    last = checks[-1] if checks else {}
    best = max(checks, key=lambda line: line.get("score", -1.0)) if checks else None
    return Summary(
        run.name, run.status, steps[-1]["step"] if steps else 0,
        steps[-1]["steps"] if steps else 0, _seconds(steps),
        last.get("auc", {}), last.get("pointing"), best["step"] if best else None,
        last.get("auc_by_finding", {}), last.get("pointing_by_finding", {}),
        alarms(checks),
    )  # fmt: skip


def _seconds(steps: list[dict[str, Any]]) -> float:
    """Of training; each start of a run that was resumed counts from 0."""
    told = [float(line["seconds"]) for line in steps] + [0.0]
    return sum(now for now, then in itertools.pairwise(told) if then < now)


def differing(runs: list[Run]) -> dict[str, list[Any]]:
    """Settings whose values are not the same in all runs: dotted name to one value for each."""
    tables = [_flat(read_record(run.dir).get("config") or {}) for run in runs]
    names = list(dict.fromkeys(name for table in tables for name in table))
    values = {name: [table.get(name) for table in tables] for name in names}
    return {name: found for name, found in values.items() if any(v != found[0] for v in found)}


def gains(first: Run, second: Run, n_bootstrap: int = 500) -> dict[str, Interval]:
    """AUC of `second` less that of `first` at their last checks, paired, for each finding.

    Empty where the two were not checked on the same studies.
    """
    one, two = CheckScores.read(first.dir), CheckScores.read(second.dir)
    if one is None or two is None or one.fingerprint != two.fingerprint:
        return {}
    found = {}
    for name in one.findings:
        if name not in two.findings:
            continue
        a, b = one.findings.index(name), two.findings.index(name)
        known = ~np.isnan(one.truth[:, a])
        found[name] = paired_auc_difference(
            one.truth[known, a], one.scores[known, a], two.scores[known, b], n_bootstrap,
            groups=None if one.patients is None else one.patients[known],
        )  # fmt: skip
    return found


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{before}{name.rstrip('_')}."))
        else:
            flat[before + name.rstrip("_")] = value
    return flat
