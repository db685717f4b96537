"""Probes of maps: how often one points at the finding, and whether it beats a map of nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.lessons import fields
from core.lessons.bench import LessonBench
from core.lessons.checked import Checked, FilmEvidence, LessonProbe
from core.lessons.fields import REQUIRED, Field
from core.lessons.text_probes import options_checked
from core.metrics.localisation import pointing_game

CONTROL = "centre"
"""The same bright middle on every film: what a map that reads anything must beat."""
_CLOSE = 1e-9


def hits(bench: LessonBench, choice: str, finding: str, text: str, films: int) -> dict[int, float]:
    """By row of the student's own films with a finding: the pointing game of a map, 0 to 1."""
    return {
        row: pointing_game(bench.saliency(choice, row, text), bench.studies.masks(row)[finding])
        for row in bench.having(finding, films)
    }


def hit_rate(bench: LessonBench, choice: str, finding: str, text: str, films: int) -> float:
    """Mean of `hits`; NaN where no own film has the finding."""
    values = list(hits(bench, choice, finding, text, films).values())
    return float(np.mean(values)) if values else float("nan")


def _text_of(asked: Mapping[str, Any]) -> str:
    return str(asked["text"] or asked["finding"].lower())


def _pointing(bench: LessonBench, asked: Mapping[str, Any], answer: str) -> Checked:
    from core.attribution import method_of

    method_of(answer)
    finding, text = asked["finding"], _text_of(asked)
    by_row = hits(bench, answer, finding, text, asked["films"])
    rate = float(np.mean(list(by_row.values())))
    control = hit_rate(bench, CONTROL, finding, text, asked["films"])
    figures = {"rate": rate, "control": control, "films": len(by_row), "finding": finding}
    if asked["atmost"] is not None:
        passed = rate <= asked["atmost"] + _CLOSE
        figures["bound"] = asked["atmost"]
        told = "map-lies" if passed else "map-too-good"
    else:
        passed = rate >= asked["atleast"] - _CLOSE and (
            not asked["beats"] or rate > control + _CLOSE
        )
        figures["bound"] = asked["atleast"]
        told = "map-points" if passed else "map-misses"
    shown = sorted(by_row, key=lambda row: by_row[row])[:6]
    films = tuple(
        FilmEvidence(row, "film-hit" if by_row[row] > 0.5 else "film-miss", {"finding": finding},
                     (answer, text), finding)
        for row in shown
    )  # fmt: skip
    return Checked(passed, rate, told, figures, films=films)


def _better(bench: LessonBench, asked: Mapping[str, Any], answer: Sequence[str]) -> Checked:
    finding, text, count = asked["finding"], _text_of(asked), asked["films"]
    control = hit_rate(bench, CONTROL, finding, text, count)
    rates = {label: hit_rate(bench, choice, finding, text, count)
             for label, choice in asked["option"]}  # fmt: skip
    table = [
        *((label, f"{rate:.2f}") for label, rate in rates.items()),
        (CONTROL, f"{control:.2f}"),
    ]
    truth = {label: rate > control + _CLOSE for label, rate in rates.items()}
    return options_checked(truth, answer, table)


_labelled_map = fields.labelled(fields.map_choice, "map", "Regions = lrclr")

_COMMON = {
    "finding": Field("one finding, or several of which each student has one", fields.findings,
                     REQUIRED),
    "text": Field("that maps are made for; by default the finding's name", fields.prompt, ""),
    "films": Field("own films with the finding, at most", fields.count(1, 24), 8),
}  # fmt: skip

PROBES: dict[str, LessonProbe] = {
    "pointing": LessonProbe(
        "Share of a map's maxima that lie in the finding, on own films.", "map",
        {
            **_COMMON,
            "atleast": Field("share that is enough", fields.number(0, 1), 0.0),
            "atmost": Field("share that must not be passed: a map that misses is asked for",
                            fields.number(0, 1)),
            "beats": Field("whether it must also beat the control", fields.yes_no, False),
        },
        _pointing,
    ),
    "better": LessonProbe(
        "Which maps hit more often than a bright middle, all to be ticked.", "options",
        {**_COMMON, "option": Field("a map to choose from, LABEL = MAP", _labelled_map, REQUIRED,
                                    many=True)},
        _better,
    ),
}  # fmt: skip
"""Probes of maps."""
