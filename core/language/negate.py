"""Negation put into a sentence, or taken out of it."""

import re
from collections.abc import Iterator

_SIZE = (
    r"(?:(?:clearly )?displaced|nondisplaced|hairline|mild to moderate|mildly to moderately|small|"
    r"tiny|trace|minimal(?:ly)?|mild(?:ly)?|slight(?:ly)?|faint|subtle|moderate(?:ly)?(?:-sized)?|"
    r"medium-sized|large|sizeable|severe(?:ly)?|marked(?:ly)?|pronounced|gross(?:ly)?|"
    r"considerably|extensive|massive|dense|bulky|huge|prominent|conspicuous|hazy|ill-defined)"
)
_SEEN = r"(?:seen|noted|present|identified|visible|evident|appreciated|demonstrated)"
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|shows?|appears?|may|can|cannot|takes?|occupies|ends?|collects?|"
    r"layers?|overl(?:ies|ie|y)|projects?|terminates?|courses|passes|extends|suggests?|represents?|"
    r"indicates|points|reach(?:es)?|fills?|holds?|contains?|measures|demonstrates|reveals)\b"
)
_PARTICIPLE = (
    r"(?:enlarged|increased|widened|dilated|elevated|blunted|obscured|fractured|broken|congested|"
    r"engorged|indistinct|collapsed|atelectatic|consolidated|opacified|intubated|hyperinflated|"
    r"thickened|prominent|scarred|visible|filled|clear|partly collapsed|above|greater|big|in place|"
    r"in (?:standard|satisfactory|expected) position|emphysematous|cracked|infected|overinflated)"
)

_ADD: tuple[tuple[str, str], ...] = (
    (r"^there (is|are) (?:an? |some )?(?!no\b)(.+)$", r"there \1 no \2"),
    (
        rf"^(?:an? )?(?!the\b)((?:(?!\b(?:is|are)\b).)+?) (is|are) ({_SEEN})\b(?! at least)(.*)$",
        r"no \1 \2 \3\4",
    ),
    (rf"^(.+?) (is|are) (?:{_SIZE} )?({_PARTICIPLE}\b.*)$", r"\1 \2 not \3"),
    (
        r"^((?:the )?(?:[\w-]+ ){0,3}?(?:shows?|demonstrates?|reveals?|showing|we see|has)) "
        r"(?:an? )?(.+)$",
        r"\1 no \2",
    ),
    (r"^(impression:) (?:an? )?(.+)$", r"\1 no \2"),
    (r"^note is made of (?:an? )?(.+)$", r"no \1"),
    (r"^\+ (.+)$", r"no \1"),
    (r"^((?:chest )?x-ray) with (?:an? )?(.+)$", r"\1 without \2"),
    (r"^(?:positive for|evidence of) (.+)$", r"no evidence of \1"),
)
_REMOVE: tuple[tuple[str, str], ...] = (
    (r"^there (is|are) no (?:evidence of )?(.+)$", r"there \1 \2"),
    (r"^(.+?)\b(is|are) not (.+)$", r"\1\2 \3"),
    (
        r"^no (?:evidence|radiographic evidence|signs?|findings|features) of (.+)$",
        r"evidence of \1",
    ),
    (r"^negative for (.+)$", r"positive for \1"),
    (r"^absence of (.+)$", r"presence of \1"),
    (r"^no (.+)$", r"\1"),
    (r"^(.+?) without (?:evidence of )?(.+)$", r"\1 with \2"),
    (r"^without (?:evidence of )?(.+)$", r"with \1"),
    (r"^(.+?)(?:: none| absent)$", r"\1 present"),
    (r"^(.+? (?:shows|demonstrates|has|see)) no (.+)$", r"\1 \2"),
    (r"^(.+) not seen$", r"\1 seen"),
)
_OK = r"(?:normal(?: in size)?|within normal limits|unremarkable|of normal size)"
_NORMAL: tuple[tuple[str, str], ...] = (
    (rf"^((?:the )?(?:heart size|cardiac size)) (is |)({_OK})$", r"\1 \2increased"),
    (
        rf"^((?:the )?(?:heart|cardiac silhouette|cardiac contour|cardiomediastinal silhouette)) "
        rf"(is |){_OK}$",
        r"\1 \2enlarged",
    ),
    (rf"^(the cardiothoracic ratio) is {_OK}$", r"\1 is increased"),
    (r"^normal (heart size|cardiothoracic ratio)$", r"increased \1"),
    (r"^normal (heart|cardiac silhouette|cardiac contour)$", r"enlarged \1"),
    (r"^((?:the |both )?costophrenic angles) are (?:sharp|clear|preserved)$", r"\1 are blunted"),
    (
        rf"^((?:the )?pulmonary (?:vasculature|vascularity)) (is|are) {_OK}$",
        r"\1 \2 congested",
    ),
    (rf"^(interstitial markings) are {_OK}$", r"\1 are increased"),
    (r"^(.*\b(?:bones|osseous structures|ribs|clavicles)) are intact$", r"\1 are fractured"),
    (r"^(the bony thorax) is intact$", r"\1 is fractured"),
    (r"^(.*\blungs?) (is|are) clear(.*)$", r"\1 \2 not clear\3"),
    (r"^clear ((?:left |right )?lungs?)$", r"\1 not clear"),
    (r"^normal (.*)$", r"abnormal \1"),
    (r"^unremarkable (.*)$", r"abnormal \1"),
    (rf"^(the chest) is {_OK}$", r"\1 is abnormal"),
)  # fmt: skip


def added(core: str) -> Iterator[str]:
    """The statement denied; `core` is lower case with no full stop.

    >>> next(added("there is a small left effusion"))
    'there is no left effusion'
    """
    for pattern, form in _ADD:
        if re.match(pattern, core):
            yield _denied(re.sub(pattern, form, core))
            return
    if not _VERB.search(core):
        yield _denied("no " + re.sub(r"^(?:an?|the) ", "", core))


def removed(core: str) -> Iterator[str]:
    """The denial, or the normal statement, turned round.

    >>> next(removed("no effusion or pneumothorax"))
    'effusion and pneumothorax'
    >>> next(removed("heart size is normal"))
    'heart size is increased'
    """
    for pattern, form in _NORMAL:
        if re.match(pattern, core):
            yield re.sub(pattern, form, core)
            return
    for pattern, form in _REMOVE:
        if re.match(pattern, core):
            yield re.sub(r"\b(?:or|nor)\b", "and", re.sub(pattern, form, core))
            return


def _denied(text: str) -> str:
    """Without words of size and number, which would leave room for another; "or" in a list."""
    denial = re.search(r"\b(?:no|without) ", text)
    if denial is None:
        return text
    head, tail = text[: denial.end()], text[denial.end() :]
    tail = re.sub(rf"\b{_SIZE} (?!amount)", "", tail)
    tail = re.sub(r"\b(?:small|moderate|large|trace) amount of ", "", tail)
    tail = re.sub(r"\b(?:multiple|several|numerous|many|two|three|four|bilateral) ", "", tail)
    tail = re.sub(r"^both ", "", tail)
    tail = re.sub(r"\b\d+(?:\.\d+)? ?-?(?:mm|cm|millimeters?|centimeters?) ", "", tail)
    return head + re.sub(r"^an? ", "", re.sub(r" and (?=\w)", " or ", tail))
