"""Read against the model: a student marks films, waits, and sees who found what."""

from typing import Any

import streamlit as st

from core.errors import ExplorerError
from core.lessons.phrases import say
from core.records.reading import MOST_MARKS, ReaderMarks, ReadingSet, checked_marks
from explorer import access
from explorer.lessons import cache as lesson_cache
from explorer.lessons import reading_view, student
from explorer.shared import cache, film_stage, guard, state

_EVERY_S = 5
_KEY = "reading_film"
_WIDTH = 320  # of the card in the list of lessons


def card(language: str) -> None:
    """A way in, where the teacher has opened a reading."""
    latest = cache.reading_book().latest()
    if latest is None:
        return
    with st.container(border=True, width=2 * _WIDTH):
        st.header(say(language, "reading-title"), anchor=False)
        st.markdown(say(language, "reading-about", _figures(latest)))
        st.button(say(language, "open"), key="reading_open", type="primary",
                  on_click=state.open_reading, args=(True,))  # fmt: skip


def draw(language: str) -> None:
    """The newest reading, as far as the teacher has taken it."""
    st.title(say(language, "reading-title"))
    st.button(say(language, "all-lessons"), icon=":material/arrow_back:", key="reading_close",
              on_click=state.open_reading, args=(False,))  # fmt: skip
    student.draw(language)
    latest = cache.reading_book().latest()
    here = state.session()
    if latest is None:
        return
    if latest.stage == "shown":
        name = here.student.nickname if here.student else ""
        reading_view.draw(latest, language, name)
    elif here.student is None:
        st.info(say(language, "reading-join"), icon=":material/person_add:")
    elif latest.stage == "open":
        _films(latest, language, here.student.id)
    if latest.stage != "shown":
        _wait(latest, language)


def _figures(one: ReadingSet) -> dict[str, Any]:
    return {"count": len(one.rows), "finding": one.finding}


@st.fragment  # a film that is left draws the next one alone
def _films(one: ReadingSet, language: str, student_id: str) -> None:
    with guard.sentences():
        access.check_lessons()
        own = cache.reading_book().marks(one.id).get(student_id, {})
        count, number = len(one.rows), min(state.session().read_film, len(one.rows) - 1)
        place = {"number": number + 1, "count": count, "finding": one.finding}
        st.markdown(say(language, "reading-task", place))

        def left(told: dict[str, Any]) -> None:
            _keep(one, student_id, told)

        film_stage.draw(_KEY, _stage(one, own, number, language), left)
        done = len(own)
        if done == count:
            st.success(say(language, "reading-done", {"count": count}), icon=":material/check:")
        else:
            st.progress(done / count, say(language, "reading-read", {"done": done, "count": count}))


def _stage(one: ReadingSet, own: ReaderMarks, number: int, language: str) -> film_stage.StageFilm:
    count = len(one.rows)
    last = number == count - 1
    ways = {"previous": say(language, "reading-previous"), "back": number > 0, "on": True,
            "next": say(language, "reading-last" if last else "reading-next")}  # fmt: skip
    says = {name: say(language, f"reading-{name}") for name in ("sure", "undo", "remove")}
    return film_stage.StageFilm(
        f"{one.id} {number}", lesson_cache.read_film(one.spec, one.rows[number]),
        say(language, "reading-said", {"number": number + 1, "count": count}),
        ways=ways, marks=own.get(number, ()), edits=True, says=says, most=MOST_MARKS,
    )  # fmt: skip


def _keep(one: ReadingSet, student_id: str, told: dict[str, Any]) -> None:
    """Take what the browser sends when a film is left; of another film than the one shown, nothing.

    The page's own script is not trusted more than any other: what is no mark is refused.
    """
    number = min(state.session().read_film, len(one.rows) - 1)
    step = told.get("step")
    if told.get("serial") != f"{one.id} {number}" or step not in (-1, 1):
        return
    with guard.sentences():
        access.check_lessons()
        cache.reading_book().mark(one.id, student_id, number, checked_marks(told.get("marks")))
        state.go_to_film(min(number + step, len(one.rows) - 1))


@st.fragment(run_every=_EVERY_S)
def _wait(one: ReadingSet, language: str) -> None:
    """Draw the page anew where the teacher went on; says so where one has to wait."""
    try:
        latest = cache.reading_book().latest()
    except ExplorerError:  # said above
        return
    if latest is None or (latest.id, latest.stage) != (one.id, one.stage):
        st.rerun()
    if one.stage == "closed":
        st.info(say(language, "reading-closed"), icon=":material/hourglass_top:")
