"""Sentences about a finding, in many wordings: what the text tower learns plain words from.

`statement` says one thing of one finding; `phrases` lists every core phrasing. The words are in
`assets/language`, and every one is read by `reader.read` as its own finding in the tests.
"""

import numpy as np

from core.language.claim import KINDS, PRESENT, UNCERTAIN, Claim
from core.language.phrases import (
    Phrase,
    Vocabulary,
    choose_alternatives,
    fill,
    frames,
    vocabularies,
)
from core.language.style import restyle

NAMES: tuple[str, ...] = (*vocabularies(),)
"""What can be asked for: findings, and the kinds of them that have words of their own."""

COUNTED: dict[str, tuple[str, str]] = {
    "nodule": ("lung nodule", "lung nodules"),
    "mass": ("lung mass", "lung masses"),
    "Lung Lesion": ("lung lesion", "lung lesions"),
    "rib": ("rib fracture", "rib fractures"),
    "Fracture": ("fracture", "fractures"),
    "central line": ("central line", "central lines"),
    "Support Devices": ("medical device", "medical devices"),
}
"""What `counted` can count, and its plural."""

GENERAL = ("Lung Lesion", "Fracture")
"""Findings whose general words say a kind of them as well."""

DEGREES = ("mild", "moderate", "severe")


def statements(
    finding: str,
    present: bool,
    side: str | None = None,
    severity: str | None = None,
    *,
    rng: np.random.Generator,
    uncertain: bool = False,
    styled: bool = True,
) -> str:
    """One sentence that says the finding is there, or that it is not.

    Args:
        finding: one of `NAMES`, "Pneumothorax" or "pacemaker".
        present: False denies it; then neither side nor severity is said.
        side: "left", "right", "both" or None; ignored where the finding has no side.
        severity: of `DEGREES` or None; said in two of three sentences.
        uncertain: the sentence doubts the finding ("possible", "cannot be excluded").
        styled: also in telegram style, upper case or British spelling.

    A kind that is present may be said by its finding's general words ("lung lesion" of a nodule).
    A finding that is absent may be denied by the words of any of its kinds.

    Raises:
        KeyError: no such name.

    >>> statements("Pneumothorax", True, "left", rng=np.random.default_rng(4), styled=False)
    'lung markings are absent at the left apex'
    """
    vocabulary = vocabularies()[finding]
    if not present:
        text = _absence(vocabulary, rng)
    else:
        text = _presence(vocabulary, side if vocabulary.lateral else None, severity, uncertain, rng)
    return restyle(text, rng) if styled else text


def counted(name: str, count: int, side: str | None = None, *, rng: np.random.Generator) -> str:
    """How many there are, of what can be counted (`COUNTED`).

    From four on also "multiple" or "several".

    Raises:
        KeyError: no such name.

    >>> counted("nodule", 2, "left", rng=np.random.default_rng(1))
    'there are two left lung nodules'
    """
    one, many = COUNTED[name]
    numbers = {1: ("one", "a single", "a solitary"), 2: ("two",), 3: ("three",)}
    number = _choose(numbers.get(count, ("multiple", "several", str(count))), rng)
    noun = one if count == 1 else many
    place = "bilateral" if side == "both" else side or ""
    text = " ".join(f"{number} {place} {noun}".split())
    frame = _choose(("{x}", "{x}", "there {is} {x}", "{x} {is} seen", "the film shows {x}"), rng)
    return frame.replace("{x}", text).replace("{is}", "is" if count == 1 else "are")


def phrases(finding: str, present: bool) -> list[str]:
    """Every core phrasing of one name, no side and no size said, each alternative by itself.

    >>> "collapsed lung" in phrases("Pneumothorax", True)
    True
    """
    vocabulary = vocabularies()[finding]
    texts = [phrase.text for phrase in vocabulary.present] if present else list(vocabulary.absent)
    lines = dict.fromkeys(line for text in texts for line in _each_alternative(text))
    rng = np.random.default_rng(0)  # nothing is left to choose
    filled = [fill(line, None, "", rng) for line in lines]
    if not present:
        filled += [f"no {noun}" for noun in vocabulary.deny]
    return list(dict.fromkeys(filled))


