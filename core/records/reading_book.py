"""Readings of a class in a database: opened, marked, closed, shown; one at a time is open."""

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import RowMapping, delete, insert, select, update

from core.errors import ExplorerError
from core.metrics.froc import FilmMark
from core.records.database import alone, reading, writing
from core.records.note import now
from core.records.reading import (
    MOST_FILMS,
    STAGES,
    ReaderMarks,
    ReadingSet,
    Stage,
    checked_marks,
    marks_json,
)
from core.records.schema import Book
from core.records.tables import marks as marks_table
from core.records.tables import readings, students

MOST_READINGS = 200


class ReadingBook(Book):
    """Readings and marks of a database; safe to share between threads and processes."""

    def open(self, spec: str, finding: str, rows: Sequence[int], model: str) -> ReadingSet:
        """Begin a reading.

        Raises:
            ExplorerError: no films or too many, another one is open, or there are very many.
        """
        if not 0 < len(rows) <= MOST_FILMS:
            raise ExplorerError(f"A reading has 1 to {MOST_FILMS} films, not {len(rows)}.")
        begun = ReadingSet(uuid4().hex, now(), "open", spec, finding, tuple(rows), model)
        with writing(self.engine) as connection:
            alone(connection)
            stages = list(connection.scalars(select(readings.c.stage)))
            if "open" in stages:
                raise ExplorerError("A reading is open already; close it before another begins.")
            if len(stages) >= MOST_READINGS:
                raise ExplorerError(f"{MOST_READINGS} readings are kept at most; forget some.")
            connection.execute(insert(readings), {**vars(begun), "rows": list(begun.rows)})
        return begun

    def readings(self) -> list[ReadingSet]:
        """All of them, the newest first."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(readings).order_by(readings.c.opened.desc()))
            return [_reading(row) for row in rows.mappings()]

    def latest(self) -> ReadingSet | None:
        """The newest, None before the first."""
        return next(iter(self.readings()), None)

    def move(self, reading_id: str, stage: Stage) -> None:
        """Close, show or open a reading again; one that was shown is not opened again.

        Raises:
            ExplorerError: there is none of this id, or its marks would be no blind ones.
        """
        with writing(self.engine) as connection:
            alone(connection)
            before = connection.scalar(select(readings.c.stage).where(readings.c.id == reading_id))
            if before is None or stage not in STAGES:
                raise ExplorerError("There is no such reading any more; look at the list again.")
            if before == "shown" and stage == "open":
                raise ExplorerError("Its marks were shown: who marked now would have seen them.")
            change = update(readings).where(readings.c.id == reading_id)
            connection.execute(change.values(stage=stage))

    def mark(self, reading_id: str, student_id: str, film: int, marks: Sequence[FilmMark]) -> None:
        """Keep what a student marked on a film, in place of what they marked there before.

        Raises:
            ExplorerError: the reading takes no marks, or the student or the film is none of it.
        """
        told = marks_json(checked_marks(marks_json(marks)))
        at = {"reading": reading_id, "student": student_id, "film": film}
        with writing(self.engine) as connection:
            alone(connection)
            row = connection.execute(select(readings).where(readings.c.id == reading_id))
            whole = row.mappings().first()
            if whole is None or whole["stage"] != "open":
                raise ExplorerError("This reading is closed; its marks stay as they are.")
            if not 0 <= film < len(whole["rows"]):
                raise ExplorerError(f"This reading has no film {film + 1}.")
            there = select(students.c.id).where(students.c.id == student_id)
            if connection.execute(there).first() is None:
                raise ExplorerError("You are not in this class any more; join it again.")
            same = [marks_table.c[name] == value for name, value in at.items()]
            connection.execute(delete(marks_table).where(*same))
            connection.execute(insert(marks_table), {**at, "at": now(), "marks": told})

    def marks(self, reading_id: str) -> dict[str, ReaderMarks]:
        """By student's id, what they marked on the films that they read."""
        question = select(marks_table).where(marks_table.c.reading == reading_id)
        readers: dict[str, dict[int, tuple[FilmMark, ...]]] = {}
        with reading(self.engine) as connection:
            for row in connection.execute(question).mappings():
                own = readers.setdefault(row["student"], {})
                own[row["film"]] = tuple(FilmMark(*values) for values in row["marks"])
        return dict(readers)

    def forget(self, reading_id: str) -> None:
        """Delete a reading with everybody's marks."""
        with writing(self.engine) as connection:
            connection.execute(delete(marks_table).where(marks_table.c.reading == reading_id))
            connection.execute(delete(readings).where(readings.c.id == reading_id))


def _reading(row: RowMapping) -> ReadingSet:
    return ReadingSet(**{**row, "rows": tuple(row["rows"])})
