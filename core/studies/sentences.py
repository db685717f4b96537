"""Sentences of a report: where they end, and when two say the same."""

import re


def split_sentences(text: str) -> list[str]:
    """Sentences of a report: cut at a full stop, question mark or line end before a space."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9(])|\s*\n+\s*", text.strip())
    return [part.strip() for part in parts if part.strip()]


def normalise_sentence(sentence: str) -> str:
    """Lower case, single spaces, no final full stop: equal results count as the same statement."""
    return " ".join(sentence.lower().split()).rstrip(". ")
