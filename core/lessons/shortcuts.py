"""What a score moves with besides its finding, and labels that are wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.study_scores import text_prompts
from core.lessons import fields
from core.lessons.bench import LessonBench
from core.lessons.checked import Checked, FilmEvidence, LessonProbe
from core.lessons.fields import REQUIRED, Field
from core.lessons.text_probes import options_checked
from core.phantom.render import render
from core.phantom.twins import CHANGES, twins

DEVICE = "Support Devices"


@dataclass(frozen=True)
class ScoredTwins:
    """One patient twice, with one thing changed, and what a text scores on each."""

    row: int
    low: NDArray[np.float32]  # (H, W), 0..255
    high: NDArray[np.float32]
    scores: tuple[float, float]

    @property
    def moved(self) -> float:
        """By how much the score rises with the change."""
        return self.scores[1] - self.scores[0]


def scored_twins(bench: LessonBench, row: int, change: str, text: str) -> ScoredTwins:
    """Twins of a film of the pool, who differ in a change of CHANGES alone."""
    what = CHANGES[change]
    (low,), (high,) = twins(what, [bench.studies.cases[row]], *what.usual)
    films = [render(case, bench.studies.size).image.astype(np.float32) for case in (low, high)]
    prompts = text_prompts(text)
    scores = [
        float(bench.predictor.score(bench.predictor.encode_image(film), prompts)["lrclr"][0, 0])
        for film in films
    ]
    return ScoredTwins(row, films[0], films[1], (scores[0], scores[1]))


def twin_rows(bench: LessonBench, finding: str, films: int) -> list[int]:
    """Own films that lack a finding and devices, so that neither is there before the change."""
    labels = bench.studies.labels.iloc[bench.rows]
    plain = (labels[finding].to_numpy(float) == 0) & (labels[DEVICE].to_numpy(float) == 0)
    return [int(row) for row in bench.rows[plain][:films]]


def spread_between(bench: LessonBench, finding: str, text: str) -> float:
    """Mean score of the pool's films with a finding less that of those without: a ruler."""
    scores, truth = bench.score(text, "lrclr"), bench.studies.labels[finding].to_numpy(float)
    return float(scores[truth == 1].mean() - scores[truth == 0].mean())


def mean_move(bench: LessonBench, change: str, finding: str, text: str, films: int) -> float:
    """Mean move of a text's score with a change, as a share of what the finding itself moves."""
    moves = [scored_twins(bench, row, change, text).moved
             for row in twin_rows(bench, finding, films)]  # fmt: skip
    return float(np.mean(moves)) / spread_between(bench, finding, text)


def _movers(bench: LessonBench, asked: Mapping[str, Any], answer: Sequence[str]) -> Checked:
    finding, text = asked["finding"], asked["text"] or asked["finding"].lower()
    shares = {label: abs(mean_move(bench, change, finding, text, asked["films"]))
              for label, change in asked["option"]}  # fmt: skip
    return options_checked(
        {label: share >= asked["share"] for label, share in shares.items()}, answer,
        [(label, f"{100 * share:.0f} %") for label, share in shares.items()],
    )  # fmt: skip


_labelled_change = fields.labelled(fields.one_of(*CHANGES), "change", "Sex = sex")

@dataclass(frozen=True)
class NoisyFilms:
    """Own films with the labels somebody gave them, some of them wrong."""

    rows: tuple[int, ...]
    given: tuple[bool, ...]  # the label as it stands in the table
    wrong: frozenset[int]  # rows whose label was turned over
    scores: tuple[float, ...]


def noisy_films(bench: LessonBench, finding: str, text: str, films: int, flips: int) -> NoisyFilms:
    """Films half with and half without a finding, some labels of either kind turned over."""
    rng = np.random.default_rng([bench.seed, 7])
    truth, scores = bench.truth(finding), bench.score(text, "lrclr")
    halves = [rng.permutation(bench.rows[truth == side])[: films // 2] for side in (1, 0)]
    rows = sorted(int(row) for row in np.concatenate(halves))
    wrong = frozenset(int(row) for row in rng.choice(rows, min(flips, len(rows)), replace=False))
    label = bench.studies.labels[finding].to_numpy(float)
    given = tuple(bool(label[row] == 1) != (row in wrong) for row in rows)
    return NoisyFilms(tuple(rows), given, wrong, tuple(float(scores[row]) for row in rows))


def _relabel(bench: LessonBench, asked: Mapping[str, Any], answer: Sequence[str]) -> Checked:
    finding, text = asked["finding"], asked["text"] or asked["finding"].lower()
    films = noisy_films(bench, finding, text, asked["films"], asked["flips"])
    ticked = {int(row) for row in answer if row.isdecimal()}
    right, false = len(ticked & films.wrong), len(ticked - films.wrong)
    figures = {"right": right, "wrong": len(films.wrong), "false": false, "finding": finding}
    passed = right >= asked["least"] and false <= asked["spare"]
    missed = sorted(films.wrong - ticked) + sorted(ticked - films.wrong)
    evidence = tuple(
        FilmEvidence(row, "label-missed" if row in films.wrong else "label-was-right",
                     {"finding": finding}, finding=finding)
        for row in missed[:6]
    )  # fmt: skip
    share = max(right - false, 0) / max(len(films.wrong), 1)
    return Checked(passed, share, "labels-found" if passed else "labels-missed", figures,
                   films=evidence)  # fmt: skip


_FINDING = Field("one finding, or several of which each student has one", fields.findings, REQUIRED)
_TEXT = Field("that is scored; by default the finding's name", fields.prompt, "")

NOISE: dict[str, Field] = {
    "finding": _FINDING, "text": _TEXT,
    "films": Field("films that are shown", fields.count(4, 16), 12),
    "flips": Field("labels that are wrong", fields.count(1, 8), 3),
}  # fmt: skip

PROBES: dict[str, LessonProbe] = {
    "movers": LessonProbe(
        "Which changes move a score by a share of what the finding itself moves it.", "options",
        {"finding": _FINDING, "text": _TEXT,
         "films": Field("own films that are drawn anew", fields.count(1, 8), 3),
         "share": Field("share that counts", fields.number(0, 2), 0.2),
         "option": Field("a change to choose from, LABEL = CHANGE", _labelled_change, REQUIRED,
                         many=True)},
        _movers,
    ),
    "relabel": LessonProbe(
        "Which labels of own films were turned over.", "films",
        {**NOISE, "least": Field("wrong labels to find", fields.count(1, 8), 3),
         "spare": Field("right labels that may be ticked", fields.count(0, 8), 1)},
        _relabel,
    ),
}  # fmt: skip
"""Probes of shortcuts and labels."""
