"""Fields of a lesson's blocks: what may be written after `name:`, and how it is read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ExplorerError
from core.inference.prompts import check_prompt
from core.inference.score_names import SCORES
from core.labels import PHANTOM_FINDINGS
from core.lessons.lesson import Flaw

Read = Callable[[str], Any]
"""From what stands after the colon to a value; raises ExplorerError with a sentence."""
_PHANTOMS = r"phantom:[a-z0-9=,]{1,60}"


@dataclass(frozen=True)
class Field:
    """One field of a block.

    Attributes:
        about: what it says, for docs/lessons.md and the command.
        read: makes its value.
        default: where it is not written; `REQUIRED` where it must be.
        many: whether it may be written more than once; its value is a tuple then.
    """

    about: str
    read: Read
    default: Any = None
    many: bool = False


REQUIRED = object()
"""A field without a default."""


@dataclass(frozen=True)
class Assigned:
    """A line `name: value` of a block, with the lines that go on with it."""

    name: str
    value: str
    line: int


def typed(
    entries: Sequence[Assigned], fields: Mapping[str, Field], what: str, line: int
) -> tuple[dict[str, Any], list[Flaw]]:
    """Values of a block by its fields, and what is wrong with it.

    Args:
        what: how sentences name the block.
        line: where it begins.
    """
    flaws, values = [], {}
    written: dict[str, list[Assigned]] = {}
    for entry in entries:
        if entry.name not in fields:
            known = ", ".join(fields)
            flaws.append(Flaw(entry.line, f"{what} has no '{entry.name}'; known: {known}."))
            continue
        written.setdefault(entry.name, []).append(entry)
    for name, field in fields.items():
        given = written.get(name, [])
        if not given and field.default is REQUIRED:
            flaws.append(Flaw(line, f"{what} needs '{name}': {field.about}."))
        if len(given) > 1 and not field.many:
            flaws.append(Flaw(given[1].line, f"'{name}' is written twice; keep one."))
        read = []
        for entry in given:
            try:
                read.append(field.read(entry.value))
            except ExplorerError as error:
                flaws.append(Flaw(entry.line, f"{name}: {error}"))
        fallback = () if field.many else field.default
        values[name] = (tuple(read) if field.many else read[0]) if read else fallback
    return values, flaws


def words(text: str) -> str:
    """Any text of one line or more."""
    if not text.strip():
        raise ExplorerError("there is nothing after the colon; write something.")
    return text.strip()


def prompt(text: str) -> str:
    """What a report might say."""
    return check_prompt(text)


def finding(text: str) -> str:
    """A finding that phantoms can have."""
    return one_of(*PHANTOM_FINDINGS)(text)


def findings(text: str) -> tuple[str, ...]:
    """Findings with commas between them: each student has one of them."""
    return tuple(finding(part.strip()) for part in text.split(","))


def listed(text: str) -> tuple[str, ...]:
    """Words with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def score(text: str) -> str:
    """A zero-shot score."""
    return one_of(*SCORES)(text)


def one_of(*names: str) -> Read:
    """One of these names."""

    def read(text: str) -> str:
        if text not in names:
            raise ExplorerError(f"there is no '{text[:60]}'; write one of: {', '.join(names)}.")
        return text

    return read


def labelled(read: Read, what: str, example: str) -> Read:
    """A label and a value, "label = value", as (label, value): an option that students tick.

    Args:
        read: the value.
        what: it is, for the sentence that says how to write it, with an example.
    """

    def read_labelled(text: str) -> tuple[str, Any]:
        label, mark, value = text.rpartition("=")
        if not mark or not label.strip():
            raise ExplorerError(f"write 'what stands there = the {what}', such as '{example}'.")
        return label.strip(), read(value.strip())

    return read_labelled


def number(low: float, high: float) -> Read:
    """A number within bounds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ExplorerError(f"'{text[:30]}' is no number from {low:g} to {high:g}.")
        return value

    return read


def count(low: int, high: int) -> Read:
    """A whole number within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise ExplorerError(f"'{text[:30]}' is no whole number from {low} to {high}.")
        return int(text)

    return read


def yes_no(text: str) -> bool:
    """yes or no."""
    return one_of("yes", "no")(text) == "yes"


def map_choice(text: str) -> str:
    """A map in words, such as gradcam:hirescam:3:global."""
    from core.attribution import method_of  # with torch, which a lesson without maps need not have
    from core.inference.map_choice import Choice

    method_of(text)
    return str(Choice.parse(text))


def phantoms(text: str) -> str:
    """A set of phantoms, which everybody may open."""
    if not re.fullmatch(_PHANTOMS, text):
        raise ExplorerError(f"'{text[:60]}' is no set of phantoms, such as phantom:demo.")
    return text


def name(text: str) -> str:
    """A name of small letters, digits and hyphens."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", text):
        raise ExplorerError(f"'{text[:40]}' is no name: use small letters, digits and hyphens.")
    return text