def claim_of(finding: str, present: bool, side: str | None = None) -> Claim:
    """What a sentence of `statements` claims.

    >>> claim_of("nodule", True).finding
    'Lung Lesion'
    """
    kind = finding if finding in KINDS else ""
    name = KINDS.get(finding, finding)
    return Claim(name, PRESENT if present else "absent", side if present else None, kind=kind)


def _presence(
    vocabulary: Vocabulary,
    side: str | None,
    severity: str | None,
    uncertain: bool,
    rng: np.random.Generator,
) -> str:
    general = vocabularies().get(vocabulary.finding, vocabulary)
    # A nodule is a lesion; that there is some device says too little of a pacemaker.
    if general.name in GENERAL and rng.random() < 0.25:
        vocabulary = general
    options = [
        each for each in vocabulary.present if each.takes(side if vocabulary.lateral else None)
    ]
    if uncertain:  # doubt is a frame, and sentences take none
        options = [each for each in options if each.number != "sentence"]
    wants_size = severity is not None and bool(vocabulary.size) and rng.random() < 0.67
    if wants_size:
        options = [each for each in options if each.takes_size] or options
    phrase = options[int(rng.integers(len(options)))]
    size = _size(vocabulary.size, severity, rng) if wants_size and severity else ""
    text = fill(phrase.text, side, size, rng)
    if phrase.number == "sentence":
        return text
    return _framed(text, phrase, side, UNCERTAIN if uncertain else PRESENT, rng)


def _size(scale: str, severity: str, rng: np.random.Generator) -> str:
    words = frames().size[scale][severity]
    return words[int(rng.integers(len(words)))]


def _absence(vocabulary: Vocabulary, rng: np.random.Generator) -> str:
    """A denial in the words of the finding or, if it is general, of one of its kinds."""
    kinds = [each for each in vocabularies().values() if each.finding == vocabulary.finding]
    if vocabulary.name == vocabulary.finding and len(kinds) > 1 and rng.random() < 0.4:
        vocabulary = kinds[int(rng.integers(len(kinds)))]
    if not vocabulary.deny or rng.random() < 0.4:
        return fill(_choose(vocabulary.absent, rng), None, "", rng)
    noun = _choose(vocabulary.deny, rng)
    phrase = Phrase(noun, "many" if _is_plural(noun) else "some")
    return _framed(noun, phrase, None, "absent", rng)


def _framed(
    text: str, phrase: Phrase, side: str | None, polarity: str, rng: np.random.Generator
) -> str:
    many = phrase.number == "many" or (side == "both" and phrase.number == "a")
    article = "a " if phrase.number == "a" and side != "both" else ""
    frame = _choose(getattr(frames(), polarity), rng)
    frame = frame.replace("{a x}", article + text).replace("{x}", text)
    return choose_alternatives(frame.replace("{is}", "are" if many else "is"), rng)


def _is_plural(noun: str) -> bool:
    return noun.split()[-1] in (
        "devices", "tubes", "lines", "effusions", "nodules", "masses", "infiltrates", "bullae",
        "leads", "wires", "plaques", "changes", "fractures", "ribs", "air bronchograms",
        "pneumothoraces", "metastases", "bronchograms",
    )  # fmt: skip


def _choose(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _each_alternative(text: str) -> list[str]:
    """The text with each way to take its [x|y], `{...}` left as they are."""
    start = text.find("[")
    if start < 0:
        return [text]
    end = text.index("]", start)
    return [
        line
        for option in text[start + 1 : end].split("|")
        for line in _each_alternative(text[:start] + option + text[end + 1 :])
    ]
