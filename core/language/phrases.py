"""The phrases of `assets/language`: for each finding, ways to say that it is there or is not."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.errors import ExplorerError
from core.language.claim import FINDINGS, KINDS
from core.paths import ASSETS

FOLDER = ASSETS / "language"
NUMBERS = ("a", "some", "many", "sentence")
"""Countable, uncountable, plural, and whole sentences, which take no frame."""

_OTHERS = ("frames.toml", "terms.toml", "descriptions.toml")
_PLURAL = {"apex": "apices", "hemidiaphragm": "hemidiaphragms", "lung lining": "lung linings",
           "chest wall": "sides of the chest wall", "pleural cavity": "pleural cavities",
           "costophrenic sulcus": "costophrenic sulci", "whole lung": "whole lungs"}  # fmt: skip


@dataclass(frozen=True)
class Phrase:
    """One way to name a finding."""

    text: str  # with slots, see assets/language/README.md
    number: str  # of NUMBERS

    def takes(self, side: str | None) -> bool:
        """False if the phrase has no place for the side that shall be said."""
        return side is None or bool(re.search(r"\{(?:on )?side\}|\{(?:the|a) [\w ]+\}", self.text))

    @property
    def takes_size(self) -> bool:
        """True if the phrase has a place for a word of size."""
        return "{size" in self.text


@dataclass(frozen=True)
class Vocabulary:
    """All phrases of one finding, or of one kind of it."""

    name: str  # the kind if there is one, else the finding
    finding: str
    lateral: bool  # a side can be said
    size: str  # key of the size words, or ""
    present: tuple[Phrase, ...]
    deny: tuple[str, ...]  # what can follow "no"
    absent: tuple[str, ...]  # whole sentences


@dataclass(frozen=True)
class Frames:
    """Sentences around a noun phrase, and words for sizes: size.volume.mild and so on."""

    present: tuple[str, ...]
    absent: tuple[str, ...]
    uncertain: tuple[str, ...]
    size: Mapping[str, Mapping[str, tuple[str, ...]]]


@cache
def vocabularies(folder: Path = FOLDER) -> dict[str, Vocabulary]:
    """Every vocabulary, by the name of its kind or finding.

    Raises:
        ExplorerError: a file cannot be read, or names no finding.
    """
    files = sorted(path for path in folder.glob("*.toml") if path.name not in _OTHERS)
    read = [_vocabulary(path) for path in files]
    return {vocabulary.name: vocabulary for vocabulary in read}


@cache
def descriptions(folder: Path = FOLDER) -> dict[tuple[str, bool], tuple[str, ...]]:
    """What a film shows of a finding that is there (True) or not, said without its name.

    The reader knows few of these words; it is who says them that knows what they claim.

    Raises:
        ExplorerError: the file cannot be read.
    """
    table = _load(folder / "descriptions.toml")
    return {
        (name, present): tuple(texts["present" if present else "absent"])
        for name, texts in table.items()
        for present in (True, False)
    }


@cache
def frames(folder: Path = FOLDER) -> Frames:
    """The frames and the size words.

    Raises:
        ExplorerError: the file cannot be read.
    """
    table = _load(folder / "frames.toml")
    size = {
        scale: {degree: tuple(words) for degree, words in degrees.items()}
        for scale, degrees in table["size"].items()
    }
    return Frames(tuple(table["present"]), tuple(table["absent"]), tuple(table["uncertain"]), size)


def _load(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExplorerError(f"{path.name} of the vocabulary cannot be read: {error}.") from None


def _vocabulary(path: Path) -> Vocabulary:
    table = _load(path)
    finding, kind = str(table.get("finding")), str(table.get("kind", ""))
    if finding not in FINDINGS or KINDS.get(kind or "rib", finding) != (
        finding if kind else "Fracture"
    ):
        raise ExplorerError(f"{path.name} of the vocabulary is of no finding: {finding} {kind}.")
    present = [
        Phrase(text, number)
        for number in NUMBERS
        for text in table.get("present", {}).get(number, ())
    ]
    return Vocabulary(
        name=kind or finding,
        finding=finding,
        lateral=bool(table["lateral"]),
        size=str(table["size"]),
        present=tuple(present),
        deny=tuple(table["deny"]),
        absent=tuple(table["absent"]),
    )


def fill(text: str, side: str | None, size: str, rng: np.random.Generator) -> str:
    """The phrase with its slots filled; spaces are tidied.

    >>> fill("fluid in {the pleural space}", "both", "", np.random.default_rng(0))
    'fluid in both pleural spaces'
    """
    both = side == "both"
    adverb = " ".join(word if word == "to" else f"{word}ly" for word in size.split())
    words = {
        "sizely": adverb.replace("lely", "ly"),
        "side": "bilateral" if both else side or "",
        "size": size,
        "on side": _on(side, rng),
    }

    def slot(match: re.Match[str]) -> str:
        inner = match[1]
        if inner in words:
            return words[inner]
        if "|" in inner:
            return inner.split("|")[both]
        article, noun = inner.split(" ", 1)
        if both:
            return f"both {_PLURAL.get(noun, noun + 's')}"
        return f"{article} {side} {noun}" if side else f"{article} {noun}"

    return choose_alternatives(re.sub(r"\{([^{}]+)\}", slot, text), rng)


def choose_alternatives(text: str, rng: np.random.Generator) -> str:
    """One of each [x|y]; then single spaces and "an" before vowels."""
    while match := re.search(r"\[([^\[\]]*)\]", text):
        options = match[1].split("|")
        text = (
            text[: match.start()] + options[int(rng.integers(len(options)))] + text[match.end() :]
        )
    text = " ".join(text.split())
    return re.sub(r"\b([Aa]) (?=[aeiouAEIO]|NG|SPN|FX)", r"\1n ", text)


def _on(side: str | None, rng: np.random.Generator) -> str:
    if side is None:
        return ""
    if side == "both":
        return ("on both sides", "bilaterally")[int(rng.integers(2))]
    return f"on the {side}"
