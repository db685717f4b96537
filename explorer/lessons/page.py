"""The page of lessons: the list, or one lesson, a step at a time."""

import streamlit as st

from core.lessons.bench import LessonBench
from core.lessons.lesson import Lesson, LessonQuestion, PageLink, Prose, Show
from core.lessons.library import languages, lesson, lessons
from core.lessons.phrases import say
from explorer.lessons import cache as lesson_cache
from explorer.lessons import leave, progress, questions, reading_page, shows, student
from explorer.shared import components, guard, state

_WIDTH = 320  # of a card in the list


def draw() -> None:
    """The open lesson, films to be read, or the list of lessons."""
    here = state.session()
    if here.lesson:
        with guard.sentences():
            _lesson(lesson(here.lesson, here.lesson_language))
    elif here.reads:
        with guard.sentences():
            reading_page.draw(here.lesson_language)
    else:
        _list()


def _language() -> str:
    names = languages()
    here = state.session().lesson_language
    if len(names) > 1:
        chosen = st.segmented_control(
            "Language", names, default=here if here in names else names[0],
            format_func=lambda name: say(name, "language"), key="lesson_language",
        )  # fmt: skip
        state.read_lessons_in(str(chosen or here))
    return state.session().lesson_language


def _list() -> None:
    st.title("Lessons")
    language = _language()
    student.draw(language)
    with guard.sentences():
        reading_page.card(language)
    st.header(say(language, "choose-lesson"), anchor=False)
    st.markdown(say(language, "about-lessons"))
    places = components.row(*[_WIDTH] * len(lessons(language)))
    for place, one in zip(places, lessons(language), strict=True):
        asked = list(one.questions())
        done = progress.passed(one, asked)
        with place, st.container(border=True, height="stretch"):
            st.subheader(f"{one.number}. {one.title}", anchor=False)
            st.markdown(one.idea)
            figures = {"minutes": one.minutes, "steps": len(one.steps), "done": done,
                       "all": len(asked)}  # fmt: skip
            st.caption(say(one.language, "lesson-size", figures))
            st.button(say(one.language, "open"), key=f"lesson_open_{one.name}",
                      on_click=state.open_lesson, args=(one.name,))  # fmt: skip


def _lesson(one: Lesson) -> None:
    st.title(f"{one.number}. {one.title}")
    back, language, who = components.row(180, 260, 300, align="bottom")
    with back:
        st.button(say(one.language, "all-lessons"), icon=":material/arrow_back:",
                  on_click=state.open_lesson, args=("",), key="lesson_close")  # fmt: skip
    with language:
        before = state.session().lesson_language
        if _language() != before:
            st.rerun()
    with who:
        student.draw(one.language)
    count = len(one.steps)
    number = min(state.session().lesson_steps.get(one.name, 0), count - 1)
    st.caption(say(one.language, "step", {"number": number + 1, "steps": count}))
    bench = lesson_cache.bench(one, state.session().lesson_seed)
    shows.warm(one)
    _step(one, number, bench)
    _ways(one, number, count)


@st.fragment  # what is typed or dragged draws this step alone
def _step(one: Lesson, number: int, bench: LessonBench) -> None:
    step = one.steps[number]
    st.header(step.title, anchor=False)
    above = None
    for part in step.parts:
        with guard.sentences():
            if isinstance(part, Prose):
                st.markdown(part.text)
            elif isinstance(part, Show):
                value = shows.draw(one, part, bench)
                above = value if part.change else above
            elif isinstance(part, LessonQuestion):
                questions.draw(one, part, bench, above)
            elif isinstance(part, PageLink):
                leave.button(one, part)


def _ways(one: Lesson, number: int, count: int) -> None:
    before, after, _ = components.row(150, 150, 300)
    with before:
        st.button(say(one.language, "back"), icon=":material/chevron_left:", width="stretch",
                  disabled=number == 0, on_click=state.go_to_step, args=(one.name, number - 1),
                  key="lesson_back")  # fmt: skip
    with after:
        st.button(say(one.language, "next"), icon=":material/chevron_right:", width="stretch",
                  disabled=number == count - 1, on_click=state.go_to_step,
                  args=(one.name, number + 1), key="lesson_next", type="primary")  # fmt: skip
