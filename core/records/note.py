"""A note: what somebody says of a film, and the rules that keep one readable and exportable."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from unicodedata import category

from core.errors import ExplorerError
from core.labels import PATHOLOGIES

LABEL_WRONG, BOTH_WRONG = "label is wrong", "both are wrong"
VERDICTS = (
    LABEL_WRONG,
    "model is wrong",
    "model is wrong, looks at the device",
    BOTH_WRONG,
    "both are right",
    "cannot be told",
)
"""What a reader can say of a finding of a film, against its label and a model's score."""

BOX, POLYGON = "box", "polygon"
_LONGEST = {"author": 100, "text": 10_000, "study": 200, "data": 1000}  # characters
_MOST_TAGS, _LONGEST_TAG, _MOST_SHAPES, _MOST_POINTS = 50, 60, 200, 2000
_CASE = {name.lower(): name for name in (*PATHOLOGIES, *VERDICTS)}


@dataclass(frozen=True)
class Shape:
    """What was drawn, in pixels of `StudySet.image`: x to the right, y down, from the corner."""

    kind: str  # "box" or "polygon"
    points: tuple[tuple[float, float], ...]  # of a box the upper left and the lower right corner

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x, y, width and height of the smallest box around it."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)

    def to_json(self) -> dict[str, Any]:
        """As files and the database hold it."""
        return {"kind": self.kind, "points": [list(point) for point in self.points]}


def box(x: float, y: float, width: float, height: float) -> Shape:
    """A box by its upper left corner and size."""
    return Shape(BOX, ((float(x), float(y)), (float(x + width), float(y + height))))


@dataclass(frozen=True)
class FilmRef:
    """Which film a note is about."""

    key: str  # StudySet.image_key
    width: int = 0  # of StudySet.image; 0: not known
    height: int = 0
    study: str = ""  # id in the set it was seen in, for people to find it; may identify somebody
    data: str = ""  # spec of that set; may be a path


@dataclass(frozen=True)
class Said:
    """The part of a note that its readers change."""

    finding: str = ""  # of PATHOLOGIES; empty: the film as a whole
    verdict: str = ""  # of VERDICTS; empty: none
    text: str = ""
    tags: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    removed: bool = False

    def to_json(self) -> dict[str, Any]:
        """As files and the database hold it."""
        return {
            "finding": self.finding, "verdict": self.verdict, "text": self.text,
            "tags": list(self.tags), "shapes": [shape.to_json() for shape in self.shapes],
            "removed": self.removed,
        }  # fmt: skip

    def sentence(self) -> str:
        """In one line, for messages and lists."""
        if self.removed:
            return "removed"
        about = f"{self.finding}: " if self.finding else ""
        drawn = f"{len(self.shapes)} drawn" if self.shapes else ""
        tags = " ".join(f"#{tag}" for tag in self.tags)
        text = " ".join(self.text.split())
        return about + "; ".join(filter(None, (self.verdict, text, tags, drawn)))


@dataclass(frozen=True)
class Note:
    """What one author says of one film, as it is now."""

    id: str  # 32 hexadecimal digits, the same wherever the note is copied to
    film: FilmRef
    author: str
    said: Said
    created: str  # UTC, as `now` writes it
    changed: str
    changed_by: str
    version: int  # one more with every change


@dataclass(frozen=True)
class Revision:
    """One step of a note's history; none is ever rewritten."""

    note: str
    version: int
    at: str
    author: str
    action: str  # "add", "change", "undo" or "import"
    undoes: int | None  # version that an undo takes back
    said: Said


class Conflict(ExplorerError):
    """Somebody else changed a note meanwhile; both are here, and nothing was written."""

    def __init__(self, mine: Said, theirs: Note) -> None:
        self.mine, self.theirs = mine, theirs
        there, here = theirs.said.sentence(), mine.sentence()
        super().__init__(
            f"{theirs.changed_by} changed note {theirs.id} meanwhile (it is at version "
            f'{theirs.version}), so that yours was not written: theirs is "{there}", yours is '
            f'"{here}"; look at theirs and change that.'
        )


