"""From a lesson's file to a `Lesson`, and everything that is wrong with it, by line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ExplorerError
from core.lessons import fields
from core.lessons.blocks import RawBlock, RawStep, cut
from core.lessons.fields import REQUIRED, Assigned, Field, typed
from core.lessons.lesson import (
    AFTER,
    BEFORE,
    DURING,
    WHEN,
    Flaw,
    Lesson,
    LessonQuestion,
    PageLink,
    Part,
    Prose,
    Show,
    Step,
)
from core.lessons.links import link_fields
from core.lessons.probes import PROBES
from core.lessons.views import VIEWS

FRONT: dict[str, Field] = {
    "lesson": Field("its name, the same in every language", fields.name, REQUIRED),
    "number": Field("its place among the lessons", fields.count(1, 99), REQUIRED),
    "title": Field("what stands over it", fields.words, REQUIRED),
    "language": Field("two letters, such as en", lambda text: _language(text), REQUIRED),
    "minutes": Field("how long it takes", fields.count(1, 60), REQUIRED),
    "idea": Field("its one idea, in a sentence", fields.words, REQUIRED),
    "films": Field("set that students' own films are drawn from", fields.phantoms, "phantom:demo"),
    "model": Field("that is asked", fields.one_of("demo", "demo-base"), "demo"),
}
"""Front matter."""
SHOW: dict[str, Field] = {"view": Field("which picture", fields.one_of(*VIEWS), REQUIRED),
         "change": Field("what a student changes in it", fields.words, "")}  # fmt: skip
QUESTION: dict[str, Field] = {
    "id": Field("its name, the same in every language", fields.name, REQUIRED),
    "when": Field("before, during or after the lesson", fields.one_of(*WHEN), REQUIRED),
    "ask": Field("the question", fields.words, REQUIRED),
    "probe": Field("how it is checked", fields.one_of(*PROBES), REQUIRED),
    "answer": Field("own: it has its own control; above: what was set in the picture above",
                    fields.one_of("own", "above"), "own"),
    "hint": Field("said after a wrong answer", fields.words, ""),
}  # fmt: skip


@dataclass(frozen=True)
class Parsed:
    """A file that was read; `lesson` is None where something is wrong."""

    lesson: Lesson | None
    flaws: tuple[Flaw, ...]


def parse(text: str) -> Parsed:
    """Read the text of a lesson's file."""
    raw = cut(text)
    flaws = list(raw.flaws)
    front, wrong = typed(raw.front, FRONT, "the front matter", 1)
    flaws += wrong
    steps = tuple(_step(step, flaws) for step in raw.steps)
    if not flaws:  # else a block that is spoilt would be missed as well
        flaws += _shape(steps)
    if flaws:
        return Parsed(None, tuple(sorted(flaws, key=lambda flaw: flaw.line)))
    front["name"] = front.pop("lesson")
    return Parsed(Lesson(**front, steps=steps), ())


def _language(text: str) -> str:
    if not (len(text) == 2 and text.isascii() and text.islower()):
        raise ExplorerError(f"'{text[:20]}' is no language: write two small letters, such as en.")
    return text


def _step(raw: RawStep, flaws: list[Flaw]) -> Step:
    parts: list[Part] = []
    for block in raw.blocks:
        part = _part(block, parts, flaws)
        if part is not None:
            parts.append(part)
    return Step(raw.title, tuple(parts), raw.line)


def _part(block: RawBlock, before: Sequence[Part], flaws: list[Flaw]) -> Part | None:
    if block.kind == "show":
        return _show(block, flaws)
    if block.kind == "question":
        return _question(block, before, flaws)
    if block.kind == "link":
        values, wrong = typed(block.entries, link_fields(), "a link", block.line)
        flaws += wrong
        if wrong:
            return None
        state = {name: value for name, value in values.items() if value not in ("", None)}
        page, label = state.pop("page"), state.pop("label")
        return PageLink(page, label, state, block.line)
    return Prose(block.text)


def _value(block: RawBlock, name: str) -> str:
    return next((entry.value for entry in block.entries if entry.name == name), "")


