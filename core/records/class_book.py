"""A class in a database: who is where, and every answer; written in small transactions."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import ExplorerError
from core.records.database import alone, reading, writing
from core.records.note import now
from core.records.schema import Book
from core.records.student import (
    AnswerRecord,
    Place,
    Student,
    checked_nickname,
    name_key,
    new_token,
    number_or_none,
    token_hash,
    token_seed,
)
from core.records.tables import answers, marks, readings, students

MOST_STUDENTS = 200
MOST_ANSWERS = 2_000
"""Of one student."""
_MOST_JSON = 4_000  # characters of an answer or a place


class ClassBook(Book):
    """Students and answers of a database; safe to share between threads and processes."""

    def join(self, nickname: str) -> tuple[Student, str]:
        """A new student, and the token that their browser keeps and nobody else has.

        Raises:
            ExplorerError: the nickname is none or is taken, or the class is full.
        """
        nickname, token, time = checked_nickname(nickname), new_token(), now()
        student = Student(uuid4().hex, nickname, token_seed(token), time, time, Place())
        with writing(self.engine) as connection:
            alone(connection)  # or two might take the last place
            _check_room(connection)
            try:
                connection.execute(insert(students), {
                    "id": student.id, "token_hash": token_hash(token), "nickname": nickname,
                    "name_key": name_key(nickname), "seed": student.seed, "joined": time,
                    "seen": time, "place": student.place.to_json(),
                })  # fmt: skip
            except IntegrityError:
                raise ExplorerError(
                    f"Somebody of this class is '{nickname}' already; choose another nickname."
                ) from None
        return student, token

    def student(self, token: str) -> Student | None:
        """The student who has a token; None where nobody has."""
        question = select(students).where(students.c.token_hash == token_hash(token))
        with reading(self.engine) as connection:
            row = connection.execute(question).mappings().first()
        return None if row is None else _student(row)

    def students(self) -> list[Student]:
        """Everybody, in the order of their nicknames."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(students).order_by(students.c.name_key)).mappings()
            return [_student(row) for row in rows]

    def seen(self, student_id: str, place: Place) -> None:
        """Note where a student is; nothing of one who was removed.

        Raises:
            ExplorerError: the place says too much to keep.
        """
        values = _bounded(place.to_json(), "what is on the screen")
        with writing(self.engine) as connection:
            connection.execute(
                update(students).where(students.c.id == student_id)
                .values(seen=now(), place=values)
            )  # fmt: skip

    def answer(self, student_id: str, lesson: str, question: str, answer: Any, passed: bool,
               value: float) -> AnswerRecord:  # fmt: skip
        """Keep an answer.

        Raises:
            ExplorerError: the student is not there any more, or answered very often.
        """
        time, answer = now(), _bounded(answer, "the answer")
        with writing(self.engine) as connection:
            alone(connection)
            there = select(students.c.id).where(students.c.id == student_id)
            if connection.execute(there).first() is None:
                raise ExplorerError("You are not in this class any more; join it again.")
            last = connection.scalar(
                select(func.max(answers.c.number)).where(answers.c.student == student_id)
            )
            number = (last or 0) + 1
            if number > MOST_ANSWERS:
                raise ExplorerError(f"{MOST_ANSWERS} answers are kept of a student at most.")
            record = AnswerRecord(student_id, number, lesson, question, time, answer, passed, value)
            connection.execute(insert(answers), {**vars(record), "value": number_or_none(value)})
        return record

    def answers(self, student_id: str = "") -> list[AnswerRecord]:
        """Answers in the order given, of one student or of everybody."""
        question = select(answers).order_by(answers.c.at, answers.c.student, answers.c.number)
        if student_id:
            question = question.where(answers.c.student == student_id)
        with reading(self.engine) as connection:
            return [_answer(row) for row in connection.execute(question).mappings()]

    def remove(self, student_ids: Sequence[str] | None = None) -> int:
        """Forget students with their answers and marks, by default everybody; how many they were.

        With everybody go the readings.
        """
        with writing(self.engine) as connection:
            if student_ids is None:
                for table in (answers, marks, readings):
                    connection.execute(delete(table))
                return int(connection.execute(delete(students)).rowcount)
            for table in (answers, marks):
                connection.execute(delete(table).where(table.c.student.in_(student_ids)))
            gone = connection.execute(delete(students).where(students.c.id.in_(student_ids)))
            return int(gone.rowcount)


def _check_room(connection: Connection) -> None:
    count = connection.scalar(select(func.count()).select_from(students)) or 0
    if count >= MOST_STUDENTS:
        raise ExplorerError(
            f"This class is full: {MOST_STUDENTS} students. Ask the teacher to remove some."
        )


def _bounded(value: Any, what: str) -> Any:
    if len(json.dumps(value)) > _MOST_JSON:
        raise ExplorerError(f"There is more in {what} than is kept ({_MOST_JSON} characters).")
    return value


def _student(row: RowMapping) -> Student:
    place = Place(**row["place"])
    return Student(row["id"], row["nickname"], row["seed"], row["joined"], row["seen"], place)


def _answer(row: RowMapping) -> AnswerRecord:
    value = float("nan") if row["value"] is None else float(row["value"])
    return AnswerRecord(row["student"], row["number"], row["lesson"], row["question"], row["at"],
                        row["answer"], bool(row["passed"]), value)  # fmt: skip
