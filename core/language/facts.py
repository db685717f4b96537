"""Is a statement true of an image? Claims of a text held against the facts known of one image.

Three answers, since reports are silent on much: true, false, unknown. A contradiction is a text
that is *known* to be false, and never merely one that differs, so that none is a false negative.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from core.language.claim import ABSENT, OPACITIES, PRESENT, UNCERTAIN, Claim, excludes
from core.language.reader import read

UNKNOWN = math.nan

_NEAR_ZONES = ({"lower", "basal"}, {"upper", "apical"})
_DEGREES = {"mild": 0, "moderate": 1, "severe": 2}


def read_report(sentences: Iterable[str]) -> list[Claim]:
    """The claims of all sentences of a report."""
    return [claim for sentence in sentences for claim in read(sentence)]


class Facts:
    """What is known of one image.

    Args:
        claims: of its report, or of its truth.
        closed: findings that are absent where they are not claimed; for phantoms, of which all
            that can be drawn is known.
    """

    def __init__(self, claims: Iterable[Claim], closed: frozenset[str] = frozenset()) -> None:
        self.closed = closed
        self.present: dict[str, list[Claim]] = defaultdict(list)
        self.absent: set[tuple[str, str]] = set()  # finding and kind, "" for any
        self.doubted: set[str] = set()
        for claim in claims:
            if claim.polarity == PRESENT:
                self.present[claim.finding].append(claim)
            elif claim.polarity == UNCERTAIN:
                self.doubted.add(claim.finding)
            else:
                self.absent.update((name, claim.kind) for name in excludes(claim))
        for name in sorted(OPACITIES - {"Lung Opacity"}):  # each shows as an opacity
            self.present["Lung Opacity"] += [
                replace(claim, finding="Lung Opacity", kind="") for claim in self.present[name]
            ]
        for claims_of in self.present.values():
            if {"left", "right"} <= {claim.side for claim in claims_of}:
                claims_of.append(Claim(claims_of[0].finding, PRESENT, "both"))

    @property
    def names(self) -> list[str]:
        """Findings that are there."""
        return [name for name, claims in self.present.items() if claims and name != "No Finding"]

    @property
    def opposed(self) -> list[tuple[Claim, Claim]]:
        """Pairs of findings of which one is on the left alone and the other on the right."""
        sided = [
            claims[0] for name, claims in sorted(self.present.items())
            if name != "Lung Opacity" and {claim.side for claim in claims} in ({"left"}, {"right"})
        ]  # fmt: skip
        return [(one, two) for one, two in combinations(sided, 2) if one.side != two.side]

    def truth(self, said: Sequence[Claim]) -> float:
        """1 where every claim of a text is true, 0 where one is false, else `UNKNOWN`.

        >>> Facts([Claim("Edema", ABSENT)]).truth([Claim("Edema", PRESENT)])
        0.0
        """
        return _all(self._claim(claim) for claim in said) if said else UNKNOWN

    def _claim(self, claim: Claim) -> float:
        if claim.finding == "No Finding":
            return self._normal() if claim.polarity == PRESENT else 1 - self._normal()
        if claim.polarity == ABSENT:
            return 1 - self._there(Claim(claim.finding, PRESENT, claim.side, kind=claim.kind))
        there = self._there(claim)
        # A doubt is false of what is absent; of what is there it says too little to be held false.
        return UNKNOWN if claim.polarity == UNCERTAIN and there == 1 else there

    def _normal(self) -> float:
        if any(self.present[name] for name in self.present if name != "No Finding"):
            return 0.0
        if self.present["No Finding"] or self.closed:
            return 1.0
        return 0.0 if ("No Finding", "") in self.absent else UNKNOWN

    def _there(self, claim: Claim) -> float:
        name, kind = claim.finding, claim.kind
        candidates = [c for c in self.present[name] if not kind or c.kind == kind]
        if candidates:
            return _any(_fits(claim, candidate) for candidate in candidates)
        if kind and any(not c.kind for c in self.present[name]):
            return UNKNOWN
        denied = name in self.closed or not {(name, ""), (name, kind)}.isdisjoint(self.absent)
        return 0.0 if denied else UNKNOWN


def told_of(images: Iterable[Facts]) -> dict[str, set[str]]:
    """What the facts of a set can tell: of each finding, the attributes that are known of some."""
    told: dict[str, set[str]] = defaultdict(set)
    for facts in images:
        for name, claims in facts.present.items():
            for claim in claims:
                told[name] |= {"there"} | _attributes(claim)
    return dict(told)


def can_be_told(said: Sequence[Claim], told: Mapping[str, set[str]]) -> bool:
    """Whether a text can be true of some images of a set and false of others.

    Labels that say no side make "left effusion" false of the films without an effusion, and true of
    none: to train on that teaches that nothing on films is ever left.
    """
    return all(
        claim.finding == "No Finding"
        or {"there"} | _attributes(claim) <= told.get(claim.finding, set())
        for claim in said
    )


def _attributes(claim: Claim) -> set[str]:
    """Those that a claim says: side, zone, severity, and its kind by name."""
    named = {"side": claim.side, "zone": claim.zone, "severity": claim.severity}
    return {name for name, value in named.items() if value} | ({claim.kind} - {""})


def has_place(said: Sequence[Claim]) -> bool:
    """Whether a text says that something is there, which can be pointed at; a denial cannot."""
    return any(claim.polarity != ABSENT and claim.finding != "No Finding" for claim in said)


def _fits(claim: Claim, fact: Claim) -> float:
    """Whether what a claim says of side, zone and severity holds of a finding that is there."""
    side = 1.0
    if claim.side:
        side = UNKNOWN if fact.side is None else float(fact.side in (claim.side, "both"))
    zone = 1.0
    if claim.zone:
        near = any({claim.zone, fact.zone} <= zones for zones in _NEAR_ZONES)
        zone = UNKNOWN if not fact.zone else float(claim.zone == fact.zone or near)
    severity = 1.0
    if claim.severity:
        if fact.severity is None:
            severity = UNKNOWN
        else:  # neighbours are a matter of taste
            apart = abs(_DEGREES[claim.severity] - _DEGREES[fact.severity])
            severity = {0: 1.0, 1: UNKNOWN, 2: 0.0}[apart]
    return _all((side, zone, severity))


def _all(values: Iterable[float]) -> float:
    values = list(values)
    if any(value == 0 for value in values):
        return 0.0
    return UNKNOWN if any(math.isnan(value) for value in values) else 1.0


def _any(values: Iterable[float]) -> float:
    return 1 - _all(1 - value for value in values)
