"""What came of a reading: the leaderboard, the curves, and film by film who marked what."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.lessons.phrases import say
from core.lessons.reading_result import ReadingResult
from core.metrics.froc import FilmMark
from core.records.reading import ReaderMarks, ReadingSet
from explorer.lessons import cache as lesson_cache
from explorer.lessons import markup, reading_plot
from explorer.shared import cache, components, film_stage, guard, palette, state

_KEY = "reading_shown"


def draw(one: ReadingSet, language: str, me: str = "") -> None:
    """Everybody's figures and marks.

    Args:
        me: nickname of who looks; "" for the teacher.
    """
    truth, maps = lesson_cache.machine_reading(one)
    names = {student.id: student.nickname for student in cache.class_book().students()}
    told = cache.reading_book().marks(one.id)
    marks = {names[student]: own for student, own in told.items() if student in names}
    result = lesson_cache.held_reading(one, marks)
    board, plot = components.row(505, 505)  # side by side in a window of 1440
    with board:
        _board(result, me)
    with plot:
        figure = reading_plot.curves(result, me)
        components.show(figure, f"{_KEY}_curves", reading_plot.heard(result))
    _films(one, marks, {name: own for name, own in maps.items()}, truth, language, me)


def _board(result: ReadingResult, me: str) -> None:
    st.subheader("Leaderboard", anchor=False)
    clear = result.films - result.with_lesions
    lines = [
        (str(place), one.name, f"{one.merit.value:.2f}", f"{one.merit.low:.2f} to "
         f"{one.merit.high:.2f}", f"{one.hits:.0f} of {result.lesions}",
         f"{one.beside:.0f} of {clear}", one.name == me or one.kind == "model")
        for place, one in result.leaderboard
    ]  # fmt: skip
    heads = ("", "Reader", result.area, "95 %", "Found", "False alarms")
    st.html(markup.board(heads, lines))
    whole = next((one for one in result.readers if one.kind == "class"), None)
    said = "" if whole is None else (
        f"The class has {whole.merit.value:.2f} ({whole.merit.low:.2f} to {whole.merit.high:.2f}), "
        "the mean of those who read every film. "
    )  # fmt: skip
    late = ", ".join(f"{name} ({films})" for name, films in result.unfinished)
    st.caption(
        f"{said}{result.films} films, {result.with_lesions} with a lesion. Area under the "
        f"{result.area}: how often a lesion is rated above the highest mark on a film without one; "
        "who marks nothing has 0.50. Intervals are over films: with so few, most overlap. "
        + (f"Not all films read: {late}." if late else "")
    )


@st.fragment
def _films(
    one: ReadingSet, marks: dict[str, ReaderMarks], maps: dict[str, Sequence[Sequence[FilmMark]]],
    truth: Any, language: str, me: str,
) -> None:  # fmt: skip
    st.subheader("Film by film", anchor=False)
    count, number = len(one.rows), min(state.session().read_film, len(one.rows) - 1)

    def left(told: dict[str, Any]) -> None:
        if told.get("step") in (-1, 1):
            state.go_to_film(min(number + told["step"], count - 1))

    with guard.sentences():
        picture = lesson_cache.read_film(one.spec, one.rows[number])
        shape = (picture.shape[0], picture.shape[1])
        outline = film_stage.outlined(truth[number], palette.TRUTH, shape) if truth[number] else ""
        others = [(mark, "") for name, own in marks.items() if name != me
                  for mark in own.get(number, ())]  # fmt: skip
        own = [(mark, f"{mark.confidence:.0f}") for mark in marks.get(me, {}).get(number, ())]
        layers = [film_stage.FilmLayer("T", "Truth", palette.TRUTH, picture=outline)]
        if me:
            layers.append(_points("Y", "Your marks", palette.OWN, own, "circle"))
        layers.append(_points("C", "The class", palette.CLASS, others, "dot"))
        keys = (("M", palette.MODEL, "square"), ("G", palette.RIVAL, "diamond"))
        for (key, tone, shape_name), (name, films) in zip(keys, maps.items(), strict=False):
            rated = [(mark, f"{mark.confidence:.1f}") for mark in films[number]]
            layers.append(_points(key, name, tone, rated, shape_name))
        said = say(language, "reading-said", {"number": number + 1, "count": count})
        there = f"{len(truth[number])} lesion(s)" if truth[number] else "no lesion"
        ways = {"previous": say(language, "reading-previous"), "back": number > 0,
                "next": say(language, "reading-next-shown"), "on": number < count - 1}  # fmt: skip
        film_stage.draw(_KEY, film_stage.StageFilm(
            f"{one.id} {number} shown", picture, said, said, f"Here: {there}.", layers, ways,
        ), left)  # fmt: skip


def _points(
    key: str, name: str, tone: str, marks: Sequence[tuple[FilmMark, str]], shape: str
) -> film_stage.FilmLayer:
    points = [(mark.x, mark.y, said) for mark, said in marks]
    return film_stage.FilmLayer(key, name, tone, points=points, shape=shape)
