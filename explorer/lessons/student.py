"""Who the student is: a nickname, and a token that their browser keeps; joining and leaving."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import ExplorerError
from core.lessons.checked import Checked
from core.lessons.phrases import say
from core.records.student import AnswerRecord, Student
from explorer import access
from explorer.shared import cache, guard, state
from explorer.shared.state import Try

_keeper = st.components.v2.component(
    "lesson_token", html="<div></div>",
    js=(Path(__file__).parent / "browser" / "token.js").read_text(encoding="utf-8"),
)  # fmt: skip


def draw(language: str) -> None:
    """Who one is here, or how to join; takes up again what the browser remembers."""
    here = state.session()
    if here.watched_student is not None:
        _watching(language)
        return
    if not access.may_learn():
        return
    sent = {"keep": here.token, "forget": here.left_class, "known": here.token}
    told = _keeper(key="lesson_token", data=sent, on_token_change=lambda: None).get("token")
    if told and not here.token and not here.left_class:
        with guard.sentences():
            if resume(str(told)):
                st.rerun()  # with the lesson and the step where they were
    if state.session().student is None:
        _join(language)
    else:
        _joined(language)


def resume(token: str) -> bool:
    """Take up what the student of a token has done; whether there is one.

    Raises:
        ExplorerError: the database cannot be used, or this session may not.
    """
    access.check_lessons()
    book = cache.class_book()
    student = book.student(token[:200])
    if student is None:
        return False
    state.become_student(student, token, _tries(book.answers(student.id)))
    return True


def _tries(answers: list[AnswerRecord]) -> dict[tuple[str, str], tuple[Try, ...]]:
    """What was answered, as the page holds it; the evidence comes with the next check."""
    tries: dict[tuple[str, str], tuple[Try, ...]] = {}
    for one in answers:
        told = "resumed-right" if one.passed else "resumed-wrong"
        said = "; ".join(one.answer) if isinstance(one.answer, list) else str(one.answer)
        checked = Checked(one.passed, one.value, told, {"answer": said})
        key = (one.lesson, one.question)
        tries[key] = (*tries.get(key, ()), Try(one.answer, checked))
    return tries


def watch(student: Student) -> None:
    """Have the lessons page show a student's own films and answers; nothing of it is kept."""
    access.check_class()
    state.watch_student(student, _tries(cache.class_book().answers(student.id)))


def _watching(language: str) -> None:
    student = state.session().watched_student
    if student is not None:
        st.info(say(language, "watching", {"name": student.nickname}), icon=":material/visibility:")
        st.button(say(language, "stop-watching"), on_click=state.watch_nobody,
                  key="lesson_unwatch")  # fmt: skip


def _join(language: str) -> None:
    with st.expander(say(language, "join"), icon=":material/person_add:"):
        st.markdown(say(language, "join-about"))
        name = st.text_input(say(language, "nickname"), key="lesson_nickname", max_chars=24)
        if st.button(say(language, "join-button"), key="lesson_join", type="primary"):
            with guard.sentences():
                _enter(name)
        code = st.text_input(say(language, "code"), key="lesson_code", max_chars=60)
        if st.button(say(language, "code-button"), key="lesson_resume", disabled=not code.strip()):
            with guard.sentences():
                if not resume(code.strip()):
                    raise ExplorerError(say(language, "no-such-code"))
                st.rerun()


def _enter(name: str) -> None:
    access.check_lessons()
    book = cache.class_book()
    student, token = book.join(name)
    for (lesson, question), tries in state.session().tries.items():  # done before joining
        for one in tries:
            book.answer(student.id, lesson, question, one.answer, one.checked.passed,
                        one.checked.value)  # fmt: skip
    state.become_student(student, token, dict(state.session().tries))
    st.rerun()


def _joined(language: str) -> None:
    student = state.session().student
    assert student is not None
    with st.popover(student.nickname, icon=":material/person:"):
        st.caption(say(language, "code-about"))
        st.code(state.session().token, None)
        st.button(say(language, "leave"), key="lesson_leave", on_click=state.leave_class)


def keep(lesson: str, question: str, answer: Any, checked: Checked) -> None:
    """Keep an answer: with the session, and of a student in the class.

    Raises:
        ExplorerError: it cannot be written; the session has it all the same.
    """
    state.keep_try(lesson, question, answer, checked)
    here = state.session()
    if here.student is not None and here.watched_student is None:
        cache.class_book().answer(here.student.id, lesson, question, answer, checked.passed,
                                  checked.value)  # fmt: skip
