"""A sentence and its mirror image: does a score tell left from right?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.evaluation.examples import other_side
from core.evaluation.text_truth import text_truth
from core.inference.prompts import check_prompt
from core.lessons import fields
from core.lessons.bench import LessonBench
from core.lessons.checked import Checked, FilmEvidence, LessonProbe
from core.lessons.fields import REQUIRED, Field
from core.lessons.text_probes import options_checked

TOLD = ("global", "local", "match", "lrclr")
"""Scores that are compared: the whole film, the regions, what reads them, and all together."""
LEAST = 4
"""Films that it takes to speak of a share."""


def mirrored_rows(bench: LessonBench, text: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Own films of which a text or its mirror image is true, not both; and whether the text is.

    Raises:
        ExplorerError: the text names no side.
    """
    if other_side(text) == text.lower() or other_side(text) == text:
        raise ExplorerError("This sentence names no side; write left or right into it.")
    truth = text_truth(bench.studies, text)[bench.rows]
    mirror = text_truth(bench.studies, other_side(text))[bench.rows]
    told = (truth == 1) ^ (mirror == 1)
    return bench.rows[told], truth[told] == 1


def told_right(bench: LessonBench, text: str, score: str) -> NDArray[np.bool_]:
    """Of `mirrored_rows`: whether the true one of the two sentences scores higher."""
    rows, is_text = mirrored_rows(bench, text)
    higher = bench.score(text, score)[rows] > bench.score(other_side(text), score)[rows]
    return np.asarray(higher == is_text)


def _sides(bench: LessonBench, asked: Mapping[str, Any], answer: str) -> Checked:
    text = check_prompt(answer)
    rows, _ = mirrored_rows(bench, text)
    if len(rows) < LEAST:
        return Checked(False, float("nan"), "sides-few", {"films": len(rows), "least": LEAST})
    shares = {name: float(told_right(bench, text, name).mean()) for name in TOLD}
    share, right = shares[asked["score"]], told_right(bench, text, asked["score"])
    passed = share <= asked["atmost"] if asked["atmost"] is not None else share >= asked["atleast"]
    figures = {"share": share, "films": len(rows), "text": text, "mirror": other_side(text)}
    films = tuple(FilmEvidence(int(row), "film-mirrored", figures) for row in rows[~right][:6])
    table = tuple((name, f"{value:.2f}") for name, value in shares.items())
    return Checked(passed, share, "sides-right" if passed else "sides-wrong", figures, table, films)


def _tellers(bench: LessonBench, asked: Mapping[str, Any], answer: Sequence[str]) -> Checked:
    if not len(mirrored_rows(bench, asked["text"])[0]):
        raise ExplorerError("Of none of your films this sentence or its mirror image is true.")
    shares = {
        label: float(told_right(bench, asked["text"], score).mean())
        for label, score in asked["option"]
    }
    return options_checked(
        {label: share >= asked["atleast"] for label, share in shares.items()}, answer,
        [(label, f"{share:.2f}") for label, share in shares.items()],
    )  # fmt: skip


_labelled_score = fields.labelled(fields.score, "score", "Whole film = global")

PROBES: dict[str, LessonProbe] = {
    "sides": LessonProbe(
        "Share of own films on which the true one of a sentence and its mirror scores higher.",
        "text",
        {"score": Field("which score is asked", fields.score, "lrclr"),
         "atleast": Field("share that is enough", fields.number(0, 1), 0.9),
         "atmost": Field("share not to be passed: a failure is asked for", fields.number(0, 1))},
        _sides,
    ),
    "tellers": LessonProbe(
        "Which scores tell a sentence from its mirror image, all to be ticked.", "options",
        {"text": Field("a sentence with a side", fields.prompt, REQUIRED),
         "atleast": Field("share that is enough", fields.number(0, 1), 0.9),
         "option": Field("a score to choose from, LABEL = SCORE", _labelled_score, REQUIRED,
                         many=True)},
        _tellers,
    ),
}  # fmt: skip
"""Probes of side."""
