"""A reading: films that a class marks before it sees a model's marks; and what was marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import ExplorerError
from core.metrics.froc import FilmMark

Stage = Literal["open", "closed", "shown"]
STAGES: tuple[Stage, ...] = ("open", "closed", "shown")
"""Marks are taken; no more marks; everybody sees everybody's, the truth and the model's."""

SURE = (1, 5)
"""Least and most confidence that a reader gives a mark."""
MOST_MARKS = 12
"""On a film."""
MOST_FILMS = 60


@dataclass(frozen=True)
class ReadingSet:
    """A reading as its teacher opened it.

    Attributes:
        spec: of the study set.
        finding: that is looked for.
        rows: of the set, in the order in which films are read.
        model: whose marks the class is held against.
    """

    id: str
    opened: str  # ISO 8601, UTC
    stage: Stage
    spec: str
    finding: str
    rows: tuple[int, ...]
    model: str


ReaderMarks = Mapping[int, tuple[FilmMark, ...]]
"""By film, from 0, what somebody marked; a film that was read without a mark has none of them."""


def checked_marks(told: Any) -> tuple[FilmMark, ...]:
    """Marks as a browser or a file has them: [x, y, confidence] each.

    Raises:
        ExplorerError: something else, a place off the film, or too many.
    """
    wrong = ExplorerError(
        f"These are no marks: a list of at most {MOST_MARKS} places [x, y, confidence], x and y "
        f"from 0 to 1, confidence a whole number from {SURE[0]} to {SURE[1]}."
    )
    if not isinstance(told, list) or len(told) > MOST_MARKS:
        raise wrong
    marks = []
    for one in told:
        if not (isinstance(one, list) and len(one) == 3 and all(_is_number(part) for part in one)):
            raise wrong
        x, y, confidence = (float(part) for part in one)
        sure = SURE[0] <= confidence <= SURE[1] and confidence == int(confidence)
        if not (0 <= x <= 1 and 0 <= y <= 1 and sure):
            raise wrong
        marks.append(FilmMark(round(x, 4), round(y, 4), confidence))
    return tuple(marks)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def marks_json(marks: Sequence[FilmMark]) -> list[list[float]]:
    """What `checked_marks` reads."""
    return [[mark.x, mark.y, mark.confidence] for mark in marks]
