"""Notes on their way to or from a file: one plain record each, checked when it comes in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ExplorerError
from core.records.note import (
    FilmRef,
    Note,
    Revision,
    Said,
    Shape,
    check_time,
    checked,
    checked_author,
    checked_film,
)

IDENTIFYING = ("study", "data")
"""What may say who or where: in no file unless somebody asks for it."""
_TEXTS = ("id", "image_key", "author", "created", "changed", "changed_by")
_ACTIONS = ("add", "change", "undo", "import")


@dataclass(frozen=True)
class Copy:
    """A note, and its steps where they go with it."""

    note: Note
    steps: tuple[Revision, ...] = ()


def record(copy: Copy, identifiers: bool = False) -> dict[str, Any]:
    """A copy as plain values, in a fixed order.

    Args:
        identifiers: with the id of the study and the set it was seen in.
    """
    note, said = copy.note, copy.note.said.to_json()
    removed = said.pop("removed")
    values = {
        "id": note.id, "image_key": note.film.key, "width": note.film.width,
        "height": note.film.height, "author": note.author, "created": note.created,
        "changed": note.changed, "changed_by": note.changed_by, "version": note.version, **said,
    }  # fmt: skip
    if identifiers:
        values |= {"study": note.film.study, "data": note.film.data}
    if copy.steps:
        values["removed"] = removed
        values["history"] = [
            {"version": step.version, "at": step.at, "author": step.author,
             "action": step.action, "undoes": step.undoes, **step.said.to_json()}
            for step in copy.steps
        ]  # fmt: skip
    return values


def copy_of(values: Any, where: str) -> Copy:
    """The copy that a record holds.

    Args:
        where: file and place, as a sentence about it begins.

    Raises:
        ExplorerError: something is missing, or is no such value.
    """
    try:
        return _copy(values)
    except ExplorerError as error:
        raise ExplorerError(f"{where}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else "a value is of no use"
        raise ExplorerError(f"{where} is no note ({what}); export it again.") from None


def _copy(values: Any) -> Copy:
    texts = {name: _text(values[name]) for name in _TEXTS}
    if not re.fullmatch("[0-9a-f]{32}", texts["id"]):
        raise ExplorerError(f"'{texts['id'][:60]}' is no id of a note.")
    study, data = (_text(values.get(name, "")) for name in IDENTIFYING)
    size = _whole(values["width"]), _whole(values["height"])
    film = checked_film(FilmRef(texts["image_key"], *size, study, data))
    created, changed = (check_time(texts[name], "The time") for name in ("created", "changed"))
    said, version = _said(values, film), _whole(values["version"], 1)
    note = Note(
        texts["id"], film, checked_author(texts["author"]), said, created, changed,
        checked_author(texts["changed_by"]), version,
    )  # fmt: skip
    steps = tuple(_step(step, note) for step in values.get("history", ()))
    if steps:
        _check_history(steps, note)
    return Copy(note, steps)


def _said(values: Mapping[str, Any], film: FilmRef) -> Said:
    shapes = (
        Shape(_text(shape["kind"]), tuple((float(x), float(y)) for x, y in shape["points"]))
        for shape in _list(values["shapes"])
    )
    removed = values.get("removed", False)
    if not isinstance(removed, bool):
        raise TypeError("removed")
    finding, verdict, text = (_text(values[name]) for name in ("finding", "verdict", "text"))
    tags = tuple(map(_text, _list(values["tags"])))
    return checked(Said(finding, verdict, text, tags, tuple(shapes), removed), film)


def _step(values: Mapping[str, Any], note: Note) -> Revision:
    undoes = values["undoes"]
    if values["action"] not in _ACTIONS:
        raise ExplorerError(f"A step of note {note.id} is none of {', '.join(_ACTIONS)}.")
    return Revision(
        note.id, _whole(values["version"], 1), check_time(values["at"], "The time"),
        checked_author(_text(values["author"])), values["action"],
        None if undoes is None else _whole(undoes, 1), _said(values, note.film),
    )  # fmt: skip


def _check_history(steps: Sequence[Revision], note: Note) -> None:
    """Refuse steps that do not lead to the note, or take back what does not stand."""
    versions = [step.version for step in steps]
    whole = versions == list(range(versions[0], versions[0] + len(versions)))
    last = steps[-1]
    if not whole or last.version != note.version or last.said != note.said or not _stands(steps):
        raise ExplorerError(f"The history of note {note.id} does not lead to what it says.")


def _stands(steps: Iterable[Revision]) -> bool:
    standing: list[int] = []
    for step in steps:
        if step.action != "undo" and step.undoes is None:
            standing.append(step.version)
        elif step.action != "undo" or not standing or standing.pop() != step.undoes:
            return False
    return True


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("list")
    return value


def _whole(value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
        raise TypeError("number")
    return value
