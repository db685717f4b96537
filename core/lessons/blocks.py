"""The text of a lesson's file, cut into front matter, steps and blocks; no meaning yet.

A file begins with front matter between two lines `---`. `## Title` begins a step. Between
```` ```show ````, ```` ```question ```` or ```` ```link ```` and ```` ``` ```` stand lines
`name: value`; a line that is indented goes on with the one before it, one that begins with `#` is
a remark. Everything else is Markdown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.lessons.fields import Assigned
from core.lessons.lesson import Flaw

KINDS = ("show", "question", "link")
"""Blocks that mean something; another fence stays as it is written."""


@dataclass(frozen=True)
class RawBlock:
    """A block of KINDS, or Markdown (kind "")."""

    kind: str
    line: int
    entries: tuple[Assigned, ...] = ()
    text: str = ""


@dataclass
class RawStep:
    """A step as it stands in the file."""

    title: str
    line: int
    blocks: list[RawBlock] = field(default_factory=list)


@dataclass(frozen=True)
class RawLesson:
    """A file as it was cut."""

    front: tuple[Assigned, ...]
    steps: tuple[RawStep, ...]
    flaws: tuple[Flaw, ...]


def cut(text: str) -> RawLesson:
    """Cut the text of a file; what cannot be cut is a flaw with its line."""
    lines = text.removeprefix("\ufeff").splitlines()
    flaws: list[Flaw] = []
    front, start = _front(lines, flaws)
    return RawLesson(front, _steps(lines, start, flaws), tuple(flaws))


def _front(lines: Sequence[str], flaws: list[Flaw]) -> tuple[tuple[Assigned, ...], int]:
    """Entries of the front matter, and the index of the line after it."""
    if not lines or lines[0].strip() != "---":
        flaws.append(Flaw(1, "the file must begin with a line '---' and the front matter."))
        return (), 0
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return _entries(lines[1:number], 2, flaws), number + 1
    flaws.append(Flaw(1, "the front matter is not closed; write '---' after it."))
    return (), len(lines)


def _entries(lines: Sequence[str], first: int, flaws: list[Flaw]) -> tuple[Assigned, ...]:
    entries: list[Assigned] = []
    for number, line in enumerate(lines, start=first):
        if not line.strip() or line.startswith("#"):
            continue
        parts = re.fullmatch(r"([a-z]+):(.*)", line)
        if line[0] in " \t" and entries:
            last = entries[-1]
            entries[-1] = Assigned(last.name, f"{last.value} {line.strip()}".strip(), last.line)
        elif parts:
            entries.append(Assigned(parts[1], parts[2].strip(), number))
        else:
            flaws.append(Flaw(number, f"'{line[:40]}' is not of the form 'name: value'."))
    return tuple(entries)


def _steps(lines: Sequence[str], start: int, flaws: list[Flaw]) -> tuple[RawStep, ...]:
    steps: list[RawStep] = []
    prose: list[str] = []
    number = began = start
    while number < len(lines):
        line = lines[number]
        fence = re.match(r"```\s*(\S*)", line)
        if fence:
            end = _fence_end(lines, number, flaws)
            if fence[1] in KINDS:
                _keep_prose(steps, prose, began, flaws)
                entries = _entries(lines[number + 1 : end], number + 2, flaws)
                _keep(steps, RawBlock(fence[1], number + 1, entries), flaws)
                prose, began = [], end + 1
            else:
                prose += lines[number : end + 1]
            number = end + 1
            continue
        if line.startswith("## "):
            _keep_prose(steps, prose, began, flaws)
            steps.append(RawStep(line[3:].strip(), number + 1))
            prose, began = [], number + 1
        else:
            prose.append(line)
        number += 1
    _keep_prose(steps, prose, began, flaws)
    return tuple(steps)


def _fence_end(lines: Sequence[str], start: int, flaws: list[Flaw]) -> int:
    """Index of the line that closes a fence; the last one where none does."""
    for number in range(start + 1, len(lines)):
        if lines[number].strip() == "```":
            return number
    flaws.append(Flaw(start + 1, "this block is not closed; write ``` on a line after it."))
    return len(lines)


def _keep_prose(steps: list[RawStep], prose: list[str], began: int, flaws: list[Flaw]) -> None:
    text = "\n".join(prose).strip()
    if text:
        blank = next(number for number, line in enumerate(prose) if line.strip())
        _keep(steps, RawBlock("", began + blank + 1, text=text), flaws)


def _keep(steps: list[RawStep], block: RawBlock, flaws: list[Flaw]) -> None:
    if not steps:
        what = "this belongs to no step; write a line '## Title' before it."
        flaws.append(Flaw(block.line, what))
        return
    steps[-1].blocks.append(block)
