"""Two models, or two methods of localisation, on the same studies: what the second gains.

Figures are paired: every resample draws the same patients for both, so that what is hard for both
does not widen the interval of the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import ExplorerError
from core.evaluation.localize import measure_cases
from core.evaluation.report import figure_json
from core.evaluation.tally import MIN_CASES, Cases, Tally
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet, prompts_for
from core.inference.zero_shot import Scores
from core.metrics.auc import sampled_auc
from core.metrics.bootstrap import Interval, Sampled, average, resamples
from core.metrics.localisation import MEASURES
from core.progress import Progress
from core.studies import StudySet

_ONE, _TWO = "a", "b"


@dataclass(frozen=True)
class Pair:
    """A figure of both and what the second gains, with its interval."""

    n: int  # studies or cases behind it
    a: float
    b: float
    gain: Interval  # of b over a

    def to_json(self) -> dict[str, Any]:
        """n, a, b and gain {value, low, high}; what cannot be known is null."""
        told = {"a": self.a, "b": self.b}
        return {
            "n": self.n,
            **{name: None if np.isnan(value) else value for name, value in told.items()},
            "gain": figure_json(self.gain),
        }


@dataclass(frozen=True)
class PairedReport:
    """What `python -m core compare` prints.

    `auc` is empty for two methods of one model, `localisation` where the set has no truth.
    """

    auc: dict[str, Pair]  # finding -> figure
    mean_auc: Pair | None
    localisation: dict[str, dict[str, Pair]]  # finding -> measure -> figure
    mean: dict[str, Pair]  # measure -> over the findings with `min_cases`
    pooled: dict[str, Pair]  # measure -> over all cases
    min_cases: int
    patients: int  # of the set

    def to_json(self) -> dict[str, Any]:
        """The fields as they are; figures as `Pair.to_json`."""
        return {
            "auc": {name: pair.to_json() for name, pair in self.auc.items()},
            "mean_auc": self.mean_auc and self.mean_auc.to_json(),
            "localisation": {
                name: {measure: pair.to_json() for measure, pair in pairs.items()}
                for name, pairs in self.localisation.items()
            },
            "mean": {measure: pair.to_json() for measure, pair in self.mean.items()},
            "pooled": {measure: pair.to_json() for measure, pair in self.pooled.items()},
            "min_cases": self.min_cases,
            "patients": self.patients,
        }

    def table(self) -> str:
        """AUC and pointing game by finding, then every measure over the findings and pooled."""
        lines: list[str] = []
        if self.mean_auc is not None:
            means = {"mean of the findings": self.mean_auc}
            lines += _lines("AUC", {**self.auc, **means})
        if self.localisation:
            pointing = {name: pairs["pointing_game"] for name, pairs in self.localisation.items()}
            lines += _lines("pointing game", pointing)
            title = f"mean of findings with {self.min_cases} cases or more"
            lines += _lines(title, self.mean) + _lines("all cases pooled", self.pooled)
        lines.append(
            f"Paired 95 % bootstrap intervals over {self.patients} patients; * excludes zero."
        )
        return "\n".join(lines)


def compare(
    predictors: tuple[Predictor, Predictor],
    studies: StudySet,
    methods: tuple[str, str],
    prompts: PromptSet | None = None,
    score: str = "lrclr",
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
    min_cases: int = MIN_CASES,
    score_b: str | None = None,
) -> PairedReport:
    """Compare two models or scores and, where a set has masks or boxes, methods of localisation.

    Args:
        predictors: a and b; the same one for two methods or scores of one model.
        methods: of METHODS, that of a and that of b.
        prompts: by default those of `prompts_for` the findings that the set labels.
        score: of `zero_shot.SCORES`.
        min_cases: of a finding in the mean over findings, where any has so many.
        score_b: of b, by default that of a.

    Raises:
        ExplorerError: the two are one, or the set has neither labels with both classes nor truth.
    """
    one_model = predictors[0].model_hash == predictors[1].model_hash
    scores = (score, score_b or score)
    one_score = one_model and scores[0] == scores[1]
    one_method = one_model and methods[0] == methods[1]
    if one_score and one_method:
        raise ExplorerError(
            "Both sides are the same model, score and method, so that there is nothing to compare; "
            "name another model with --b, method with --method-b or score with --score-b."
        )
    auc: dict[str, Pair] = {}
    mean = None
    if not one_score:
        auc, mean = _auc(predictors, studies, prompts, scores, n_bootstrap, seed, progress)
    tallies: dict[str, Tally] = {}
    if not one_method:
        tallies = _both_tallies(predictors, studies, methods, prompts, seed, progress)
    if not auc and not tallies:
        raise ExplorerError(
            f"'{studies.spec}' has neither a finding with both positive and negative studies nor a "
            "mask or box to compare by; choose a set with truth, such as phantom:test."
        )
    report = PairedReport(auc, mean, {}, {}, {}, min_cases, len(np.unique(studies.patients)))
    if not tallies:
        return report
    return _localised(report, Cases(tallies, studies.patients, n_bootstrap, seed), min_cases)


def paired_auc(
    studies: StudySet, prompts: PromptSet, first: Scores, second: Scores, score: str = "lrclr",
    n_bootstrap: int = 1000, seed: int = 0,
) -> tuple[dict[str, Pair], Pair | None]:  # fmt: skip
    """AUC of every finding with both classes by two sets of scores, and their mean over findings.

    Args:
        first: (B, F) each, one column for each finding of the prompts; NaN where an image cannot
            be read, which is then left out of both.
        second: as `first`.
    """
    readable = np.isfinite(first[score]).all(axis=1) & np.isfinite(second[score]).all(axis=1)
    weights = resamples(int(readable.sum()), n_bootstrap, seed, studies.patients[readable])
    pairs: dict[str, Pair] = {}
    sides: tuple[list[Sampled], list[Sampled]] = ([], [])
    for column, name in enumerate(prompts):
        if name not in studies.labels:
            continue
        truth = studies.labels[name].to_numpy(float)
        known = readable & ~np.isnan(truth)
        if len(np.unique(truth[known])) < 2:
            continue
        drawn = weights[:, known[readable]]
        for side, scores in zip(sides, (first, second), strict=True):
            values = scores[score][known, column].astype(float)
            side.append(sampled_auc(truth[known], values, drawn))
        pairs[name] = _pair(int(known.sum()), sides[0][-1], sides[1][-1])
    if not pairs:
        return {}, None
    return pairs, _pair(int(readable.sum()), average(sides[0]), average(sides[1]))


def _auc(
    predictors: tuple[Predictor, Predictor], studies: StudySet, prompts: PromptSet | None,
    scores: tuple[str, str], n_bootstrap: int, seed: int, progress: Progress | None,
) -> tuple[dict[str, Pair], Pair | None]:  # fmt: skip
    labels = studies.labels
    told = [str(name) for name in labels if labels[name].nunique(dropna=True) == 2]
    chosen = [name for name in prompts or told if name in told]
    if not chosen:
        return {}, None
    asked = PromptSet({name: (prompts or prompts_for(told))[name] for name in chosen})
    a, b = predictors
    first = a.score_set(studies, asked, progress)
    second = first if b is a else b.score_set(studies, asked, progress)
    second = {scores[0]: second[scores[1]]}
    return paired_auc(studies, asked, first, second, scores[0], n_bootstrap, seed)


def _both_tallies(
    predictors: tuple[Predictor, Predictor], studies: StudySet, methods: tuple[str, str],
    prompts: PromptSet | None, seed: int, progress: Progress | None,
) -> dict[str, Tally]:  # fmt: skip
    """Cases measured by both sides, under the names of the sides."""
    tallies: dict[str, Tally] = {}
    for side, predictor, method in zip((_ONE, _TWO), predictors, methods, strict=True):
        unreadable: list[str] = []
        measured = measure_cases(
            predictor, studies, [method], prompts, seed=seed, progress=progress,
            unreadable=unreadable,
        )  # fmt: skip
        for finding, cases in measured.items():
            tally = tallies.setdefault(finding, Tally(cases.rows))
            assert tally.rows == cases.rows, "truth does not hang on the model"
            tally.values |= {(side, key[1]): values for key, values in cases.values.items()}
    return tallies


def _localised(report: PairedReport, cases: Cases, min_cases: int) -> PairedReport:
    least = cases.least(min_cases)
    counts = {name: len(tally.rows) for name, tally in cases.tallies.items()}
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    findings: dict[str, dict[str, Pair]] = {name: {} for name in ordered}
    mean, pooled = {}, {}
    for measure in MEASURES:
        shared = cases.defined((_ONE, _TWO), measure)
        counted = [name for name in shared if counts[name] >= least]
        for name in ordered:
            one, two = (cases.finding(name, side, measure) for side in (_ONE, _TWO))
            findings[name][measure] = _pair(counts[name], one, two)
        one, two = (_mean_of(cases, counted, side, measure) for side in (_ONE, _TWO))
        mean[measure] = _pair(len(counted), one, two)
        one, two = (cases.pooled(shared, side, measure) for side in (_ONE, _TWO))
        pooled[measure] = _pair(sum(counts[name] for name in shared), one, two)
    return replace(report, localisation=findings, mean=mean, pooled=pooled, min_cases=least)


def _mean_of(cases: Cases, findings: Sequence[str], side: str, measure: str) -> Sampled:
    return average([cases.finding(name, side, measure) for name in findings])


def _pair(n: int, one: Sampled, two: Sampled) -> Pair:
    return Pair(n, one.value, two.value, (two - one).interval())


def _lines(title: str, pairs: dict[str, Pair]) -> list[str]:
    lines = [f"{title:40} {'n':>5} {'a':>7} {'b':>7}   b less a"]
    for name, pair in pairs.items():
        value, low, high = pair.gain
        star = "*" if low > 0 or high < 0 else ""
        told = f"{value:+.3f} [{low:+.3f} {high:+.3f}]{star}"
        lines.append(f"{name:40} {pair.n:5d} {pair.a:7.3f} {pair.b:7.3f}   {told}")
    return [*lines, ""]
