"""What a class answered: the worst question first, its answers counted, and what was learnt."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.lessons.lesson import AFTER, BEFORE, Lesson, LessonQuestion
from core.lessons.probes import PROBES
from core.records.student import AnswerRecord

_BINS = 8
_MOST = 12  # answers that are counted by themselves


@dataclass(frozen=True)
class AnswerCount:
    """An answer, or a range of them, and how many students' last answer it is."""

    answer: str
    count: int
    right: int  # of them


@dataclass(frozen=True)
class QuestionTally:
    """One question and what a class made of it; shares are of students who answered it."""

    lesson: str
    question: LessonQuestion
    students: int
    first: float  # share that was right at the first try
    last: float  # share that was right at the last
    tries: float  # mean number of tries
    answers: tuple[AnswerCount, ...]


@dataclass(frozen=True)
class Gain:
    """Of students who answered a lesson's questions both before and after it."""

    lesson: str
    students: int
    before: float  # mean share of a first answer that was right
    after: float


def worst_first(lessons: Sequence[Lesson], answers: Sequence[AnswerRecord]) -> list[QuestionTally]:
    """Every question that somebody answered, that with the fewest right first tries first.

    Where as many are right, that with more students comes first.
    """
    tallies = []
    for lesson in lessons:
        for question in lesson.questions():
            tries = _tries(answers, lesson.name, question.id)
            if tries:
                tallies.append(_tally(lesson.name, question, tries))
    return sorted(tallies, key=lambda one: (one.first, -one.students, one.lesson, one.question.id))


def gains(lessons: Sequence[Lesson], answers: Sequence[AnswerRecord]) -> list[Gain]:
    """What each lesson changed, of those that a student went through from before to after."""
    told = []
    for lesson in lessons:
        first = {when: _first_values(lesson, when, answers) for when in (BEFORE, AFTER)}
        both = sorted(first[BEFORE].keys() & first[AFTER].keys())
        if both:
            means = [float(np.mean([first[when][one] for one in both])) for when in (BEFORE, AFTER)]
            told.append(Gain(lesson.name, len(both), *means))
    return told


def answered(lesson: Lesson, answers: Iterable[AnswerRecord]) -> tuple[int, int]:
    """Of one student: questions of a lesson with a right answer, and with any."""
    mine = [one for one in answers if one.lesson == lesson.name]
    ids = {question.id for question in lesson.questions()}
    right = {one.question for one in mine if one.passed} & ids
    return len(right), len({one.question for one in mine} & ids)


def _tries(
    answers: Sequence[AnswerRecord], lesson: str, question: str
) -> dict[str, list[AnswerRecord]]:
    """By student, in order."""
    tries: dict[str, list[AnswerRecord]] = {}
    for one in answers:
        if (one.lesson, one.question) == (lesson, question):
            tries.setdefault(one.student, []).append(one)
    return tries


def _tally(
    lesson: str, question: LessonQuestion, tries: dict[str, list[AnswerRecord]]
) -> QuestionTally:
    last = [own[-1] for own in tries.values()]
    return QuestionTally(
        lesson, question, len(tries),
        float(np.mean([own[0].passed for own in tries.values()])),
        float(np.mean([one.passed for one in last])),
        float(np.mean([len(own) for own in tries.values()])),
        tuple(_counts(question, last)),
    )  # fmt: skip


def _counts(question: LessonQuestion, last: Sequence[AnswerRecord]) -> list[AnswerCount]:
    kind = PROBES[question.probe].answer
    if kind == "number":
        # A lesson that was edited while a class is open may have asked for something else before.
        return _binned([(float(one.answer), one.passed) for one in last
                        if isinstance(one.answer, int | float)])  # fmt: skip
    named: list[tuple[str, bool]] = []
    for one in last:
        several = isinstance(one.answer, list)
        labels = (one.answer or ["(none)"]) if several else [str(one.answer)]
        named += [(label if kind != "text" else label.casefold(), one.passed) for label in labels]
    counted = Counter(label for label, _ in named)
    right = Counter(label for label, passed in named if passed)
    return [AnswerCount(label, count, right[label]) for label, count in counted.most_common(_MOST)]


def _binned(values: Sequence[tuple[float, bool]]) -> list[AnswerCount]:
    if not values:
        return []
    numbers = np.array([value for value, _ in values])
    right = np.array([passed for _, passed in values])
    edges = np.histogram_bin_edges(numbers, min(_BINS, len(set(numbers.tolist()))))
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    return [
        AnswerCount(f"{low:.2f} to {high:.2f}", int((place == n).sum()),
                    int(right[place == n].sum()))
        for n, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True))
    ]  # fmt: skip


def _first_values(lesson: Lesson, when: str, answers: Sequence[AnswerRecord]) -> dict[str, float]:
    """By student: the mean value of the first answers to a lesson's questions of a kind."""
    ids = [question.id for question in lesson.questions() if question.when == when]
    first: dict[tuple[str, str], float] = {}
    for one in answers:
        if one.lesson == lesson.name and one.question in ids:
            value = one.value if one.value == one.value else 0.0
            first.setdefault((one.student, one.question), value)
    by_student: dict[str, list[float]] = {}
    for (student, _), value in first.items():
        by_student.setdefault(student, []).append(value)
    return {student: float(np.mean(values)) for student, values in by_student.items()}