def _settings(
    block: RawBlock, own: dict[str, Field], more: Mapping[str, Field] | None, what: str,
    flaws: list[Flaw],
) -> tuple[dict[str, Any], dict[str, Any]] | None:  # fmt: skip
    """Values of a block's own fields, and of those that its view or probe adds.

    Args:
        more: None where nobody knows them, since the view or probe is unknown.
    """
    entries = [entry for entry in block.entries if more is not None or entry.name in own]
    values, wrong = typed(entries, {**own, **(more or {})}, what, block.line)
    flaws += wrong
    if wrong or more is None:
        return None
    return {name: values[name] for name in own}, {name: values[name] for name in more}


def _show(block: RawBlock, flaws: list[Flaw]) -> Show | None:
    view = VIEWS.get(_value(block, "view"))
    what = "a show" if view is None else f"the view '{_value(block, 'view')}'"
    read = _settings(block, SHOW, view.fields if view else None, what, flaws)
    if read is None or view is None:
        return None
    own, settings = read
    if own["change"] and own["change"] not in view.changes:
        line = _line(block.entries, "change")
        able = ", ".join(view.changes)
        flaws.append(Flaw(line, f"in {what} '{own['change']}' cannot be changed; known: {able}."))
        return None
    return Show(own["view"], settings, own["change"], block.line)


def _question(block: RawBlock, before: Sequence[Part], flaws: list[Flaw]) -> LessonQuestion | None:
    probe = PROBES.get(_value(block, "probe"))
    what = "a question" if probe is None else f"the probe '{_value(block, 'probe')}'"
    read = _settings(block, QUESTION, probe.fields if probe else None, what, flaws)
    if read is None or probe is None:
        return None
    own, settings = read
    above = own["answer"] == "above"
    if above and kind_above(before) != probe.answer:
        flaws.append(Flaw(
            _line(block.entries, "answer"), f"{what} takes a {probe.answer}, and the picture above "
            "it in this step lets nobody change one; write 'change:' there or 'answer: own'.",
        ))  # fmt: skip
        return None
    return LessonQuestion(
        own["id"], own["when"], own["ask"], own["probe"], settings, above, own["hint"], block.line
    )


def kind_above(parts: Sequence[Part]) -> str:
    """What a student sets in the last picture of some parts; "" for nothing."""
    shows = [part for part in parts if isinstance(part, Show) and part.change]
    return VIEWS[shows[-1].view].changes[shows[-1].change] if shows else ""


def _line(entries: Sequence[Assigned], name: str) -> int:
    return next(entry.line for entry in entries if entry.name == name)


def _shape(steps: Sequence[Step]) -> Iterator[Flaw]:
    """What a lesson must have: a picture first, something to change, questions, a way on."""
    if not steps:
        yield Flaw(1, "there is no step; write a line '## Title' and something under it.")
        return
    parts = [part for step in steps for part in step.parts]
    questions = [part for part in parts if isinstance(part, LessonQuestion)]
    if not any(isinstance(part, Show) for part in steps[0].parts):
        yield Flaw(steps[0].line, "the first step has no picture; begin with a ```show block.")
    if not any(isinstance(part, Show) and part.change for part in parts):
        yield Flaw(steps[0].line, "nothing can be changed; write 'change:' in a ```show block.")
    if not any(isinstance(part, PageLink) for part in parts):
        yield Flaw(steps[-1].line, "no ```link leads into the app; write one.")
    for when in (BEFORE, DURING, AFTER):
        if not any(question.when == when for question in questions):
            yield Flaw(steps[0].line, f"there is no question with 'when: {when}'; write one.")
    order = [WHEN.index(question.when) for question in questions]
    for question, here, last in zip(questions[1:], order[1:], order, strict=False):
        if here < last:
            yield Flaw(question.line, f"'{question.id}' ({question.when}) comes too late in it.")
    yield from _twice(questions)


def _twice(questions: Sequence[LessonQuestion]) -> Iterator[Flaw]:
    names: set[str] = set()
    for question in questions:
        if question.id in names:
            yield Flaw(question.line, f"there are two questions '{question.id}'; rename one.")
        names.add(question.id)
