"""Notes of a file into a notebook: what is new comes in, what is there already changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select, update

from core.records.copies import Copy
from core.records.database import alone, writing
from core.records.note import Note, Revision
from core.records.notebook import Notebook, in_parts, steps_of
from core.records.tables import note_of, note_row, notes, revision_row, revisions


@dataclass
class Imported:
    """What became of the notes of a file."""

    added: int = 0
    updated: int = 0  # changed there, and not here
    there: int = 0  # as they are here, or older
    conflicts: list[tuple[Note, Note]] = field(default_factory=list)  # here, and in the file

    def sentence(self) -> str:
        """In one line."""
        return f"{self.added} added, {self.updated} updated, {self.there} there already."


def import_notes(notebook: Notebook, copies: Sequence[Copy]) -> Imported:
    """Take in all notes of a file in one transaction; a second time changes nothing.

    A note that was changed here and there stays as it is here, and is among the conflicts.
    """
    imported = Imported()
    with writing(notebook.engine) as connection:
        alone(connection)
        ids = [copy.note.id for copy in copies]
        rows = in_parts(connection, ids, lambda some: select(notes).where(notes.c.id.in_(some)))
        here = {note.id: note for note in map(note_of, rows)}
        steps = steps_of(connection, list(here))
        new = [copy for copy in copies if copy.note.id not in here]
        imported.added = len(new)
        _insert(connection, new)
        for copy in copies:
            if copy.note.id in here:
                _meet(connection, here[copy.note.id], steps[copy.note.id], copy, imported)
    return imported


def _insert(connection: Connection, copies: Sequence[Copy]) -> None:
    if copies:
        connection.execute(insert(notes), [note_row(copy.note) for copy in copies])
        steps = [step for copy in copies for step in _steps(copy)]
        connection.execute(insert(revisions), [revision_row(step) for step in steps])


def _meet(
    connection: Connection, here: Note, steps: Sequence[Revision], copy: Copy, imported: Imported
) -> None:
    """Take in a note that is here already."""
    there = copy.note
    own = {step.version: step for step in steps}
    same = (there.film.key, there.author, there.created) == (
        here.film.key, here.author, here.created
    )  # fmt: skip
    if same and there.version in own and own[there.version].said == there.said:
        imported.there += 1
    elif same and there.version > here.version and _continues(copy, own, here):
        more = [step for step in _steps(copy) if step.version > here.version]
        row = note_row(there) | {"study": here.film.study, "data": here.film.data}
        written = connection.execute(
            update(notes).where(notes.c.id == here.id, notes.c.version == here.version).values(row)
        )
        if written.rowcount != 1:
            imported.conflicts.append((here, there))
            return
        connection.execute(insert(revisions), [revision_row(step) for step in more])
        imported.updated += 1
    else:
        imported.conflicts.append((here, there))


def _continues(copy: Copy, own: Mapping[int, Revision], here: Note) -> bool:
    """Whether a newer note goes on from what is here: by its history, or as nobody changed it here.

    A file without histories cannot show it of a note that was changed here.
    """
    if copy.steps:
        return any(
            step.version == here.version and step.said == here.said for step in copy.steps
        )
    return own[here.version].action == "import"


def _steps(copy: Copy) -> Sequence[Revision]:
    note = copy.note
    alone = Revision(
        note.id, note.version, note.changed, note.changed_by, "import", None, note.said
    )
    return copy.steps or (alone,)
