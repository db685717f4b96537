"""Texts that contradict a sentence, made from its own grammar.

Each changes one thing: a side, a zone, a degree, a count, a device, a negation. What the reader
does not understand to contradict is not given, nor what another sentence of the report makes true.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from core.language import negate, rewrite
from core.language.claim import ABSENT, KINDS, PRESENT, UNCERTAIN, Claim
from core.language.conflict import contradicted
from core.language.reader import read
from core.language.statements import NAMES, statements

CHANGES = ("side", "sides-swapped", "zone", "severity", "size", "count", "device", "negation")
"""What can be changed. "sides-swapped" trades the sides of two findings."""

_DEVICES = tuple(name for name in NAMES if KINDS.get(name) == "Support Devices")


def contradictions(
    sentence: str,
    rng: np.random.Generator,
    report: Sequence[str] = (),
    absent: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Texts that are false where the sentence is true, each with its change of `CHANGES`.

    Args:
        sentence: one sentence of a report.
        report: the report's other sentences; what they make true is left out.
        absent: device kinds (of `claim.KINDS`) known to be absent. Only these take the place of a
            device, since a report need not name all devices.

    Returns:
        Distinct texts; none for a sentence without findings. Doubt is kept as it is: "possible
        left effusion" is contradicted in its side, and not by "no effusion".

    >>> contradictions("small left effusion", np.random.default_rng(0))[0]
    ('small right effusion', 'side')
    """
    claims = [_as_said(claim) for claim in read(sentence)]
    if not claims:
        return []
    truth = [*claims, *(claim for text in report if text != sentence for claim in read(text))]
    given: dict[str, str] = {}
    for text, change in _candidates(sentence, claims, rng, absent):
        new = text.lower() != sentence.lower() and text not in given
        if new and (change in _UNREAD or _is_plain(text, claims, truth, change)):
            given[text] = change
    return list(given.items())


_UNREAD = ("count", "device")
"""Changes that no claim holds, so that the reader can't check them."""


def _candidates(
    sentence: str, claims: list[Claim], rng: np.random.Generator, absent: Collection[str]
) -> Iterator[tuple[str, str]]:
    yield from _sides(sentence, claims)
    certain = any(claim.polarity == PRESENT for claim in claims)
    if any(claim.polarity != ABSENT and claim.zone for claim in claims):
        yield from ((text, "zone") for text in rewrite.zones(sentence, rng))
    if certain and any(claim.severity for claim in claims if claim.polarity == PRESENT):
        yield from ((text, "severity") for text in rewrite.degrees(sentence, rng))
    if certain:
        yield from ((text, "size") for text in rewrite.measures(sentence))
        yield from ((text, "count") for text in rewrite.counts(sentence))
        yield from _devices(sentence, claims, rng, absent)
    yield from ((text, "negation") for text in _negations(sentence, claims, rng))


def _sides(sentence: str, claims: list[Claim]) -> Iterator[tuple[str, str]]:
    sides = {claim.side for claim in claims if claim.side}
    swapped = rewrite.swapped_sides(sentence)
    if swapped and sides:
        both = {"left", "right"} <= sides
        yield swapped, "sides-swapped" if both else "side"


def _devices(
    sentence: str, claims: list[Claim], rng: np.random.Generator, absent: Collection[str]
) -> Iterator[tuple[str, str]]:
    named = {claim.kind for claim in claims if claim.kind in _DEVICES}
    if not named or any(claim.finding != "Support Devices" for claim in claims):
        return
    yield from ((text, "device") for text in rewrite.positions(sentence))
    others = sorted(set(_DEVICES) & set(absent) - named)
    if others:
        other = others[int(rng.integers(len(others)))]
        side = claims[0].side
        text = statements(other, True, side, rng=rng, styled=False)
        yield _typed_like(sentence, text), "device"


def _negations(sentence: str, claims: list[Claim], rng: np.random.Generator) -> Iterator[str]:
    polarities = {claim.polarity for claim in claims}
    if UNCERTAIN in polarities:
        return
    core = sentence.strip().rstrip(".")
    if core.isupper():
        core = core.lower()
    elif core[1:2].islower() or core[1:2] in (" ", "-"):
        core = core[0].lower() + core[1:]
    denies = polarities != {PRESENT} or claims[0].finding == "No Finding"
    texts = list(negate.removed(core) if denies else negate.added(core))
    if not any(contradicted(read(text), claims) or not read(text) for text in texts):
        texts = list(_reverse(claims, rng))
    for text in texts:
        yield _typed_like(sentence, rewrite.with_articles(text))


def _reverse(claims: list[Claim], rng: np.random.Generator) -> Iterator[str]:
    """The reverse of what a sentence about one finding says, in words of the vocabulary."""
    names = {claim.kind if claim.kind in NAMES else claim.finding for claim in claims}
    if len(names) != 1:
        return
    name, present = names.pop(), claims[0].polarity == ABSENT
    for _ in range(4):  # "no mass" is not contradicted by "a lesion", which may come first
        text = statements(name, present, claims[0].side, rng=rng, styled=False)
        if contradicted(read(text), claims):
            yield text
            return


def _as_said(claim: Claim) -> Claim:
    """The claim as the sentence puts it: what we doubt by ourselves it states."""
    return replace(claim, polarity=PRESENT) if claim.inferred else claim


def _typed_like(sentence: str, text: str) -> str:
    """The text with the capitals and the full stop that the sentence has."""
    if sentence.isupper():
        text = text.upper()
    first = text[0].upper() if sentence[0].isupper() else text[0]
    return first + text[1:] + ("." if sentence.rstrip().endswith(".") else "")


def _is_plain(text: str, claims: list[Claim], truth: Sequence[Claim], change: str) -> bool:
    """Whether the reader finds a claim in the text that is false given the truth."""
    said = read(text)
    if change == "negation" and not said:
        # "The lungs are not clear" names no finding; it is the plain reverse of what was said.
        return True
    return contradicted(said, truth)
