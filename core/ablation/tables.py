"""Variants of a training run over seeds, side by side: means, intervals, differences to the first.

Intervals resample the patients of the test set and the seeds, the same draws for every variant; a
difference whose interval excludes zero is marked. Three seeds drawn again show two thirds of their
variance at most, so that the spread over seeds is given beside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation.tally import Tally
from core.metrics.auc import sampled_auc
from core.metrics.bootstrap import Draws, Interval, Sampled, average, mean_draws, resamples

SCORES = ("lrclr", "global", "local")
SMALL = ("Fracture", "Lung Lesion", "Pneumothorax", "Support Devices")
"""Findings that fill a small part of the picture; their AUC is given apart."""
_OVERALL = ("AUC", "retrieval", "brixia")  # figures of the studies; all others are of a method

Array = NDArray[np.float64]
Figures = dict[str, Sampled]


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
    spread: dict[str, float] = field(default_factory=dict)  # standard deviation over seeds


class Comparison:
    """Trials one after the other; each is resampled once, with the same draws."""

    def __init__(
        self, labels: pd.DataFrame, n_bootstrap: int = 1000, seed: int = 0, min_cases: int = 1,
        patients: NDArray[np.int64] | None = None,
    ) -> None:  # fmt: skip
        """Nothing compared yet.

        Args:
            labels: (n, F) of 1, 0 and NaN, columns as those of the scores.
            min_cases: localisation is the mean over the findings with that many cases at least.
            patients: (n,), who is drawn together; without, every study is a patient of its own.
        """
        self._labels, self._min_cases, self._seed = labels, min_cases, seed
        self._weights = resamples(len(labels), n_bootstrap, seed, patients)
        self._measured: dict[str, list[Figures]] = {}  # variant -> one for each seed

    def add(self, trial: Trial) -> None:
        """Measure a trial on the draws."""
        figures = _figures(trial, self._labels, self._weights, self._min_cases)
        self._measured.setdefault(trial.variant, []).append(figures)

    def rows(self) -> list[Row]:
        """A row for each variant, in the order of their first trials."""
        joined = {
            variant: {name: self._over_seeds([run[name] for run in runs]) for name in runs[0]}
            for variant, runs in self._measured.items()
        }
        rows = []
        first = next(iter(joined.values()))
        for variant, figures in joined.items():
            gains = {
                name: (figure - first[name]).interval()
                for name, figure in figures.items()
                if name in first and figures is not first
            }
            runs = self._measured[variant]
            spread = {
                name: float(np.std([run[name].value for run in runs], ddof=1))
                for name in (figures if len(runs) > 1 else ())
            }
            shown = {name: figure.interval() for name, figure in figures.items()}
            rows.append(Row(variant, len(runs), shown, gains, spread))
        return rows

    def _over_seeds(self, runs: list[Sampled]) -> Sampled:
        """Mean of the seeds; each resample draws patients and seeds."""
        draws = np.stack([run.draws for run in runs], axis=1)  # (R, seeds)
        # By their number alone, so that variants with the same seeds are compared seed by seed.
        weights = resamples(len(runs), len(draws), self._seed + len(runs))
        mean = (weights * draws).sum(axis=1) / len(runs)
        return Sampled(float(np.mean([run.value for run in runs])), mean)


def _figures(trial: Trial, labels: pd.DataFrame, weights: Draws, min_cases: int) -> Figures:
    figures: Figures = {}
    for score in SCORES:
        parts = {}
        for column, name in enumerate(labels.columns):
            truth = labels[name].to_numpy(float)
            known = ~np.isnan(truth)
            values = trial.scores[score][known, column].astype(float)
            if len(np.unique(truth[known])) == 2:
                parts[name] = sampled_auc(truth[known], values, weights[:, known])
        figures[f"AUC {score}"] = average(list(parts.values()))
        small = [part for name, part in parts.items() if name in SMALL]
        if small and score == "lrclr":
            figures["AUC small"] = average(small)
    for name, values in trial.studies.items():
        mean = mean_draws(values, weights)
        if not np.isnan(mean.value):
            figures[name] = mean
    tallies = [tally for tally in trial.cases.values() if len(tally.rows) >= min_cases]
    for key in dict.fromkeys(key for tally in tallies for key in tally.values):
        means = [mean_draws(np.array(t.values[key]), weights[:, t.rows]) for t in tallies]
        # What a method cannot be measured on would make its mean one of other findings.
        if not any(np.isnan(mean.value) for mean in means):
            method, measure = key
            figures[f"{measure} {method}"] = average(means)
    return figures


def as_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """One line a variant: value, low and high of each figure and of each gain."""
    lines = []
    for row in rows:
        line: dict[str, object] = {"variant": row.variant, "seeds": row.seeds}
        for kind, figures in (("", row.figures), ("gain ", row.gains)):
            for name, found in figures.items():
                for part, value in found._asdict().items():
                    line[f"{kind}{name} {part}"] = value
        line |= {f"{name} sd over seeds": value for name, value in row.spread.items()}
        lines.append(line)
    return pd.DataFrame(lines)


def as_markdown(rows: Sequence[Row]) -> str:
    """Tables of values with intervals; a star where the gain over the first row excludes zero.

    After ± comes the standard deviation over seeds, where there are several.

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
        spread = f" ±{row.spread[name]:.3f}" if name in row.spread else ""
        cells.append(f"{figure.value:.3f} [{figure.low:.3f} {figure.high:.3f}]{star}{spread}")
    return cells


def _table(title: str, head: str, names: Sequence[str], lines: dict[str, list[str]]) -> str:
    columns = head.count("|") + 1 + len(names)
    text = [f"### {title}", "", f"| {head} | {' | '.join(names)} |", "|" + "---|" * columns]
    text += [f"| {line} | {' | '.join(cells)} |" for line, cells in lines.items()]
    return "\n".join(text) + "\n"
