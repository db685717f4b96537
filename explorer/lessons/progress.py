"""What a student has done, as the list of lessons says it."""

from collections.abc import Iterable

from core.lessons.lesson import Lesson, LessonQuestion
from explorer.shared import state


def passed(lesson: Lesson, questions: Iterable[LessonQuestion]) -> int:
    """How many of some questions were answered rightly, at any try."""
    tries = state.session().tries
    return sum(
        any(one.checked.passed for one in tries.get((lesson.name, question.id), ()))
        for question in questions
    )
