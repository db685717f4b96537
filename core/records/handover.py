"""Notes to a file and from it: JSON, CSV, or the boxes and polygons as COCO has them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.files import write_text_whole
from core.records import coco, spreadsheet
from core.records.copies import Copy, copy_of, record
from core.records.note import Note
from core.records.notebook import Notebook, Wanted

JSON, CSV, COCO = "json", "csv", "coco"
FORMS = (JSON, CSV, COCO)
_MAX_BYTES = 2**30
_KIND, _VERSION = "lrclr-notes", 1


def form_of(path: Path, form: str = "") -> str:
    """The form that a file has by its name, unless one is named.

    Raises:
        ExplorerError: neither says one.

    >>> form_of(Path("mine.coco.json")), form_of(Path("mine.CSV"))
    ('coco', 'csv')
    """
    name = path.name.lower()
    chosen = form.lower() or (COCO if name.endswith(".coco.json") else name.rpartition(".")[2])
    if chosen not in FORMS:
        raise ExplorerError(
            f"{path.name} names no form of notes; end it in .json, .csv or .coco.json, or say one "
            f"of {', '.join(FORMS)}."
        )
    return chosen


def export_notes(
    notebook: Notebook, path: Path, wanted: Wanted | None = None, form: str = "",
    identifiers: bool = False, history: bool = False,
) -> tuple[list[Note], list[Note]]:  # fmt: skip
    """Write notes to a file; the same notes are the same bytes.

    Args:
        identifiers: with each study's id and the spec of its set, which may say who and where.
        history: with every step, and with notes that were taken back; JSON only.

    Returns:
        Notes in the file, and those that it has no place for: without a shape, where it is COCO.

    Raises:
        ExplorerError: an unknown form, or one without a place for what is asked.
    """
    form = form_of(path, form)
    if history and form != JSON:
        raise ExplorerError(f"{path.name} has no place for histories; export to .json.")
    asked = wanted or Wanted(removed=history)
    notes = notebook.notes(asked)
    steps = notebook.histories([note.id for note in notes]) if history else {}
    kept = [note for note in notes if note.said.shapes or form != COCO]
    records = [
        record(Copy(note, tuple(steps.get(note.id, ()))), identifiers) for note in kept
    ]  # fmt: skip
    write = {JSON: _as_json, CSV: spreadsheet.written, COCO: coco.written}[form]
    write_text_whole(path, write(records))
    in_file = {note.id for note in kept}
    return kept, [note for note in notes if note.id not in in_file]


def read_notes(path: Path, form: str = "") -> list[Copy]:
    """The notes of a file, checked one by one.

    Raises:
        ExplorerError: the file, or a note in it, cannot be used.
    """
    form = form_of(path, form)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ExplorerError(f"{path.name} is over the limit of 1 GiB; export it in parts.")
        records = list(spreadsheet.read(path) if form == CSV else _of_json(path))
    except ExplorerError:
        raise
    except FileNotFoundError:
        raise ExplorerError(f"There is no file {path}; check its path.") from None
    except (OSError, RecursionError, ValueError):
        raise ExplorerError(f"{path.name} is no readable {form}; export it again.") from None
    copies = [copy_of(values, f"{path.name}, note {n}") for n, values in enumerate(records, 1)]
    if len({copy.note.id for copy in copies}) < len(copies):
        raise ExplorerError(f"{path.name} has a note twice; export it again.")
    return copies


def _as_json(records: Sequence[dict[str, Any]]) -> str:
    """One note a line, so that two exports can be compared line by line."""
    lines = ",\n".join(json.dumps(values, ensure_ascii=False) for values in records)
    return f'{{"kind": "{_KIND}", "version": {_VERSION}, "notes": [\n{lines}\n]}}\n'


def _of_json(path: Path) -> Iterator[Any]:
    """Records of JSON, COCO's among them, whatever the file is called."""
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    if isinstance(content, dict) and isinstance(content.get("annotations"), list):
        return coco.records(content, path.name)
    if not isinstance(content, dict) or content.get("kind") != _KIND:
        raise ExplorerError(f"{path.name} holds no notes; give a file that `notes export` wrote.")
    if content.get("version") != _VERSION:
        raise ExplorerError(f"{path.name} was written by a newer version; update this one.")
    notes = content.get("notes")
    if not isinstance(notes, list):
        raise ExplorerError(f"{path.name} is cut short; export it again.")
    return iter(notes)
