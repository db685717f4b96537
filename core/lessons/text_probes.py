"""Probes of texts: how well one ranks films, which of several do, and where to call."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.text_truth import denied_findings
from core.inference.prompts import check_prompt
from core.lessons import fields
from core.lessons.bench import LessonBench
from core.lessons.checked import Checked, FilmEvidence, LessonProbe
from core.lessons.fields import REQUIRED, Field
from core.metrics.auc import roc_auc

_FILMS = 3  # of evidence on a side
_NAN = float("nan")


def auc_of(bench: LessonBench, text: str, finding: str, score: str) -> float:
    """AUC of a text for a finding on a student's own films."""
    return roc_auc(bench.truth(finding), bench.score(text, score)[bench.rows])


def _names(text: str, finding: str) -> str:
    """The first word of a finding's name that stands in a text; "" for none."""
    spoken = {word.strip(".,;:()").lower() for word in text.split()}
    return next((word for word in finding.lower().split() if word in spoken), "")


def _text(bench: LessonBench, asked: Mapping[str, Any], answer: str) -> Checked:
    text, finding = check_prompt(answer), asked["finding"]
    named = _names(text, finding) if not asked["naming"] else ""
    if named:
        return Checked(False, _NAN, "text-names", {"word": named})
    if asked["denies"] and finding not in denied_findings(text):
        return Checked(False, _NAN, "text-denies-not", {"finding": finding})
    auc = auc_of(bench, text, finding, asked["score"])
    having = int(bench.truth(finding).sum())
    figures = {"auc": auc, "finding": finding, "films": len(bench.rows), "having": having,
               "reach": asked["reach"]}  # fmt: skip
    passed = auc >= asked["reach"]
    films = _most_wrong(bench, finding, bench.score(text, asked["score"]))
    return Checked(passed, auc, "text-right" if passed else "text-low", figures, films=films)


def _most_wrong(
    bench: LessonBench, finding: str, scores: NDArray[np.float64]
) -> tuple[FilmEvidence, ...]:
    """Own films that cost the AUC most: with the finding and low, without it and high."""
    truth, own = bench.truth(finding), scores[bench.rows]
    films = []
    for side, told in ((1, "film-with"), (0, "film-without")):
        places = np.flatnonzero(truth == side)
        others = own[truth != side]
        beaten = [float((others > own[p]).mean() if side else (others < own[p]).mean())
                  for p in places]  # fmt: skip
        for place in np.argsort(beaten, kind="stable")[::-1][:_FILMS]:
            if beaten[place] > 0:
                figures = {"finding": finding, "share": 100 * beaten[place]}
                row = int(bench.rows[places[place]])
                films.append(FilmEvidence(row, told, figures, finding=finding))
    return tuple(films)


def _above(bench: LessonBench, asked: Mapping[str, Any], answer: Sequence[str]) -> Checked:
    aucs = {text: auc_of(bench, text, asked["finding"], asked["score"]) for text in asked["option"]}
    return options_checked(
        {text: auc >= asked["level"] for text, auc in aucs.items()}, answer,
        [(text, f"{auc:.2f}") for text, auc in aucs.items()],
    )  # fmt: skip


def options_checked(
    truth: Mapping[str, bool], answer: Sequence[str], table: Sequence[tuple[str, str]]
) -> Checked:
    """Ticked options held against which are true; the value is the share that is right."""
    right = sum((option in answer) == true for option, true in truth.items())
    figures = {"right": right, "options": len(truth)}
    passed = right == len(truth)
    told = "options-right" if passed else "options-wrong"
    return Checked(passed, right / len(truth), told, figures, tuple(table))


def rates_at(bench: LessonBench, finding: str, text: str, threshold: float) -> tuple[float, float]:
    """Sensitivity and specificity on a student's own films of scores that reach a threshold."""
    truth, called = bench.truth(finding), bench.score(text, "lrclr")[bench.rows] >= threshold
    return float(called[truth == 1].mean()), float((~called)[truth == 0].mean())


def _threshold(bench: LessonBench, asked: Mapping[str, Any], answer: float) -> Checked:
    finding, wanted = asked["finding"], asked["sensitivity"]
    text = asked["text"] or finding.lower()
    sensitivity, specificity = rates_at(bench, finding, text, answer)
    scores = np.sort(bench.score(text, "lrclr")[bench.rows])[::-1]
    reached = (rates_at(bench, finding, text, value) for value in scores)
    best = max(spec for sens, spec in reached if sens >= wanted)
    figures = {"sensitivity": sensitivity, "specificity": specificity, "best": best,
               "wanted": wanted, "finding": finding}  # fmt: skip
    if sensitivity < wanted:
        return Checked(False, sensitivity, "threshold-misses", figures,
                       films=_called_wrong(bench, finding, text, answer, 1))  # fmt: skip
    passed = specificity >= best - asked["within"]
    told = "threshold-right" if passed else "threshold-alarms"
    return Checked(passed, sensitivity, told, figures,
                   films=_called_wrong(bench, finding, text, answer, 0))  # fmt: skip


def _called_wrong(
    bench: LessonBench, finding: str, text: str, threshold: float, side: int
) -> tuple[FilmEvidence, ...]:
    """Own films of a side that a threshold calls wrongly."""
    called = bench.score(text, "lrclr")[bench.rows] >= threshold
    wrong = bench.rows[(bench.truth(finding) == side) & (called != bool(side))]
    told = "film-missed" if side else "film-alarm"
    films = wrong[: 2 * _FILMS]
    return tuple(FilmEvidence(int(row), told, {"finding": finding}, finding=finding)
                 for row in films)  # fmt: skip


_FINDING = Field("one finding, or several of which each student has one", fields.findings, REQUIRED)
_SCORE = Field("which score ranks", fields.score, "lrclr")

PROBES: dict[str, LessonProbe] = {
    "text": LessonProbe(
        "AUC of a text for a finding on the student's own films.", "text",
        {
            "finding": _FINDING, "score": _SCORE,
            "reach": Field("AUC that is enough", fields.number(0, 1), REQUIRED),
            "naming": Field("whether words of the finding's name may stand in it",
                            fields.yes_no, True),
            "denies": Field("whether it must say that the finding is absent", fields.yes_no, False),
        },
        _text,
    ),
    "above": LessonProbe(
        "Which texts reach an AUC on the student's own films, all to be ticked.", "options",
        {
            "finding": _FINDING, "score": _SCORE,
            "option": Field("a text to choose from", fields.prompt, REQUIRED, many=True),
            "level": Field("AUC that they must reach", fields.number(0, 1), 0.8),
        },
        _above,
    ),
    "threshold": LessonProbe(
        "Does a threshold find the share asked for with few false alarms, on own films?", "number",
        {
            "finding": _FINDING,
            "text": Field("that is scored; by default the finding's name", fields.prompt, ""),
            "sensitivity": Field("share of films with it that must be called",
                                 fields.number(0.1, 1), REQUIRED),
            "within": Field("how far specificity may lie under the best", fields.number(0, 1), 0.1),
        },
        _threshold, (-6.0, 6.0, 0.05),
    ),
}  # fmt: skip
"""Probes of texts."""
