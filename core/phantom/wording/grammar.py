"""A template grammar for one-fact radiology sentences.

`[a|b|]` picks one alternative, `{slot}` takes a value of the finding, such as its side or a
word for its size. A template says for which findings it is true; it is never used outside that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.phantom.case import Finding

LOW, MID, HIGH = "low", "mid", "high"

_VOWEL = "[aeiou]|NG"  # what is spoken with a vowel first


@dataclass(frozen=True)
class Wording:
    """One template with the condition under which it is true, read as "and" over its fields."""

    text: str
    number: str = ""  # "" a sentence; a phrase: "a" countable, "some" uncountable, "many" plural
    kind: str = ""  # only this subtype of the finding
    sides: str = ""  # "one" or "both" lungs
    zone: str = ""  # only this zone
    bands: tuple[str, ...] = (LOW, MID, HIGH)  # severities
    sign: bool = False  # describes an appearance, so "consistent with" cannot come before it
    held_out: bool = False  # appears in the test split alone

    def fits(self, finding: Finding) -> bool:
        """True if the template's condition holds for the finding."""
        return (
            self.kind in ("", finding.kind)
            and self.zone in ("", finding.zone)
            and self.sides in ("", "both" if finding.side == "bilateral" else "one")
            and band(finding.severity) in self.bands
        )


def band(severity: float) -> str:
    """The third of the severity scale that the size words follow: below 0.35, to 0.7, above."""
    return LOW if severity < 0.35 else MID if severity < 0.7 else HIGH


SIZE_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "volume": {
        LOW: ("small", "tiny", "trace", "minimal", "small"),
        MID: ("moderate", "moderate-sized", "medium-sized"),
        HIGH: ("large", "sizeable", "large"),
    },
    "degree": {
        LOW: ("mild", "slight", "minimal", "mild"),
        MID: ("moderate", "mild to moderate"),
        HIGH: ("severe", "marked", "pronounced"),
    },
    "enlarged": {
        LOW: ("mild", "slight", "minimal"),
        MID: ("moderate", "mild to moderate"),
        HIGH: ("severe", "marked", "gross"),
    },
    "degreely": {
        LOW: ("mildly", "slightly", "minimally"),
        MID: ("moderately", "mildly to moderately"),
        HIGH: ("severely", "markedly", "considerably"),
    },
    "density": {
        LOW: ("faint", "subtle", "mild", "hazy"),
        MID: ("moderate", "ill-defined"),
        HIGH: ("dense", "extensive", "marked"),
    },
    "nodular": {
        LOW: ("small", "subtle", "faint", "tiny"),
        MID: ("", "rounded"),
        HIGH: ("large", "prominent", "conspicuous"),
    },
    "masslike": {
        LOW: ("subtle", "faint", "ill-defined"),
        MID: ("rounded", "well-defined"),
        HIGH: ("large", "prominent", "bulky"),
    },
    "break": {
        LOW: ("subtle", "nondisplaced", "minimally displaced", "hairline"),
        MID: ("acute", "mildly displaced", ""),
        HIGH: ("displaced", "clearly displaced", "markedly displaced"),
    },
}
"""Words for the severity of a finding, by slot and band; a slot stays empty one time in three."""

_AREAS = {
    "upper": ("upper lung zone", "upper zone", "upper lung"),
    "middle": ("mid lung zone", "mid zone", "mid lung"),
    "lower": ("lower lung zone", "lower zone", "lower lung"),
    "basal": ("lung base", "base"),
}
_ADJECTIVES = {
    "upper": ("upper",),
    "middle": ("mid",),
    "lower": ("lower",),
    "basal": ("basal", "basilar"),
    "apical": ("apical",),
}


def slots(finding: Finding, rng: np.random.Generator) -> dict[str, str]:
    """Values of every slot for one finding, freshly drawn where there are synonyms."""
    values = {"side": finding.side}
    for slot, words in SIZE_WORDS.items():
        values[slot] = _choose(words[band(finding.severity)], rng) if rng.random() < 0.67 else ""
    if finding.zone:
        values["zone"] = _choose(_ADJECTIVES[finding.zone], rng)
        middle = finding.zone == "middle"
        values["lobe"] = f"{finding.side} {'middle' if middle else finding.zone} lobe"
    if finding.zone in _AREAS:
        area = _choose(_AREAS[finding.zone], rng)
        both = finding.side == "bilateral"
        values["area"] = f"both {area}s" if both else f"the {finding.side} {area}"
    return values


def expand(text: str, values: Mapping[str, str], rng: np.random.Generator) -> str:
    """Fill the slots and pick the alternatives, innermost first; spaces are tidied.

    >>> expand("[no|no] {what} [|]", {"what": "pneumothorax"}, np.random.default_rng(0))
    'no pneumothorax'
    """
    text = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)
    while match := re.search(r"\[([^\[\]]*)\]", text):
        chosen = _choose(tuple(match[1].split("|")), rng)
        text = text[: match.start()] + chosen + text[match.end() :]
    text = " ".join(text.split()).replace(" ,", ",")
    return re.sub(rf"\b([Aa]) (?={_VOWEL})", r"\1n ", text)


def with_article(phrase: str, number: str) -> str:
    """The phrase as it stands inside a sentence.

    >>> with_article("enlarged heart", "a"), with_article("mild edema", "some")
    ('an enlarged heart', 'mild edema')
    """
    if number != "a":
        return phrase
    return f"{'an' if re.match(_VOWEL, phrase) else 'a'} {phrase}"


def sentence(text: str) -> str:
    """Capital at the start, full stop at the end.

    >>> sentence("no pneumothorax")
    'No pneumothorax.'
    """
    return f"{text[0].upper()}{text[1:]}."


def _choose(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