def now() -> str:
    """The time, UTC, to a microsecond; such strings sort as times do."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_time(value: Any, what: str) -> str:
    """A time as `now` writes it.

    Raises:
        ExplorerError: it is none.
    """
    try:
        if datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ") and len(value) == 27:
            return str(value)
    except (TypeError, ValueError):
        pass
    raise ExplorerError(f"{what} '{_cut(value)}' is no time such as 2026-11-28T21:43:51.000000Z.")


def checked_film(film: FilmRef) -> FilmRef:
    """A film as a note may name it.

    Raises:
        ExplorerError: its key, its size or a name is none.
    """
    if len(film.key) != 40 or set(film.key) - set("0123456789abcdef"):
        raise ExplorerError(f"'{_cut(film.key)}' is no key of a film (40 hexadecimal digits).")
    if not (0 <= film.width < 100_000 and 0 <= film.height < 100_000):
        raise ExplorerError(f"{film.width} x {film.height} is no size of a film in pixels.")
    return replace(film, study=_line(film.study, "study"), data=_line(film.data, "data"))


def checked_author(author: str) -> str:
    """Who writes.

    Raises:
        ExplorerError: nobody, or what is no name.
    """
    author = _line(author, "author")
    if not author:
        raise ExplorerError("A note needs an author; give a name or initials.")
    return author


def checked(said: Said, film: FilmRef) -> Said:
    """What is said as it is kept: names spelled as in PATHOLOGIES and VERDICTS.

    Raises:
        ExplorerError: an unknown finding or verdict, a shape outside the film, or nothing is said.
    """
    said = replace(
        said,
        finding=checked_finding(said.finding),
        verdict=checked_verdict(said.verdict),
        text=_clean(said.text, "text"),
        tags=_tags(said.tags),
        shapes=_shapes(said.shapes, film),
    )
    if said.verdict and not said.finding:
        raise ExplorerError(f"Say which finding the verdict '{said.verdict}' is about.")
    if not (said.verdict or said.text or said.tags or said.shapes):
        raise ExplorerError("A note says something: a verdict, a text, a tag or a shape.")
    return said


def checked_finding(name: str) -> str:
    """A finding in any case as CheXpert spells it; empty stays so.

    Raises:
        ExplorerError: there is none of that name.
    """
    finding = _CASE.get(name.strip().lower(), "")
    if name.strip() and finding not in PATHOLOGIES:
        raise ExplorerError(
            f"There is no finding '{_cut(name)}'; known: {', '.join(PATHOLOGIES)}."
        )
    return finding


def checked_verdict(name: str) -> str:
    """A verdict in any case; empty stays so.

    Raises:
        ExplorerError: there is none of that name.
    """
    verdict = _CASE.get(name.strip().lower(), "")
    if name.strip() and verdict not in VERDICTS:
        raise ExplorerError(f"There is no verdict '{_cut(name)}'; known: {'; '.join(VERDICTS)}.")
    return verdict


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = tuple(sorted({_line(tag, "tag") for tag in tags} - {""}))
    if len(cleaned) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in cleaned):
        raise ExplorerError(
            f"A note has {_MOST_TAGS} tags at most, of {_LONGEST_TAG} characters at most."
        )
    return cleaned


def _shapes(shapes: tuple[Shape, ...], film: FilmRef) -> tuple[Shape, ...]:
    if len(shapes) > _MOST_SHAPES:
        raise ExplorerError(f"A note has {_MOST_SHAPES} shapes at most; make several notes.")
    return tuple(_shape(shape, film) for shape in shapes)


def _shape(shape: Shape, film: FilmRef) -> Shape:
    points = tuple((float(x), float(y)) for x, y in shape.points)
    if shape.kind not in (BOX, POLYGON):
        raise ExplorerError(f"There is no shape '{_cut(shape.kind)}'; known: {BOX}, {POLYGON}.")
    if not all(math.isfinite(side) for point in points for side in point):
        raise ExplorerError(f"A {shape.kind} has a corner that is no number.")
    if len(points) != 2 if shape.kind == BOX else not 3 <= len(points) <= _MOST_POINTS:
        raise ExplorerError(
            f"A box has two corners and a polygon 3 to {_MOST_POINTS}; got {len(points)}."
        )
    (x, y, width, height), (xs, ys) = shape.bounds, zip(*points, strict=True)
    if width <= 0 or height <= 0:
        raise ExplorerError(f"A {shape.kind} of {width:g} x {height:g} pixels has no inside.")
    if film.width and (min(x, y) < 0 or max(xs) > film.width or max(ys) > film.height):
        raise ExplorerError(
            f"The {shape.kind} from ({x:g}, {y:g}) to ({max(xs):g}, {max(ys):g}) leaves the film, "
            f"which has {film.width} x {film.height} pixels."
        )
    if shape.kind == BOX:  # whichever corners it was drawn by
        points = ((min(xs), min(ys)), (max(xs), max(ys)))
    return Shape(shape.kind, points)


def _line(text: str, what: str) -> str:
    """A text of one line."""
    return " ".join(_clean(text, what).split())


def _clean(text: str, what: str) -> str:
    """A text that every database and file takes, without blanks around it."""
    longest = _LONGEST.get(what, _LONGEST["text"])
    if len(text) > longest:
        raise ExplorerError(f"The {what} has {len(text)} characters, over the limit of {longest}.")
    text = "\n".join(text.splitlines()).strip()
    # Of terminals (they would act on it), of no database, of no file: controls and half characters.
    if any(category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text):
        raise ExplorerError(f"The {what} has a character that is no text; write it again.")
    return text


def _cut(value: object) -> str:
    return str(value)[:60]
