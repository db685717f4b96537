"""Students of a class and what they answered; no account, and no name but one they chose."""

import hashlib
import math
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ExplorerError

MOST_CHARACTERS = 24
_BYTES = 15  # of a token: 20 characters that nobody guesses


@dataclass(frozen=True)
class Place:
    """Where a student is, and what of the app is on their screen."""

    page: str = ""
    lesson: str = ""
    step: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)  # set, study, prompt, finding, ...

    def to_json(self) -> dict[str, Any]:
        """page, lesson, step and state."""
        return {"page": self.page, "lesson": self.lesson, "step": self.step,
                "state": dict(self.state)}  # fmt: skip


@dataclass(frozen=True)
class Student:
    """One of a class."""

    id: str
    nickname: str
    seed: int  # of their films, derived from their token
    joined: str  # ISO 8601, UTC
    seen: str  # the last sign of them
    place: Place


@dataclass(frozen=True)
class AnswerRecord:
    """An answer as it was given, right or wrong."""

    student: str  # id
    number: int  # among the student's answers, from 1
    lesson: str
    question: str
    at: str
    answer: Any  # as JSON has it
    passed: bool
    value: float  # what the probe measured; NaN for nothing


def new_token() -> str:
    """A token for a browser to keep; whoever has it is the student."""
    return secrets.token_urlsafe(_BYTES)


def token_hash(token: str) -> str:
    """What a server keeps of a token."""
    return hashlib.sha256(b"lrclr student\0" + token.encode()).hexdigest()


def token_seed(token: str) -> int:
    """A student's seed, 0 to 2^31 - 1, the same for the same token."""
    return int(hashlib.sha256(b"lrclr seed\0" + token.encode()).hexdigest()[:8], 16) >> 1


def checked_nickname(text: str) -> str:
    """A nickname with its white space tidied.

    Raises:
        ExplorerError: it is empty, long, looks like an address or holds other signs.
    """
    tidy = " ".join(unicodedata.normalize("NFC", text).split())
    if not re.fullmatch(rf"[^\W_][\w \-]{{0,{MOST_CHARACTERS - 1}}}", tidy):
        raise ExplorerError(
            f"A nickname has 1 to {MOST_CHARACTERS} letters, digits, spaces or hyphens; choose "
            "one that does not say who you are, such as blue heron."
        )
    return tidy


def name_key(nickname: str) -> str:
    """The same for nicknames that one would take for each other."""
    folded = unicodedata.normalize("NFKC", nickname).casefold()
    return re.sub(r"[\s\-_]+", "", folded)[:40]


def number_or_none(value: float) -> float | None:
    """A figure as a database has it: NaN is nothing."""
    return None if math.isnan(value) else value
