"""What a probe says of an answer: passed or not, how near, and what to look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.lessons.bench import LessonBench
from core.lessons.fields import Field

AnswerKind = Literal["text", "number", "map", "options", "films", "change"]
"""What an answer is: a text, a number, a map in words, ticked options, ticked films, a change."""


@dataclass(frozen=True)
class FilmEvidence:
    """A film that says why."""

    row: int  # of the pool
    told: str  # key of `core.lessons.phrases`
    figures: Mapping[str, Any] = field(default_factory=dict)
    saliency: tuple[str, str] | None = None  # map and text to lay over it
    finding: str = ""  # to outline


@dataclass(frozen=True)
class Checked:
    """A checked answer.

    Attributes:
        value: what was measured of the answer, for the histogram; NaN where it was refused.
        told: key of `core.lessons.phrases`, whose words take `figures`.
        table: lines of two cells to look at, such as a text and its AUC.
        films: the student's own evidence.
    """

    passed: bool
    value: float
    told: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    table: tuple[tuple[str, str], ...] = ()
    films: tuple[FilmEvidence, ...] = ()


@dataclass(frozen=True)
class LessonProbe:
    """A way to check what a student made; an entry of `core.lessons.probes.PROBES`.

    Attributes:
        about: what it measures, in a sentence.
        answer: what it takes.
        fields: what a question may set.
        check: (bench, settings of this student, answer) to what is said; the same for the same.
        bounds: of an answer that is a number: lowest, highest, step.
    """

    about: str
    answer: AnswerKind
    fields: Mapping[str, Field]
    check: Callable[[LessonBench, Mapping[str, Any], Any], Checked]
    bounds: tuple[float, float, float] = (0.0, 1.0, 0.01)
