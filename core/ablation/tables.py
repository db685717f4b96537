"""Variants of a training run over seeds, side by side: means, intervals, differences to the first.

Intervals resample the test studies, the same draws for every variant, and average the seeds inside
each draw; a difference whose interval excludes zero is marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.localize import Tally
from core.metrics.auc import auc_draws, roc_auc
from core.metrics.bootstrap import Interval, interval, resamples

SCORES = ("lrclr", "global", "local")
SMALL = ("Fracture", "Lung Lesion", "Pneumothorax", "Support Devices")
"""Findings that fill a small part of the picture; their AUC is given apart."""
_OVERALL = ("AUC", "retrieval", "brixia")  # figures of the studies; all others are of a method

Array = NDArray[np.float64]
Figures = dict[str, tuple[float, Array]]  # figure -> value and its draws (R,)


@dataclass(frozen=True)
class Trial:
    """One trained model on the test set."""

    variant: str
    seed: int
    scores: dict[str, Array]  # score -> (n, F)
    cases: dict[str, Tally]  # finding -> measures of its cases
    studies: dict[str, Array] = field(default_factory=dict)  # figure -> (n,), NaN where unknown


@dataclass(frozen=True)
class Row:
    """One variant: figure -> interval, and the same less the first variant's."""

    variant: str
    seeds: int
    figures: dict[str, Interval]
    gains: dict[str, Interval] = field(default_factory=dict)


class Comparison:
    """Trials one after the other; each is resampled once, with the same draws."""

    def __init__(
        self, labels: pd.DataFrame, n_bootstrap: int = 1000, seed: int = 0, min_cases: int = 1
    ) -> None:
        """Nothing compared yet.

        Args:
            labels: (n, F) of 1, 0 and NaN, columns as those of the scores.
            min_cases: localisation is the mean over the findings with that many cases at least.
        """
        self._labels, self._min_cases = labels, min_cases
        self._weights = resamples(len(labels), n_bootstrap, seed)
        self._measured: dict[str, list[Figures]] = {}  # variant -> one for each seed

    def add(self, trial: Trial) -> None:
        """Measure a trial on the draws."""
        found = _figures(trial, self._labels, self._weights, self._min_cases)
        self._measured.setdefault(trial.variant, []).append(found)

    def rows(self) -> list[Row]:
        """A row for each variant, in the order of their first trials."""
        joined = {
            variant: {name: _mean([found[name] for found in seeds]) for name in seeds[0]}
            for variant, seeds in self._measured.items()
        }
        rows = []
        first = next(iter(joined.values()))
        for variant, figures in joined.items():
            gains = {
                name: interval(value - first[name][0], draws - first[name][1])
                for name, (value, draws) in figures.items()
                if name in first and figures is not first
            }
            shown = {name: interval(*figure) for name, figure in figures.items()}
            rows.append(Row(variant, len(self._measured[variant]), shown, gains))
        return rows


def _figures(
    trial: Trial, labels: pd.DataFrame, weights: NDArray[np.int64], min_cases: int
) -> Figures:
    found: Figures = {}
    for score in SCORES:
        parts = {}
        for column, name in enumerate(labels.columns):
            truth = labels[name].to_numpy(float)
            known = ~np.isnan(truth)
            values = trial.scores[score][known, column].astype(float)
            if len(np.unique(truth[known])) == 2:
                draws = auc_draws(truth[known], values, weights[:, known])
                parts[name] = (roc_auc(truth[known], values), draws)
        found[f"AUC {score}"] = _mean(list(parts.values()))
        small = [part for name, part in parts.items() if name in SMALL]
        if small and score == "lrclr":
            found["AUC small"] = _mean(small)
    for name, each in trial.studies.items():
        mean = _case_mean(each, weights)
        if not np.isnan(mean[0]):
            found[name] = mean
    tallies = [tally for tally in trial.cases.values() if len(tally.rows) >= min_cases]
    for key in dict.fromkeys(key for tally in tallies for key in tally.values):
        means = [
            _case_mean(np.array(tally.values[key]), weights[:, tally.rows]) for tally in tallies
        ]
        known_ = [mean for mean in means if not np.isnan(mean[0])]
        if known_:
            method, measure = key
            found[f"{measure} {method}"] = _mean(known_)
    return found


def _case_mean(values: Array, weights: NDArray[np.int64]) -> tuple[float, Array]:
    known = ~np.isnan(values)
    if not known.any():
        return float("nan"), np.full(len(weights), np.nan)
    count = weights[:, known].sum(axis=1)
    sums = weights[:, known] @ values[known]
    draws = np.divide(sums, count, out=np.full(len(sums), np.nan), where=count > 0)
    return float(values[known].mean()), draws


def _mean(parts: Sequence[tuple[float, Array]]) -> tuple[float, Array]:
    return float(np.mean([value for value, _ in parts])), np.mean([d for _, d in parts], axis=0)


def as_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """One line a variant: value, low and high of each figure and of each gain."""
    lines = []
    for row in rows:
        line: dict[str, object] = {"variant": row.variant, "seeds": row.seeds}
        for kind, figures in (("", row.figures), ("gain ", row.gains)):
            for name, found in figures.items():
                for part, value in found._asdict().items():
                    line[f"{kind}{name} {part}"] = value
        lines.append(line)
    return pd.DataFrame(lines)


def as_markdown(rows: Sequence[Row]) -> str:
    """Tables of values with intervals; a star where the gain over the first row excludes zero.

    The scores, then localisation by each method of all rows, then by the controls, which were
    measured on the first row's model alone.
    """
    measures: dict[str, list[str]] = {}  # method -> measures
    for name in rows[0].figures:
        if not name.startswith(_OVERALL):
            measure, method = name.split()
            measures.setdefault(method, []).append(measure)
    overall = [name for name in rows[0].figures if name.startswith(_OVERALL)]
    shared = [m for m in measures if all(f"{measures[m][0]} {m}" in r.figures for r in rows[1:])]
    lines = {f"{row.variant} | {row.seeds}": _cells(row, overall) for row in rows}
    parts = [_table("Scores", "variant | seeds", overall, lines)]
    for method in shared:
        names = [f"{measure} {method}" for measure in measures[method]]
        lines = {row.variant: _cells(row, names) for row in rows}
        parts.append(_table(f"Localisation by {method}", "variant", measures[method], lines))
    controls = [method for method in measures if method not in shared]
    if controls:
        known = list(dict.fromkeys(measure for m in controls for measure in measures[m]))
        lines = {m: _cells(rows[0], [f"{measure} {m}" for measure in known]) for m in controls}
        parts.append(_table(f"Controls, on {rows[0].variant}", "method", known, lines))
    return "\n".join(parts)


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    cells = []
    for name in names:
        figure, gain = row.figures.get(name), row.gains.get(name)
        if figure is None:
            cells.append("-")
            continue
        sure = gain is not None and (gain.low > 0 or gain.high < 0)
        star = "*" if sure else ""
        cells.append(f"{figure.value:.3f} [{figure.low:.3f} {figure.high:.3f}]{star}")
    return cells


def _table(title: str, head: str, names: Sequence[str], lines: dict[str, list[str]]) -> str:
    columns = head.count("|") + 1 + len(names)
    text = [f"### {title}", "", f"| {head} | {' | '.join(names)} |", "|" + "---|" * columns]
    text += [f"| {line} | {' | '.join(cells)} |" for line, cells in lines.items()]
    return "\n".join(text) + "\n"
