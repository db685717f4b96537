"""Pseudonyms in place of identifiers, and known identifiers taken out of text.

Notable: the key is drawn anew for each import and never written, so that nobody, the importing user
included, can compute from a name or number which pseudonym it became.
"""

import hmac
import re
import secrets
from collections.abc import Iterable

from core.intake.names import without_names

REMOVED = "[removed]"
_SHORTEST = 3  # letters; shorter ones would take "of" and "no" out of every report
_DATE = re.compile(
    r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2},? \d{4}\b"
    r"|\b\d{1,2}\.? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{4}\b",
    re.IGNORECASE,
)


class Pseudonyms:
    """Keyed names (HMAC-SHA-256, 64 bits): the same for the same value within one import."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or secrets.token_bytes(32)

    def __call__(self, kind: str, value: str) -> str:
        """A name for a value; those of two kinds have nothing in common."""
        digest = hmac.digest(self.key, f"{kind}\0{value}".encode(), "sha256")
        return f"{kind}-{digest[:8].hex()}"


def is_number(value: str) -> bool:
    """Whether a value may be a case number or a date: five characters or more, a digit in them."""
    return len(value.strip()) >= 5 and bool(re.search(r"\d", value))


def scrubbed(text: str, known: Iterable[str], names: Iterable[str] = ()) -> str:
    """A text without whole dates and without the identifiers that are known of its study.

    Args:
        known: identifiers. What holds a digit is a number and goes as it is; what holds none is a
            name, whose parts of three letters and more go too.
        names: of those, the values of name fields; their parts of two letters go as well.

    >>> scrubbed("Ms Doe, seen 12/03/2019: clear. Compare MRN-4711.", ["DOE^JANE", "MRN-4711"])
    'Ms [removed], seen [removed]: clear. Compare [removed].'
    >>> scrubbed("Mrs Wu: as before.", ["WU^LI"], ["WU^LI"])
    'Mrs [removed]: as before.'
    """
    # Before the longer parts go: what stands beside them tells a name of two letters from a word.
    text = without_names(text, (name for name in names if not re.search(r"\d", name)), REMOVED)
    whole = {value.strip() for value in known if len(value.strip()) >= _SHORTEST}
    without_digits = {value for value in whole if not re.search(r"\d", value)}
    parts = {part for value in without_digits for part in re.split(r"[\W_]+", value)}
    words = sorted((w for w in whole | parts if len(w) >= _SHORTEST), key=len, reverse=True)
    if words:
        pattern = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)
        text = re.sub(pattern, REMOVED, text, flags=re.IGNORECASE)
    return _DATE.sub(REMOVED, text)
