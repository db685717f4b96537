"""The tables, and notes as their rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
)

from core.records.note import FilmRef, Note, Revision, Said, Shape

metadata = MetaData()

VERSION_TABLE = "lrclr_version"
"""Where Alembic keeps the version; not its usual name, for others may live in the database."""

notes = Table(
    "lrclr_notes", metadata,
    Column("id", String(32), primary_key=True),
    Column("image_key", String(40), nullable=False, index=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("study", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created", String(27), nullable=False),
    Column("changed", String(27), nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("said", JSON, nullable=False),
)  # fmt: skip
"""Every note as it is now. What is filtered by lies in `said`: a set's notes are few, and read."""

revisions = Table(
    "lrclr_revisions", metadata,
    # The key is what makes two writers of one version impossible, whatever else fails.
    Column("note", String(32), ForeignKey("lrclr_notes.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False, index=True),
    Column("author", Text, nullable=False),
    Column("action", String(10), nullable=False),
    Column("undoes", Integer),
    Column("said", JSON, nullable=False),
)  # fmt: skip
"""Every step of every note; rows are added and never changed."""

students = Table(
    "lrclr_students", metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("name_key", String(40), nullable=False, unique=True),
    Column("nickname", Text, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("joined", String(27), nullable=False),
    Column("seen", String(27), nullable=False),
    Column("place", JSON, nullable=False),
)  # fmt: skip
"""Students of a class: a nickname and where they are; of their token only its hash."""

answers = Table(
    "lrclr_answers", metadata,
    Column("student", String(32), ForeignKey("lrclr_students.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("lesson", String(40), nullable=False),
    Column("question", String(40), nullable=False),
    Column("at", String(27), nullable=False),
    Column("answer", JSON, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("value", Float),
)  # fmt: skip
"""Every answer of every student, in the order given."""

readings = Table(
    "lrclr_readings", metadata,
    Column("id", String(32), primary_key=True),
    Column("opened", String(27), nullable=False),
    Column("stage", String(10), nullable=False),
    Column("spec", Text, nullable=False),
    Column("finding", Text, nullable=False),
    Column("rows", JSON, nullable=False),
    Column("model", Text, nullable=False),
)  # fmt: skip
"""Films that a class marks."""

marks = Table(
    "lrclr_marks", metadata,
    Column("reading", String(32), ForeignKey("lrclr_readings.id"), primary_key=True),
    Column("student", String(32), ForeignKey("lrclr_students.id"), primary_key=True),
    Column("film", Integer, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("marks", JSON, nullable=False),
)  # fmt: skip
"""What a student marked on a film of a reading; a film without a mark has an empty list."""


def said_of(values: Mapping[str, Any]) -> Said:
    """What `Said.to_json` wrote."""
    shapes = (
        Shape(shape["kind"], tuple((float(x), float(y)) for x, y in shape["points"]))
        for shape in values["shapes"]
    )
    return Said(
        values["finding"], values["verdict"], values["text"], tuple(values["tags"]),
        tuple(shapes), bool(values["removed"]),
    )  # fmt: skip


def note_of(row: RowMapping) -> Note:
    """A row of `notes`."""
    film = FilmRef(row["image_key"], row["width"], row["height"], row["study"], row["data"])
    return Note(
        row["id"], film, row["author"], said_of(row["said"]), row["created"], row["changed"],
        row["changed_by"], row["version"],
    )  # fmt: skip


def note_row(note: Note) -> dict[str, Any]:
    """The row of a note."""
    film = note.film
    return {
        "id": note.id, "image_key": film.key, "width": film.width, "height": film.height,
        "study": film.study, "data": film.data, "author": note.author, "created": note.created,
        "changed": note.changed, "changed_by": note.changed_by, "version": note.version,
        "said": note.said.to_json(),
    }  # fmt: skip


def revision_of(row: RowMapping) -> Revision:
    """A row of `revisions`."""
    return Revision(
        row["note"], row["version"], row["at"], row["author"], row["action"], row["undoes"],
        said_of(row["said"]),
    )  # fmt: skip


def revision_row(step: Revision) -> dict[str, Any]:
    """The row of a step."""
    return {
        "note": step.note, "version": step.version, "at": step.at, "author": step.author,
        "action": step.action, "undoes": step.undoes, "said": step.said.to_json(),
    }  # fmt: skip
