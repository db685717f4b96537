"""A lesson as it is read from its file: steps of text, pictures to change, questions and links."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BEFORE, DURING, AFTER = "before", "during", "after"
WHEN = (BEFORE, DURING, AFTER)
"""A question before the lesson, one that its experiment answers, one of the first kind again."""


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a lesson's file, and in which line (1 is the first)."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@dataclass(frozen=True)
class Prose:
    """Markdown, shown as it is."""

    text: str


@dataclass(frozen=True)
class Show:
    """A live picture, of which at most one thing can be changed."""

    view: str  # of `core.lessons.views.VIEWS`
    settings: Mapping[str, Any]  # by the view's fields
    change: str  # the field that a student changes; "" for none
    line: int


@dataclass(frozen=True)
class LessonQuestion:
    """Something to make, checked by a probe."""

    id: str  # within its lesson; answers are kept under it
    when: str  # of WHEN
    ask: str
    probe: str  # of `core.lessons.probes.PROBES`
    settings: Mapping[str, Any]  # by the probe's fields
    above: bool  # the answer is what was set in the picture above
    hint: str
    line: int


@dataclass(frozen=True)
class PageLink:
    """A way into a page of the app, with what it shall show."""

    page: str
    label: str
    state: Mapping[str, Any]  # by `core.lessons.links.FIELDS`
    line: int


Part = Prose | Show | LessonQuestion | PageLink


@dataclass(frozen=True)
class Step:
    """What is on the screen at once."""

    title: str
    parts: tuple[Part, ...]
    line: int


@dataclass(frozen=True)
class Lesson:
    """A lesson in one language; its translations have the same `name` and question ids."""

    name: str
    number: int
    title: str
    language: str
    minutes: int
    idea: str
    films: str  # spec of the set that students' own films are drawn from
    model: str
    steps: tuple[Step, ...]

    def questions(self) -> Iterator[LessonQuestion]:
        """In order."""
        for step in self.steps:
            for part in step.parts:
                if isinstance(part, LessonQuestion):
                    yield part

    def question(self, question_id: str) -> LessonQuestion:
        """By its id.

        Raises:
            KeyError: there is none.
        """
        return {question.id: question for question in self.questions()}[question_id]

    def step_of(self, question_id: str) -> int:
        """Number of the step in which a question stands, from 0."""
        return next(
            number for number, step in enumerate(self.steps)
            if any(isinstance(p, LessonQuestion) and p.id == question_id for p in step.parts)
        )  # fmt: skip
