"""A question of a lesson: its control, its probe, and on a wrong answer the student's evidence."""

from typing import Any

import streamlit as st

from core.lessons.bench import LessonBench, personal, shuffled
from core.lessons.checked import Checked
from core.lessons.lesson import Lesson, LessonQuestion
from core.lessons.phrases import say
from core.lessons.probes import PROBES, Given, check_answer, option_labels
from explorer.lessons import student
from explorer.lessons.stage import thumbnails
from explorer.shared import guard, state, words
from explorer.shared.state import Try


def draw(lesson: Lesson, question: LessonQuestion, bench: LessonBench, above: Any) -> None:
    """A question with its control, the button that checks, and what was said of the last answer.

    Args:
        above: what was set in the picture above it.
    """
    settings = personal(question.settings, bench.seed)
    name = settings.get("finding")
    finding = say(lesson.language, f"finding {name}") if name else ""
    with st.container(border=True):
        st.caption(say(lesson.language, f"when-{question.when}"))
        st.markdown(f"**{question.ask.replace('{finding}', finding)}**")
        answer: Any = above if question.above else _control(lesson, question, settings, bench)
        if question.above:
            st.caption(say(lesson.language, "answer-above", {"answer": _said(above)}))
        key = f"lesson_check_{lesson.name}_{question.id}"
        if st.button(say(lesson.language, "check"), key=key, type="primary",
                     disabled=answer is None or answer == ""):  # fmt: skip
            with guard.sentences(), st.spinner(say(lesson.language, "checking"), show_time=True):
                if _known(answer, question):
                    checked = check_answer(question, bench, answer)
                    student.keep(lesson.name, question.id, answer, checked)
        tries = state.session().tries.get((lesson.name, question.id), ())
        if tries:
            _told(lesson, question, bench, tries)


def _known(answer: Any, question: LessonQuestion) -> bool:
    """Whether the model knows the words of an answer that is a text; says so where it does not."""
    return (
        PROBES[question.probe].answer != "text"
        or words.goes_on(str(answer))
        or not words.warn(str(answer))
    )


def _control(
    lesson: Lesson, question: LessonQuestion, settings: dict[str, Any], bench: LessonBench
) -> Given | None:
    probe = PROBES[question.probe]
    key = f"lesson_answer_{lesson.language}_{lesson.name}_{question.id}"
    label = say(lesson.language, "your-answer")
    if probe.answer == "options":
        options = shuffled(option_labels(settings), bench.seed)
        ticked = [
            option
            for number, option in enumerate(options)
            if st.checkbox(option, key=f"{key}_{number}")
        ]
        none = say(lesson.language, "none-of-these")
        return ticked or ([] if st.checkbox(none, key=f"{key}_none") else None)
    if probe.answer == "number":
        low, high, step = probe.bounds
        return float(st.number_input(label, low, high, step=step, key=key))
    return st.text_input(label, key=key, max_chars=300)


def _said(answer: Any) -> str:
    return f"{answer:.2f}" if isinstance(answer, float) else str(answer)


def _told(
    lesson: Lesson, question: LessonQuestion, bench: LessonBench, tries: tuple[Try, ...]
) -> None:
    """What was said of the last answer, and the evidence."""
    checked: Checked = tries[-1].checked
    said = say(lesson.language, checked.told, checked.figures)
    if checked.passed:
        st.success(said, icon=":material/check_circle:")
    else:
        st.warning(said, icon=":material/replay:")
        if question.hint:
            st.caption(question.hint)
    if checked.table:
        names = [say(lesson.language, key) for key in ("option", "measured")]
        st.table(dict(zip(names, zip(*checked.table, strict=True), strict=True)))
    # Maps that stand in the picture above already are not shown twice.
    shown_above = question.above and any(film.saliency for film in checked.films)
    if checked.films and not shown_above:
        st.caption(say(lesson.language, "evidence"))
        first = checked.films[0]
        thumbnails(
            lesson,
            [(film.row, say(lesson.language, film.told, film.figures)) for film in checked.films],
            first.saliency, first.finding, bench,
        )  # fmt: skip
