"""`python -m core notes ...`: what was written down about films, changed, undone, handed on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.records.note import FilmRef, Note, Shape
    from core.records.notebook import Notebook, Wanted

app = typer.Typer(
    help="Notes on films: a comment, tags, boxes, polygons, a verdict per finding. They lie in the "
    "database of LRCLR_RECORDS, else in a file of yours.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_Author = Annotated[str, typer.Option(help="Who writes; goes with the note wherever it goes.")]
_Finding = Annotated[str | None, typer.Option(help="As CheXpert spells it, in any case.")]
_Verdict = Annotated[
    str | None,
    typer.Option(help="label is wrong; model is wrong; model is wrong, looks at the device; both "
                 "are wrong; both are right; cannot be told."),
]  # fmt: skip
_Text = Annotated[str | None, typer.Option(help="A comment.")]
_Tags = Annotated[list[str] | None, typer.Option("--tag", help="Repeatable.")]
_Boxes = Annotated[
    list[str] | None, typer.Option("--box", help="X,Y,WIDTH,HEIGHT in pixels; repeatable.")
]
_Polygons = Annotated[
    list[str] | None, typer.Option("--polygon", help="\"X,Y X,Y X,Y ...\"; repeatable.")
]
_Form = Annotated[str, typer.Option("--format", help="json, csv or coco; else by the suffix.")]
_ByAuthor = Annotated[list[str] | None, typer.Option("--author", help="Repeatable.")]


@app.command("add")
def add_command(
    data: Annotated[str, typer.Option(help="Study set.")],
    study: Annotated[str, typer.Option(help="Id of the study in it.")],
    author: _Author,
    finding: _Finding = None,
    verdict: _Verdict = None,
    text: _Text = None,
    tag: _Tags = None,
    box: _Boxes = None,
    polygon: _Polygons = None,
) -> None:
    """Write a note on a film."""
    from core.records.note import Said

    film = _film(data, study)
    shapes = _shapes(box, polygon)
    said = Said(finding or "", verdict or "", text or "", tuple(tag or ()), shapes)
    with opened_notebook() as notebook:
        note = notebook.add(film, author, said)
    print(f"{note.id}  {note.author}: {note.said.sentence()}")


@app.command("list")
def list_command(
    data: Annotated[str | None, typer.Option(help="Of this set's films alone.")] = None,
    study: Annotated[str | None, typer.Option(help="Of this study of the set alone.")] = None,
    author: _ByAuthor = None,
    finding: _Finding = None,
    verdict: _Verdict = None,
    tag: Annotated[str, typer.Option(help="With this tag.")] = "",
    removed: Annotated[bool, typer.Option(help="With those that were taken back.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the notes there, study and set too.")] = (
        None
    ),
) -> None:
    """List notes, oldest first: id, version, author, study, what is said."""
    from dataclasses import replace

    from core.records.copies import Copy, record

    check_out(json)
    wanted = replace(_wanted(author, finding, verdict, tag), removed=removed)
    if study is not None and data is None:
        raise ExplorerError("Say by --data which set the study is of.")
    with opened_notebook() as notebook:
        notes = notebook.notes(wanted)
    if data is not None and (notes or study is not None):
        films = {*_films(data, study)}
        notes = [note for note in notes if note.film.key in films]
    for note in notes:
        print(_line(note))
    print(f"{len(notes)} notes" if len(notes) != 1 else "1 note")
    if json:
        write_json(json, {"notes": [record(Copy(note), identifiers=True) for note in notes]})


@app.command("history")
def history_command(note: Annotated[str, typer.Option(help="Id of the note.")]) -> None:
    """Every step of a note, oldest first."""
    with opened_notebook() as notebook:
        for step in notebook.history(note):
            undoes = f" of version {step.undoes}" if step.undoes else ""
            print(f"{step.version:3} {step.at[:19]} {step.author}, {step.action}{undoes}: "
                  f"{step.said.sentence()}")  # fmt: skip


@app.command("change")
def change_command(
    note: Annotated[str, typer.Option(help="Id of the note.")],
    version: Annotated[int, typer.Option(help="As `notes list` showed it when you read it.")],
    author: _Author,
    finding: _Finding = None,
    verdict: _Verdict = None,
    text: _Text = None,
    tag: _Tags = None,
    box: _Boxes = None,
    polygon: _Polygons = None,
    remove: Annotated[bool, typer.Option(help="Take the note out of lists and exports.")] = False,
) -> None:
    """Change what is given of a note; refused, with both, if somebody changed it meanwhile."""
    from dataclasses import replace

    given: dict[str, Any] = {
        "finding": finding, "verdict": verdict, "text": text, "tags": tuple(tag) if tag else None,
        "shapes": _shapes(box, polygon) or None, "removed": remove or None,
    }  # fmt: skip
    values = {name: value for name, value in given.items() if value is not None}
    with opened_notebook() as notebook:
        seen = notebook.note(note)
        said = replace(seen.said, **values)
        changed = notebook.change(replace(seen, version=version), author, said)
    print(f"{changed.id}, version {changed.version}: {changed.said.sentence()}")


@app.command("undo")
def undo_command(
    author: _Author,
    note: Annotated[str, typer.Option(help="Of this note; by default the latest of all.")] = "",
) -> None:
    """Take back the author's latest change; again for the one before it."""
    with opened_notebook() as notebook:
        undone = notebook.undo(author, note)
    print(f"{undone.id}, version {undone.version}: {undone.said.sentence()}")


