"""The one table of probes, and how a student's answer is checked by it."""

import math
from collections.abc import Sequence
from typing import Any

from core.errors import ExplorerError
from core.lessons import batch, depth, kept, map_probes, mirrored, shortcuts, text_probes
from core.lessons.bench import LessonBench, personal
from core.lessons.checked import Checked, LessonProbe
from core.lessons.lesson import LessonQuestion

PROBES: dict[str, LessonProbe] = {
    **text_probes.PROBES, **map_probes.PROBES, **batch.PROBES, **depth.PROBES, **kept.PROBES,
    **mirrored.PROBES, **shortcuts.PROBES,
}  # fmt: skip
"""Every probe, by the name that a lesson calls it."""

Given = str | float | Sequence[str]
"""A text or a map in words, a number, or ticked options or films."""


def check_answer(question: LessonQuestion, bench: LessonBench, answer: Given) -> Checked:
    """What a question's probe says of an answer; the same answer is told the same.

    Raises:
        ExplorerError: the answer is of another kind, such as a text with nothing in it.
    """
    probe = PROBES[question.probe]
    settings = personal(question.settings, bench.seed)
    return probe.check(bench, settings, read_answer(probe, settings, answer))


def read_answer(probe: LessonProbe, settings: dict[str, Any], answer: Given) -> Any:
    """An answer of the kind that a probe takes.

    Raises:
        ExplorerError: it is of another kind.
    """
    if probe.answer == "number":
        if isinstance(answer, int | float) and math.isfinite(answer):
            return float(answer)
        raise ExplorerError("This question takes a number.")
    if probe.answer in ("options", "films"):
        if isinstance(answer, str) or not isinstance(answer, Sequence):
            raise ExplorerError("This question takes a list of what was ticked.")
        if probe.answer == "options":
            return _known_options(settings, [str(option) for option in answer])
        return [str(option) for option in answer]
    if isinstance(answer, str) and answer.strip():
        return answer.strip()
    raise ExplorerError("This question takes a text.")


def option_labels(settings: dict[str, Any]) -> tuple[str, ...]:
    """What stands on the options of a question."""
    return tuple(
        option if isinstance(option, str) else option[0] for option in settings.get("option", ())
    )


def _known_options(settings: dict[str, Any], answer: list[str]) -> list[str]:
    labels = option_labels(settings)
    unknown = [option for option in answer if option not in labels]
    if unknown:
        raise ExplorerError(f"There is no option '{unknown[0][:60]}'; known: {'; '.join(labels)}.")
    return answer
