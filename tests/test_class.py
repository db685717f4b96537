"""A class: joining, going on, answers, the worst question first, and what leaves the server."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_driver import session_of, sound
from streamlit.testing.v1 import AppTest

from core.errors import ExplorerError
from core.lessons.checked import Checked
from core.lessons.class_export import COLUMNS, export_csv, export_json
from core.lessons.class_tally import answered, gains, worst_first
from core.lessons.library import lesson
from core.paths import ROOT
from core.records import class_book as class_book_module
from core.records.class_book import ClassBook
from core.records.student import (
    AnswerRecord,
    Place,
    checked_nickname,
    new_token,
    token_hash,
    token_seed,
)
from explorer import access

VISITOR = access.Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})


@pytest.fixture
def book(tmp_path: Path) -> Iterator[ClassBook]:
    opened = ClassBook(f"sqlite:///{tmp_path}/notes.sqlite")
    yield opened
    opened.engine.dispose()


def test_a_token_is_the_student_and_its_hash_alone_is_kept(book: ClassBook, tmp_path: Path) -> None:
    student, token = book.join("  blue   heron ")
    assert student.nickname == "blue heron" and student.seed == token_seed(token)
    found = book.student(token)
    assert found is not None and found.id == student.id
    assert book.student(new_token()) is None
    kept = sqlite3.connect(tmp_path / "notes.sqlite")
    rows = str(kept.execute("SELECT * FROM lrclr_students").fetchall())
    assert token not in rows and token_hash(token) in rows
    assert len({token_seed(new_token()) for _ in range(50)}) == 50


@pytest.mark.parametrize("name", ["", "  ", "a@b.org", "x" * 25, "<b>x</b>", "-x", "a\x00b"])
def test_a_nickname_is_a_short_word(name: str) -> None:
    with pytest.raises(ExplorerError, match="A nickname has"):
        checked_nickname(name)


def test_two_students_are_never_one_name(book: ClassBook, monkeypatch: pytest.MonkeyPatch) -> None:
    book.join("Blue-Heron")
    with pytest.raises(ExplorerError, match="already"):
        book.join("blue heron")
    monkeypatch.setattr(class_book_module, "MOST_STUDENTS", 1)
    with pytest.raises(ExplorerError, match="full"):
        book.join("red kite")


def test_answers_and_places_are_kept_and_forgotten(
    book: ClassBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _), (two, token) = book.join("one"), book.join("two")
    book.answer(one.id, "prompts", "expect", ["no fracture"], False, 0.5)
    book.answer(two.id, "prompts", "unnamed", "a line", True, float("nan"))
    book.answer(two.id, "prompts", "threshold", 0.4, True, 0.9)
    assert [(a.number, a.answer) for a in book.answers(two.id)] == [(1, "a line"), (2, 0.4)]
    assert book.answers(two.id)[0].value != book.answers(two.id)[0].value
    place = Place("compare", "prompts", 2, {"set": "phantom:demo", "study": 3})
    book.seen(two.id, place)
    here = book.student(token)
    assert here is not None and here.place == place and here.seen > here.joined
    with pytest.raises(ExplorerError, match="more in the answer"):
        book.answer(two.id, "prompts", "unnamed", "x" * 5000, False, 0.0)
    monkeypatch.setattr(class_book_module, "MOST_ANSWERS", 2)
    with pytest.raises(ExplorerError, match="at most"):
        book.answer(two.id, "prompts", "unnamed", "x", False, 0.0)
    assert book.remove([one.id]) == 1 and [s.nickname for s in book.students()] == ["two"]
    with pytest.raises(ExplorerError, match="not in this class"):
        book.answer(one.id, "prompts", "expect", [], False, 0.5)
    assert book.remove() == 1 and book.answers() == [] and book.student(token) is None


def _record(student: str, question: str, answer: Any, passed: bool, value: float) -> AnswerRecord:
    _record.count = getattr(_record, "count", 0) + 1  # type: ignore[attr-defined]
    at = f"2026-01-01T00:00:{_record.count % 60:02d}"  # type: ignore[attr-defined]
    return AnswerRecord(student, 1, "prompts", question, at, answer, passed, value)


ANSWERS = [
    _record("a", "expect", ["no fracture"], False, 0.25),
    _record("a", "unnamed", "A line", False, 0.6),
    _record("a", "unnamed", "a rim", True, 0.95),
    _record("a", "threshold", 0.5, True, 0.9),
    _record("b", "expect", ["bony injury", "no fracture"], False, 0.75),
    _record("b", "unnamed", "a rim", True, 0.92),
    _record("b", "threshold", 2.5, False, 0.1),
    _record("a", "learnt", [], False, 0.5),
    _record("a", "learnt", ["blunting of the sulcus"], True, 1.0),
]


def test_the_worst_question_comes_first_and_its_last_answers_are_counted() -> None:
    tallies = worst_first([lesson("prompts")], ANSWERS)
    assert [(one.question.id, one.students, one.first) for one in tallies] == [
        ("expect", 2, 0.0), ("learnt", 1, 0.0), ("threshold", 2, 0.5), ("unnamed", 2, 0.5),
    ]  # fmt: skip
    by_id = {one.question.id: one for one in tallies}
    assert by_id["unnamed"].last == 1.0 and by_id["unnamed"].tries == 1.5
    assert [(c.answer, c.count, c.right) for c in by_id["unnamed"].answers] == [("a rim", 2, 2)]
    assert {c.answer: c.count for c in by_id["expect"].answers} == {
        "no fracture": 2, "bony injury": 1,
    }  # fmt: skip
    assert [(c.count, c.right) for c in by_id["threshold"].answers] == [(1, 1), (1, 0)]
    assert answered(lesson("prompts"), [a for a in ANSWERS if a.student == "a"]) == (3, 4)


def test_answers_to_what_a_question_was_before_its_edit_are_no_numbers() -> None:
    earlier = _record("c", "threshold", ["bony injury"], True, 1.0)
    (tally,) = [one for one in worst_first([lesson("prompts")], [*ANSWERS, earlier])
                if one.question.id == "threshold"]  # fmt: skip
    assert tally.students == 3 and [c.count for c in tally.answers] == [1, 1]
    (tally,) = worst_first([lesson("prompts")], [earlier])
    assert tally.answers == ()


def test_what_was_learnt_is_of_first_answers_before_and_after() -> None:
    (gain,) = gains([lesson("prompts")], ANSWERS)
    assert (gain.students, gain.before, gain.after) == (1, 0.25, 0.5)  # b gave none after


def test_the_export_names_nicknames_alone_and_no_formula(book: ClassBook) -> None:
    student, token = book.join("one")
    book.answer(student.id, "prompts", "unnamed", "=1+1", False, 0.5)
    book.answer(student.id, "prompts", "unnamed", "a rim", True, 0.9)
    people, answers = book.students(), book.answers()
    told = export_csv(people, answers)
    rows = list(csv.DictReader(io.StringIO(told)))
    assert tuple(rows[0]) == COLUMNS and rows[0]["answer"] == "'=1+1"
    assert [(row["nickname"], row["try"], row["right"]) for row in rows] == [
        ("one", "1", "0"), ("one", "2", "1"),
    ]  # fmt: skip
    whole = told + export_json(people, answers)
    assert token not in whole and token_hash(token) not in whole and student.id not in whole
    assert json.loads(export_json(people, answers))["answers"][1]["answer"] == "a rim"


def test_a_class_is_the_owner_s_and_lessons_are_a_visitor_s_unless_the_owner_says_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    access.check_class()
    monkeypatch.setattr(access, "connection", lambda: VISITOR)
    with pytest.raises(ExplorerError, match="teacher"):
        access.check_class()
    access.check_lessons()
    (tmp_path / "access.toml").write_text("lessons = false\n")
    monkeypatch.setenv("LRCLR_ACCESS", str(tmp_path / "access.toml"))
    with pytest.raises(ExplorerError, match="holds no class"):
        access.check_lessons()


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)


def _join(app: AppTest, name: str) -> None:
    app.run()
    app.switch_page("../pages/lessons.py").run()
    app.text_input(key="lesson_nickname").set_value(name)
    app.button(key="lesson_join").click().run()
    sound(app)


def test_a_student_answers_and_the_teacher_sees_it_a_visitor_does_not(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    _join(app, "blue heron")
    book = ClassBook()
    (student,) = book.students()
    assert session_of(app).lesson_seed == student.seed
    book.answer(student.id, "prompts", "expect", ["no fracture"], False, 0.5)
    app.switch_page("../pages/classroom.py").run()
    sound(app)
    (table,) = [one.value for one in app.dataframe if "Right at first" in one.value]
    assert table["Question"].tolist() == [
        "Prompts, before: Which of these sentences rank films with a fracture above t…"
    ]
    assert any("blue heron" in one.value for one in app.markdown)
    monkeypatch.setattr(access, "connection", lambda: VISITOR)
    app.run()
    assert not app.dataframe and any("teacher" in one.value for one in app.error)


def test_a_closed_tab_is_taken_up_by_its_token(app: AppTest) -> None:
    book = ClassBook()
    student, token = book.join("red kite")
    book.answer(student.id, "prompts", "expect", ["no fracture"], False, 0.5)
    book.seen(student.id, Place("lessons", "prompts", 2))
    app.run()
    app.switch_page("../pages/lessons.py").run()
    app.text_input(key="lesson_code").set_value(token).run()
    app.button(key="lesson_resume").click().run()
    sound(app)
    here = session_of(app)
    assert here.student is not None and here.student.id == student.id
    assert (here.lesson, here.lesson_steps["prompts"]) == ("prompts", 2)
    (tried,) = here.tries["prompts", "expect"]
    assert isinstance(tried.checked, Checked) and not tried.checked.passed
    assert app.title[0].value == "5. Prompts"


def test_commands_show_export_and_forget_a_class(run: Any, tmp_path: Path) -> None:
    book = ClassBook()
    student, _ = book.join("one")
    book.answer(student.id, "prompts", "expect", ["no fracture"], False, 0.5)
    code, out, _ = run("lesson", "class")
    assert code == 0 and "1 students, 1 answers" in out and "prompts/expect: right at first" in out
    assert run("lesson", "export", "--out", tmp_path / "class.csv")[0] == 0
    assert "one,prompts,expect" in (tmp_path / "class.csv").read_text()
    assert run("lesson", "export", "--out", tmp_path / "class.txt")[0] == 2
    assert run("lesson", "forget")[0] == 2 and len(book.students()) == 1
    assert run("lesson", "forget", "--yes")[0] == 0 and book.students() == []
