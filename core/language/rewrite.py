"""Sentences changed in one respect: side, zone, severity, count, position of a device."""

import re
from collections.abc import Iterator

import numpy as np

_MIDDLE_LOBE = re.compile(r"\bright middle lobe\b", re.IGNORECASE)
_LINGULA = re.compile(r"\b(?:left )?lingul(?:a|ar)\b", re.IGNORECASE)
_NO_SWAP = re.compile(
    r"\b(?:left|right)[- ](?:ventric|atri|heart|aort|main|angle|bundle|pulmonary arter|coronary)|"
    r"\bleft in\b|\bis left\b",
    re.IGNORECASE,
)
_SIDES = {
    "left": "right", "right": "left", "lul": "rul", "rul": "lul", "lll": "rll", "rll": "lll",
    "lt": "rt", "rt": "lt", "l": "r", "r": "l",
}  # fmt: skip
_SIDE = re.compile(
    r"(?<![\w/])(?:left|right|lul|rul|lll|rll|[lr]t|[lr](?= [a-z]))(?!\w)", re.IGNORECASE
)

_AREA = r"(?= ?(?:and (?:mid|middle|lower|upper) )?(?:lobes?|lungs?(?! vol)|zones?|fields?|left|right|ribs?)\b)"  # noqa: E501
_ZONES: dict[str, tuple[str, ...]] = {
    rf"\bupper\b{_AREA}": ("lower",),
    rf"\blower\b{_AREA}": ("upper",),
    r"\bmid(?= lung| zone| field)": ("upper", "lower"),
    r"\bmiddle(?= lung| zone| field)": ("upper", "lower"),
    r"\bmiddle(?= lobe)": ("upper", "lower"),
    r"\bbasal\b|\bbasilar\b": ("apical",),
    r"\bbase\b": ("apex",),
    r"\bbases\b": ("apices",),
    r"\bapical\b": ("basal",),
    r"\bapex\b": ("base",),
    r"\bapices\b": ("bases",),
    r"\brul\b": ("right lower lobe",),
    r"\brll\b": ("right upper lobe",),
    r"\blul\b": ("left lower lobe",),
    r"\blll\b": ("left upper lobe",),
}

_DEGREES: dict[str, tuple[str, ...]] = {
    r"\bmild to moderate\b": ("severe",),
    r"\bmildly to moderately\b": ("severely",),
    r"\b(?:small|tiny|trace)\b(?! (?:bowel|airway|vessel))": ("large", "sizeable"),
    r"\b(?:moderate|medium)(?:-sized)?\b(?! to)": ("mild", "severe"),
    r"\b(?:large|sizeable|massive|huge|bulky)\b(?! bowel)": ("small", "tiny"),
    r"\b(?:mild|slight|minimal|minor)\b": ("severe", "marked"),
    r"\b(?:severe|marked|pronounced|gross)\b": ("mild", "slight"),
    r"\b(?:faint|subtle|hazy)\b": ("dense", "extensive"),
    r"\b(?:dense|extensive)\b": ("faint", "minimal"),
    r"\b(?:mildly|slightly|minimally)\b": ("severely", "markedly"),
    r"\bmoderately\b": ("mildly", "severely"),
    r"\b(?:severely|markedly|considerably|grossly|massively)\b": ("mildly", "slightly"),
    r"\b(?:nondisplaced|hairline)\b": ("markedly displaced",),
}
_SIZED = {"mild": "small", "severe": "large"}  # what "moderate" turns into before an amount
_AMOUNTS = r"effusion|fluid|pneumothora|ptx|nodul|mass|lesion|hernia|amount|collection|pleural air"

_MANY = r"multiple|several|numerous|many|two|three|four"
_COUNTED = r"nodules?|masses|mass|lesions?|fractures?|opacities|opacity|granulomas?|scars?|pacemakers?|tubes?|lines?|drains?|catheters?"  # noqa: E501
_PLURAL = {"mass": "masses", "opacity": "opacities"}

