"""Side, zone, degree and size as a part of a sentence states them."""

import re

_CHAMBERS = re.compile(
    r"\b(?:left|right) (?=atri|ventric|heart|main|upper quadrant|hemidiaphragm is elev)"
)
"""Left and right of the heart, which are no side of the chest."""

_SIDES = {
    "left": re.compile(r"left(?:-sided)?|lingula\w*|\b(?:lt|lul|lll)\b"),
    "right": re.compile(r"right(?:-sided)?|\b(?:rt|rul|rml|rll)\b"),
    "both": re.compile(
        r"\b(?:bilat(?:eral(?:ly)?)?|both|bi-?basilar|bi-?basal|bi-?apical|two-sided|each side|"
        r"(?:lung )?bases\b)"
    ),
}
_PART = r"(?=lobe|lung|zone|field|third|thorac|left|right|rib)"
_ZONES = {
    "upper": re.compile(rf"\bupper {_PART}|\b(?:rul|lul)\b"),
    "middle": re.compile(r"\b(?:mid|middle|mid-?lung)\b|\brml\b|lingula\w*"),
    "lower": re.compile(rf"\blower {_PART}|\b(?:rll|lll)\b"),
    "basal": re.compile(r"\bbas(?:e|es|al|ilar|ally)\b|\bbibas\w+"),
    "apical": re.compile(r"\bap(?:ex|ices|ical|ically)\b|\bbiapical\b"),
}
_DEGREES = {
    "moderate": re.compile(
        r"\b(?:mild(?:ly)?[ -]to[ -]moderate(?:ly)?|moderate(?:ly)?(?:[ -]sized)?|"
        r"medium(?:-sized)?|mildly displaced)\b"
    ),
    "mild": re.compile(
        r"\b(?:small|tiny|trace|minimal(?:ly)?|mild(?:ly)?|slight(?:ly)?|faint|subtle|hairline|"
        r"nondisplaced|little|early|low-grade|minor)\b"
    ),
    "severe": re.compile(
        r"\b(?:large|sizeable|severe(?:ly)?|marked(?:ly)?|pronounced|gross|considerabl[ey]|"
        r"grossly (?=enlarged|increased|dilated|congested)|extensive|massive(?:ly)?|dense|bulky|"
        r"huge|big|heavy|complete|giant|substantial)\b"
    ),
}
_ELSEWHERE = re.compile(r",|;|\bwith\b|\band\b|\bor\b|\bwithout\b|\bno\b")
_SIZE = re.compile(
    r"(\d+(?:\.\d+)?)(?:\s*x\s*(\d+(?:\.\d+)?))?\s*-?(mm|cm|millimet\w+|centimet\w+)\b"
)


def side(part: str) -> str | None:
    """The side of the chest that is named: "left", "right", "both" or None.

    >>> side("consolidation in the left upper lobe and right base")
    'both'
    """
    part = _CHAMBERS.sub("", part)
    said = {name for name, pattern in _SIDES.items() if pattern.search(part)}
    if "both" in said or said == {"left", "right"}:
        return "both"
    return said.pop() if said else None


def zone(part: str) -> str:
    """The zone that is named, "" for none or several."""
    said = [name for name, pattern in _ZONES.items() if pattern.search(part)]
    return said[0] if len(said) == 1 else ""


def degree(part: str, term: tuple[int, int], ignored: tuple[str, ...] = ()) -> str | None:
    """The degree stated nearest before the term or in it, else just after it.

    Args:
        part: what is said of the finding.
        term: start and end of its name in `part`.
        ignored: words that are no degree here: a large heart is a finding.
    """
    taken: list[tuple[int, str, int]] = []
    for name, pattern in _DEGREES.items():
        for match in pattern.finditer(part):
            overlaps = any(match.start() < end and start < match.end() for start, _, end in taken)
            if match[0] not in ignored and not overlaps:
                taken.append((match.start(), name, match.end()))
    start, end = term
    inside = [word for word in taken if word[0] < end]
    if inside:
        last = max(inside)
        return None if re.search(r"\b(?:without|no)\b", part[last[2] : start]) else last[1]
    after = [word for word in taken if not _ELSEWHERE.search(part[end : word[0]])]
    return min(after)[1] if after else None


def millimetres(part: str) -> float | None:
    """The largest number of the first size in mm or cm.

    >>> millimetres("a 1.5 x 2 cm nodule")
    20.0
    """
    match = _SIZE.search(part)
    if match is None:
        return None
    numbers = [float(number) for number in match.groups()[:2] if number]
    return max(numbers) * (10 if match[3].startswith("c") else 1)
