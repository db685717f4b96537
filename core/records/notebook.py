"""A notebook: notes in a database, changed in small transactions, with their whole history."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, exists, insert, select, update

from core.errors import ExplorerError
from core.records.database import reading, writing
from core.records.note import (
    Conflict,
    FilmRef,
    Note,
    Revision,
    Said,
    checked,
    checked_author,
    checked_film,
    now,
)
from core.records.schema import Book
from core.records.tables import note_of, note_row, notes, revision_of, revision_row, revisions

_AT_ONCE = 500  # keys a question: databases limit how many


@dataclass(frozen=True)
class Wanted:
    """Which notes are asked for; an empty field takes all."""

    films: Sequence[str] | None = None  # keys; None: of every film
    authors: tuple[str, ...] = ()
    finding: str = ""
    verdicts: tuple[str, ...] = ()
    tag: str = ""
    removed: bool = False  # with those that were taken back

    def takes(self, note: Note) -> bool:
        """Whether a note is among them, whatever its film."""
        said = note.said
        return (
            (self.removed or not said.removed)
            and (not self.authors or note.author in self.authors)
            and (not self.finding or said.finding == self.finding)
            and (not self.verdicts or said.verdict in self.verdicts)
            and (not self.tag or self.tag in said.tags)
        )


class Notebook(Book):
    """Notes of a database; safe to share between threads, and with other processes."""

    def add(self, film: FilmRef, author: str, said: Said) -> Note:
        """Write a new note; it is on the disk when this returns.

        Raises:
            ExplorerError: what is said is no note (`core.records.note.checked`).
        """
        film, author = checked_film(film), checked_author(author)
        said, time = checked(replace(said, removed=False), film), now()
        note = Note(uuid4().hex, film, author, said, time, time, author, 1)
        with writing(self.engine) as connection:
            connection.execute(insert(notes), note_row(note))
            connection.execute(
                insert(revisions),
                revision_row(Revision(note.id, 1, time, author, "add", None, said)),
            )
        return note

    def change(self, note: Note, author: str, said: Said) -> Note:
        """Write what a note, as it was read, shall say now.

        Raises:
            Conflict: somebody changed it since it was read; nothing is written.
            ExplorerError: as `add`.
        """
        author, said = checked_author(author), checked(said, note.film)
        with writing(self.engine) as connection:
            return _step(connection, note, author, "change", None, said)

    def remove(self, note: Note, author: str) -> Note:
        """Take a note out of lists and exports; its history keeps it.

        Raises:
            Conflict: as `change`.
        """
        return self.change(note, author, replace(note.said, removed=True))

    def undo(self, author: str, note_id: str = "") -> Note:
        """Take back the author's latest change that stands, of one note or of all.

        Returns:
            The note as it is then; a note whose adding is taken back is removed.

        Raises:
            ExplorerError: there is none, or somebody else changed the note after it.
        """
        author = checked_author(author)
        with writing(self.engine) as connection:
            last = _latest(connection, author, note_id)
            steps = _standing(_steps(connection, last.note))
            note = _one(connection, last.note)
            if steps[-1].version != last.version:
                raise ExplorerError(
                    f"{steps[-1].author} changed note {note.id} after {author} did, and it now "
                    f'says "{note.said.sentence()}"; change that instead.'
                )
            before = steps[-2].said if len(steps) > 1 else replace(note.said, removed=True)
            return _step(connection, note, author, "undo", last.version, before)

    def note(self, note_id: str) -> Note:
        """A note by its id, removed or not.

        Raises:
            ExplorerError: there is none.
        """
        with reading(self.engine) as connection:
            return _one(connection, note_id)

    def history(self, note_id: str) -> list[Revision]:
        """The steps of a note, oldest first.

        Raises:
            ExplorerError: there is no such note.
        """
        with reading(self.engine) as connection:
            _one(connection, note_id)
            return _steps(connection, note_id)

    def notes(self, wanted: Wanted | None = None) -> list[Note]:
        """Notes, oldest first."""
        wanted = wanted or Wanted()
        with reading(self.engine) as connection:
            rows = _by_film(connection, wanted.films)
        found = (note for note in map(note_of, rows) if wanted.takes(note))
        return sorted(found, key=lambda note: (note.created, note.id))

    def by_film(self) -> dict[str, list[Note]]:
        """Notes by `StudySet.image_key`, oldest first."""
        told: dict[str, list[Note]] = {}
        for note in self.notes():
            told.setdefault(note.film.key, []).append(note)
        return told

    def histories(self, note_ids: Sequence[str]) -> dict[str, list[Revision]]:
        """The steps of several notes, oldest first."""
        with reading(self.engine) as connection:
            return steps_of(connection, note_ids)


def steps_of(connection: Connection, note_ids: Sequence[str]) -> dict[str, list[Revision]]:
    """The steps of several notes, oldest first; of those alone that are there."""
    steps: dict[str, list[Revision]] = {}
    rows = in_parts(connection, note_ids, lambda some: (
        select(revisions).where(revisions.c.note.in_(some)).order_by(revisions.c.version)
    ))  # fmt: skip
    for row in rows:
        steps.setdefault(row["note"], []).append(revision_of(row))
    return steps


def in_parts(
    connection: Connection, keys: Iterable[str], question: Callable[[list[str]], Select[Any]]
) -> Iterator[Any]:
    """Rows of a question about many keys, some keys at a time."""
    rest = iter(keys)
    while some := list(islice(rest, _AT_ONCE)):
        yield from connection.execute(question(some)).mappings()


def _by_film(connection: Connection, films: Sequence[str] | None) -> list[Any]:
    if films is None:
        return list(connection.execute(select(notes)).mappings())
    distinct = dict.fromkeys(filter(None, films))
    return list(in_parts(connection, distinct, lambda some: (
        select(notes).where(notes.c.image_key.in_(some))
    )))  # fmt: skip


def _one(connection: Connection, note_id: str) -> Note:
    row = connection.execute(select(notes).where(notes.c.id == note_id)).mappings().first()
    if row is None:
        raise ExplorerError(f"There is no note '{note_id[:60]}'; `notes list` shows their ids.")
    return note_of(row)


def _steps(connection: Connection, note_id: str) -> list[Revision]:
    return steps_of(connection, [note_id])[note_id]


def _standing(steps: list[Revision]) -> list[Revision]:
    """The steps that no undo has taken back."""
    standing: list[Revision] = []
    for step in steps:
        if step.undoes is None:
            standing.append(step)
        else:
            standing.pop()
    return standing


def _latest(connection: Connection, author: str, note_id: str) -> Revision:
    """The author's latest step that is no undo and has not been taken back."""
    undo = revisions.alias()
    taken_back = exists().where(
        undo.c.note == revisions.c.note, undo.c.undoes == revisions.c.version
    )
    question = (
        select(revisions)
        .where(revisions.c.author == author, revisions.c.action.in_(["add", "change"]), ~taken_back)
        .order_by(revisions.c.at.desc(), revisions.c.version.desc())
        .limit(1)
    )
    if note_id:
        question = question.where(revisions.c.note == _one(connection, note_id).id)
    row = connection.execute(question).mappings().first()
    if row is None:
        raise ExplorerError(f"There is nothing of {author} to undo.")
    return revision_of(row)


def _step(
    connection: Connection, note: Note, author: str, action: str, undoes: int | None, said: Said
) -> Note:
    """Take a note, as it was read, one step on."""
    after = replace(note, said=said, changed=now(), changed_by=author, version=note.version + 1)
    row = note_row(after)
    written = connection.execute(
        update(notes)
        .where(notes.c.id == note.id, notes.c.version == note.version)
        .values({name: row[name] for name in ("said", "changed", "changed_by", "version")})
    )
    if written.rowcount != 1:
        raise Conflict(said, _one(connection, note.id))
    step = Revision(note.id, after.version, after.changed, author, action, undoes, said)
    connection.execute(insert(revisions), revision_row(step))
    return after