_POSITIONS: tuple[tuple[str, str], ...] = (
    (r"\babove the carina\b", "below the carina"),
    (r"\bbelow the diaphragm\b", "above the diaphragm"),
    (r"\bin the stomach\b", "in the esophagus"),
    (r"\bprojecting over the stomach\b", "projecting over the esophagus"),
    (r"\binto the stomach\b", "into the right main bronchus"),
)


def swapped_sides(text: str) -> str | None:
    """Every left for right and the reverse; None where that is no plain change.

    >>> swapped_sides("Left effusion and right pneumothorax.")
    'Right effusion and left pneumothorax.'
    """
    if _NO_SWAP.search(text) or not _SIDE.search(text):
        return None
    text = _MIDDLE_LOBE.sub(lambda match: like(match[0], "right lung"), text)  # the left has none
    text = _SIDE.sub(lambda match: like(match[0], _SIDES[match[0].lower()]), text)
    return _LINGULA.sub(lambda match: like(match[0], "right middle lobe"), text)


def zones(text: str, rng: np.random.Generator) -> Iterator[str]:
    """The one zone that is named, changed; nothing if several are."""
    matches = [(p, m) for p in _ZONES for m in re.finditer(p, text, re.IGNORECASE)]
    if len(matches) != 1:
        return
    pattern, match = matches[0]
    options = _ZONES[pattern]
    if "middle(?= lobe)" in pattern and "left" in text.lower():
        return
    yield _replaced(text, match, _pick(options, rng))


def degrees(text: str, rng: np.random.Generator) -> Iterator[str]:
    """Each word of degree changed for one clearly above or below it."""
    taken: list[tuple[int, int]] = []
    for pattern, options in _DEGREES.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            word = _pick(options, rng)
            after = text[match.end() : match.end() + 45]
            if word in _SIZED and re.search(_AMOUNTS, after, re.IGNORECASE):
                word = _SIZED[word]
            yield with_articles(_replaced(text, match, word))


def counts(text: str) -> Iterator[str]:
    """Several for one, and one for several."""
    some = re.search(rf"\b(?:{_MANY})\b((?: [\w-]+){{0,3}}?) ({_COUNTED})\b", text, re.IGNORECASE)
    if some and some[2].lower().endswith("s"):
        noun = re.sub(r"ies$", "y", re.sub(r"(?<=mass)es$|(?<!s)(?<!ie)s$", "", some[2]))
        yield _replaced(text, some, f"a single{some[1]} {noun}")
    one = re.search(
        rf"\b(?:a |an )?(?:single|solitary)\b((?: [\w-]+){{0,3}}?) ({_COUNTED})\b",
        text,
        re.IGNORECASE,
    )
    if one and not one[2].lower().endswith("es"):
        noun = one[2].lower()
        yield _replaced(text, one, f"multiple{one[1]} {_PLURAL.get(noun, noun + 's')}")


def measures(text: str) -> Iterator[str]:
    """A size in mm or cm, three times as large."""
    match = re.search(r"\b(\d+(?:\.\d+)?)(?= ?-?(?:mm|cm|millimet|centimet))", text)
    if match and " x " not in text:
        yield _replaced(text, match, f"{3 * float(match[1]):g}")


def positions(text: str) -> Iterator[str]:
    """The tip of a device somewhere else."""
    for pattern, other in _POSITIONS:
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            yield _replaced(text, match, other)


def like(old: str, new: str) -> str:
    """The new word in the case of the old.

    >>> like("Left", "right"), like("LEFT", "right")
    ('Right', 'RIGHT')
    """
    if old.isupper() and (len(old) > 1 or len(new) == 1):
        return new.upper()
    return new[0].upper() + new[1:] if old[0].isupper() else new


def with_articles(text: str) -> str:
    """ "a" and "an" as the next word wants."""
    text = re.sub(r"\b([Aa])n (?=[bcdfghjklmpqrstvwxyz])", r"\1 ", text)
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def _replaced(text: str, match: re.Match[str], word: str) -> str:
    return text[: match.start()] + like(match[0], word) + text[match.end() :]


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