@app.command("export")
def export_command(
    file: Annotated[Path, typer.Option(help="To write; .json, .csv or .coco.json.")],
    author: _ByAuthor = None,
    finding: _Finding = None,
    verdict: _Verdict = None,
    tag: Annotated[str, typer.Option(help="With this tag.")] = "",
    form: _Form = "",
    identifiers: Annotated[
        bool, typer.Option(help="With study ids and sets, which may say who and where.")
    ] = False,
    history: Annotated[
        bool, typer.Option(help="With every step and what was taken back; .json only.")
    ] = False,
) -> None:
    """Write notes to a file, without ids of studies and paths unless asked."""
    from dataclasses import replace

    from core.records.handover import export_notes

    check_out(file)
    wanted = replace(_wanted(author, finding, verdict, tag), removed=history)
    with opened_notebook() as notebook:
        kept, left = export_notes(notebook, file, wanted, form, identifiers, history)
    rest = f"; {len(left)} without a box or polygon are not in it" if left else ""
    print(f"{len(kept)} notes in {file}{rest}")


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Option(help="That `notes export` wrote.")], form: _Form = ""
) -> None:
    """Take in the notes of a file; a second time adds nothing."""
    from core.records.handover import read_notes
    from core.records.merge import import_notes

    copies = read_notes(file, form)
    with opened_notebook() as notebook:
        imported = import_notes(notebook, copies)
    print(imported.sentence())
    for here, there in imported.conflicts:
        print(f"{here.id}, here version {here.version} by {here.changed_by}: "
              f"{here.said.sentence()}")  # fmt: skip
        print(f"{'':32}  there version {there.version} by {there.changed_by}: "
              f"{there.said.sentence()}")  # fmt: skip
    if imported.conflicts:
        raise ExplorerError(
            f"{len(imported.conflicts)} of {len(copies)} notes say one thing here and another in "
            f"{file.name}, and stay as they are here; change them by `notes change`."
        )


@contextmanager
def opened_notebook() -> "Iterator[Notebook]":
    """The notes of `LRCLR_RECORDS`, or the user's; says where a migration left a copy."""
    from core.records.notebook import Notebook

    notebook = Notebook()
    if notebook.copy_before:
        typer.echo(f"The notes as they were before this version: {notebook.copy_before}", err=True)
    try:
        yield notebook
    finally:
        notebook.close()


def _wanted(
    authors: list[str] | None, finding: str | None, verdict: str | None, tag: str
) -> "Wanted":
    from core.records.note import checked_finding, checked_verdict
    from core.records.notebook import Wanted

    verdicts = (checked_verdict(verdict),) if verdict else ()
    return Wanted(
        None, tuple(authors or ()), checked_finding(finding or ""), verdicts, " ".join(tag.split())
    )


def _film(data: str, study: str) -> "FilmRef":
    from core.cli.common import open_studies
    from core.records.note import FilmRef

    studies = open_studies(data)
    row = studies.position(study)
    height, width = studies.image(row).shape
    return FilmRef(studies.image_key(row), width, height, study, data)


def _films(data: str, study: str | None) -> list[str]:
    """Keys of the films of a set, or of one study of it."""
    from core.cli.common import open_studies
    from core.studies.keys import image_keys

    studies = open_studies(data)
    if study is not None:
        return [studies.image_key(studies.position(study))]
    return image_keys(studies, StderrProgress("Reading films"))


def _shapes(boxes: list[str] | None, polygons: list[str] | None) -> "tuple[Shape, ...]":
    from core.records.note import POLYGON, Shape, box

    drawn = []
    for text in boxes or ():
        sides = _numbers(text)
        if len(sides) != 4:
            raise ExplorerError(f"'{text[:60]}' is no box; write X,Y,WIDTH,HEIGHT in pixels.")
        drawn.append(box(*sides))
    for text in polygons or ():
        corners = [_numbers(corner) for corner in text.split()]
        if any(len(corner) != 2 for corner in corners):
            raise ExplorerError(f"'{text[:60]}' is no polygon; write \"X,Y X,Y X,Y\" in pixels.")
        drawn.append(Shape(POLYGON, tuple((x, y) for x, y in corners)))
    return tuple(drawn)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return []


def _line(note: "Note") -> str:
    return (f"{note.id}  v{note.version} {note.changed[:16]}  {note.author:12} "
            f"{note.film.study or note.film.key[:12]:16} {note.said.sentence()}")  # fmt: skip
