"""Sentences of a report: where they end, and when two say the same."""

import re
from collections.abc import Iterator

_BREAK = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-ÖØ-Þ0-9(])")
# What a full stop belongs to; titles by their usual case, since MR and MS are other words.
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:(?:Dr|DR|dr|Drs|Mr|Mrs|Ms|Prof|PROF|St|vs|Vs|VS|cf|viz|approx|Approx|ca|resp"
    r"|incl|e\.g|i\.e)\.|(?:Dr|DR|Mr|Mrs|Ms|Prof|PROF|by|BY)\.?(?:\s+[A-Z]\.)+)$"
)
_BEFORE_NUMBERS = re.compile(
    r"(?:^|[\s(])(?:No|Nos|Nr|Fig|Figs|Ref|Vol|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_LONGEST_ABBREVIATION = 40  # characters looked at before a full stop
_BULLETS = re.compile(r"^(?:[-*•–]\s+)+")
_ITEM = re.compile(r"^\(?(\d{1,2})\s?(?:[.)]{1,2}|\.\))(?:\s+|$)")
_LETTERED = re.compile(r"^(?:\(?[a-hA-H]\)(?:\s+|$)|[A-Ha-h]\.(?:\s+(?=[A-Z])|$))")
_AFTER_COLON = re.compile(r"(?<!\d)(:\s+)\(?\d{1,2}[.)](?:\s+|$)")
_HEADING = re.compile(r"[A-Z][A-Z /&-]+:")
_FURTHEST = 3  # numbers that a list may leave out, or begin beyond 0
_REMOVED = re.compile(r"[X\W\d_]+")  # nothing but numbers, and what was taken out of a report


def split_sentences(text: str) -> list[str]:
    """Sentences of a report: cut at a full stop, question mark or line end before a space.

    Numbers and bullets of a list are no part of its sentences, and no sentences; nor does one end
    at "Dr." or "vs.", or consist of a heading, or of numbers and removed words (XXXX, ___).

    >>> split_sentences("IMPRESSION: 1. Small effusion. 2. No change, seen by Dr. Wu.")
    ['IMPRESSION: Small effusion.', 'No change, seen by Dr. Wu.']
    """
    sentences: list[str] = []
    last = 0  # number of the list's last item
    for line in re.split(r"\s*\n+\s*", text.strip()):
        for piece in _pieces(line):
            body = _BULLETS.sub("", piece.strip())
            number = _ITEM.match(body)
            if number and last < int(number[1]) <= last + _FURTHEST:
                last, body = int(number[1]), body[number.end() :]
            elif number and int(number[1]) == 1:
                last, body = 1, body[number.end() :]
            body = _AFTER_COLON.sub(r"\1", _LETTERED.sub("", body), count=1).strip()
            if body and not _REMOVED.fullmatch(body) and not _HEADING.fullmatch(body):
                sentences.append(body)
    return sentences


def _pieces(line: str) -> Iterator[str]:
    """A line cut where sentences end; a number that no list explains stays with what follows."""
    start = 0
    for match in _BREAK.finditer(line):
        before = line[max(start, match.start() - _LONGEST_ABBREVIATION) : match.start()]
        if _ABBREVIATED.search(before) or _AFTER_COLON.search(before[-6:]):
            continue
        if line[match.end()].isdigit() and _BEFORE_NUMBERS.search(before):
            continue
        piece = line[start : match.start()]
        if _ITEM.fullmatch(_BULLETS.sub("", piece.strip())):  # "1." goes on in its sentence
            continue
        yield piece
        start = match.end()
    yield line[start:]


def normalise_sentence(sentence: str) -> str:
    """Lower case, single spaces, no final full stop: equal results count as the same statement."""
    return " ".join(sentence.lower().split()).rstrip(". ")
