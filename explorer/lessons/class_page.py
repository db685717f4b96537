"""The teacher's view of a class, drawn anew every few seconds; for the owner alone."""

import re
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core.lessons.class_export import export_csv, export_json
from core.lessons.class_tally import QuestionTally, answered, gains, worst_first
from core.lessons.lesson import Lesson, LessonQuestion
from core.lessons.library import lessons
from core.records.student import AnswerRecord, Student
from explorer import access, navigation
from explorer.lessons import invite, leave, markup, reading_teacher, student
from explorer.shared import cache, components, guard, state

_EVERY_S = 5
_WIDE = 60  # characters of a question in the table
_HERE_S = 120  # since the last sign of somebody who counts as here


def draw() -> None:
    """The class, or why it is not shown."""
    st.title("Class")
    if not access.is_teacher() and access.has_teacher_code():
        invite.ask_teacher()
        return
    access.check_class()
    st.markdown(
        "Who is where, and **the question that most got wrong first**. Students join on the page "
        "*Lessons*; nicknames are all that is known of them."
    )
    invite.draw()
    _live()
    reading_teacher.draw()
    _hand_out()


@st.fragment(run_every=_EVERY_S)
def _live() -> None:
    with guard.sentences():
        book = cache.class_book()
        people, answers = book.students(), book.answers()
        if not people:
            st.info("Nobody has joined yet.", icon=":material/group:")
            return
        all_lessons = lessons(state.session().lesson_language)
        _questions(all_lessons, answers)
        _gains(all_lessons, answers)
        st.header("Students", anchor=False)
        _people(people, all_lessons, answers)


def _questions(all_lessons: list[Lesson], answers: list[AnswerRecord]) -> None:
    st.header("Questions, worst first", anchor=False)
    tallies = worst_first(all_lessons, answers)
    if not tallies:
        st.caption("Nobody has answered yet.")
        return
    titles = {one.name: one.title for one in all_lessons}
    labels: dict[str, QuestionTally] = {}
    for one in tallies:
        label = f"{titles[one.lesson]}, {one.question.when}: {_short(one.question)}"
        labels[f"{label} ({one.question.id})" if label in labels else label] = one
    st.dataframe(pd.DataFrame([_line(label, one) for label, one in labels.items()]),
                 hide_index=True, column_config=_PERCENT)  # fmt: skip
    chosen = st.selectbox("Show the answers to", list(labels), key="class_question")
    _histogram(labels[chosen])


def _asked(question: LessonQuestion) -> str:
    """What is asked, of all students: each has a finding of their own."""
    return question.ask.replace("{finding}", "a finding").strip()


def _short(question: LessonQuestion) -> str:
    """A question as a table has room for it."""
    sentences = re.split(r"(?<=[.?!])\s", _asked(question))
    told = next((sentence for sentence in sentences if sentence.endswith("?")), sentences[0])
    return told if len(told) <= _WIDE else f"{told[: _WIDE - 1].rstrip()}…"


_PERCENT = {
    name: st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
    for name in ("Right at first", "Right now")
}


def _line(label: str, one: QuestionTally) -> dict[str, object]:
    return {"Question": label, "Students": one.students, "Right at first": one.first,
            "Right now": one.last, "Tries": round(one.tries, 1)}  # fmt: skip


def _histogram(one: QuestionTally) -> None:
    """Answers as bars, to be shown to the class: nobody's name is in it."""
    st.markdown(f"**{_asked(one.question)}**")
    st.html(markup.bars([
        (count.answer, count.count, f"{count.count}, of them {count.right} all right")
        for count in one.answers
    ]))  # fmt: skip


def _gains(all_lessons: list[Lesson], answers: list[AnswerRecord]) -> None:
    told = gains(all_lessons, answers)
    if told:
        titles = {one.name: one.title for one in all_lessons}
        st.header("What was learnt", anchor=False)
        st.dataframe(pd.DataFrame([
            {"Lesson": titles[one.lesson], "Students": one.students, "Before": one.before,
             "After": one.after} for one in told
        ]), hide_index=True, column_config={
            name: st.column_config.NumberColumn(format="percent") for name in ("Before", "After")
        })  # fmt: skip
        st.caption(
            "Mean share of a first answer that was right, of students who gave both. Without a "
            "group that had no lesson, this is no proof of what the lesson did."
        )


def _people(people: list[Student], all_lessons: list[Lesson], answers: list[AnswerRecord]) -> None:
    now = datetime.now(UTC)
    for one in sorted(people, key=lambda person: (not _is_here(person, now), person.nickname)):
        mine = [answer for answer in answers if answer.student == one.id]
        told, help_place, out_place = components.row(270, 70, 100)  # one line at 900 pixels
        name = f"**{one.nickname}**" if _is_here(one, now) else f"*{one.nickname} (away)*"
        told.markdown(f"{name}  \n{_where(one, all_lessons, mine)}")
        with help_place:
            if st.button("Look", key=f"class_look_{one.id}", help="Open what is on their screen"):
                _look(one)
        with out_place, st.popover("Remove"):
            said = f"{one.nickname} and all their answers"
            if st.button(said, key=f"class_remove_{one.id}"):
                cache.class_book().remove([one.id])
                st.rerun()


def _is_here(one: Student, now: datetime) -> bool:
    return (now - datetime.fromisoformat(one.seen)).total_seconds() < _HERE_S


def _where(one: Student, all_lessons: list[Lesson], mine: list[AnswerRecord]) -> str:
    place = one.place
    at = next((lesson for lesson in all_lessons if lesson.name == place.lesson), None)
    if at is None:
        return f"on the page {_title(place.page)}"
    right, _ = answered(at, mine)
    page = "" if place.page == "lessons" else f", on the page {_title(place.page)}"
    questions = len(list(at.questions()))
    step = f"step {place.step + 1} of {len(at.steps)}"
    return f"{at.title}: {step}, {right} of {questions} right{page}"


def _title(page: str) -> str:
    """As the list of pages has it; the first has no name in the address."""
    titles = {file: title for _, file, title, _ in navigation.TABLE}
    return titles.get(f"{page}.py", titles[navigation.FILES[0]])


def _look(one: Student) -> None:
    student.watch(one)
    shown = dict(one.place.state)
    if "set" in shown:
        leave.show(state.session().model, shown)
    files = {file.removesuffix(".py") for file in navigation.FILES}
    page = one.place.page if one.place.page in files else "lessons" if one.place.lesson else "home"
    navigation.go(f"{page}.py")


def _hand_out() -> None:
    with guard.sentences():
        book = cache.class_book()
        people = book.students()
        if not people:
            return
        st.header("Export, or forget", anchor=False)
        as_csv, as_json = components.row(200, 200)
        answers = book.answers()
        as_csv.download_button("Answers as CSV", export_csv(people, answers), "class.csv",
                               "text/csv", key="class_csv")  # fmt: skip
        as_json.download_button("Answers as JSON", export_json(people, answers), "class.json",
                                "application/json", key="class_json")  # fmt: skip
        who = f"all {len(people)} students and their" if people[1:] else "the one student and all"
        sure = st.checkbox(f"Forget {who} answers, for good", key="class_sure")
        if st.button("Forget the class", disabled=not sure, key="class_forget"):
            book.remove()
            st.rerun()
