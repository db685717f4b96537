"""What normal statements exclude: "heart size is normal", "lungs are clear", "no acute disease"."""

import re
from collections.abc import Iterator, Sequence

from core.language import attributes
from core.language.claim import ABSENT, CLEAR_LUNGS, PRESENT, UNCERTAIN, Claim
from core.language.scope import Scope

Span = tuple[int, int]

_HEART_AND_MORE = ("Cardiomegaly", "Enlarged Cardiomediastinum")
_CONTOURS = r"(?: (?:silhouettes?|contours?|structures|width))*"
_SUBJECTS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), names)
    for pattern, names in (
        (rf"cardio-?mediastin(?:al|um){_CONTOURS}", _HEART_AND_MORE),
        (rf"heart and mediastin(?:um|al){_CONTOURS}", _HEART_AND_MORE),
        (
            r"(?:heart|cardiac)(?: (?:size|silhouette|contours?|shadow|outline|width))*|"
            r"cardio-?thoracic ratio|ctr|cor",
            ("Cardiomegaly",),
        ),
        (rf"mediastin(?:um|al){_CONTOURS}", ("Enlarged Cardiomediastinum",)),
        (
            r"(?:(?:pulmonary|lung|central|hilar) )?(?:vasculature|vascularity|vessels|"
            r"vascular(?: markings| pattern| structures)?|interstiti(?:um|al markings|al pattern))",
            ("Edema",),
        ),
        (r"lungs?(?: (?:fields?|zones?|parenchyma))?|air ?spaces", CLEAR_LUNGS),
        (
            r"costo-?phrenic (?:angles?|sulc(?:us|i)|recess(?:es)?|xxxx)|cp angles?|"
            r"pleural (?:recess(?:es)?|angles)",
            ("Pleural Effusion",),
        ),
        (
            r"pleural (?:spaces?|surfaces?|cavit(?:y|ies))|pleura",
            ("Pleural Effusion", "Pneumothorax"),
        ),
        (
            r"(?:bones?|bony|osseous|skeletal)(?: (?:structures?|thorax|skeleton|thoracic))*|"
            r"ribs?|clavicles?|skeleton|rib ?cage|collar ?bones?",
            ("Fracture",),
        ),
    )
)
"""Parts of the body, and which findings are absent when the part is normal."""

_NORMAL = re.compile(
    r"(?<!limits of )(?<!top )(?<!limits )\b(?<!above )(?<!than )(?<!not )normal\b"
    r"(?! limits)(?! variant)|within normal limits|unremarkable|\bclear\b(?! of)|\bintact\b|"
    r"\bsharp\b|\bpreserved\b|\bwnl\b|\bwithin limits\b|\bnad\b|\bfree\b(?= *$)|"
    r"(?:free|clear) of (?:focal |any )?(?:disease|abnormalit(?:y|ies))|"
    r"upper limits?(?: of)? normal|top[ -]normal|"
    r"(?:below|under|less than|<) ?(?:0?\.5|half|one half|50 ?%)"
)
"""What is said of a part that is as it should be."""

_ABNORMALITY = r"(?:abnormalit(?:y|ies)|process(?:es)?|diseases?|findings?|patholog(?:y|ies))"
_NO_FINDING = re.compile(
    r"\b(?:no|without|negative for|absence of)(?: \w+){0,2}? (?:acute|active|significant)"
    r"(?: (?:or|and|active|visible|acute|xxxx|radiographic|interval|chest))*"
    r"(?: (?:cardio-?pulmonary|cardiac or pulmonary|intra-?thoracic|thoracic|chest))*"
    rf"(?: (?:{_ABNORMALITY}|disease process))\b(?! (?:of|in) the)|"
    r"(?<!not )(?<!not a )(?<!ab)\b(?:normal|unremarkable|negative) (?:frontal |pa |two view )*"
    r"(?:chest(?! wall)(?: (?:x-?rays?|radiographs?|films?|exam\w*|study))?|radiographs?|films?|"
    r"cxr|study|exam\w*|appearance of the chest)|"
    r"\bchest (?:x-?ray |radiograph |film )?(?:is |appears |looks )?(?:normal|unremarkable)$|"
    r"no (?:abnormalit(?:y|ies)|patholog(?:y|ies|ical findings?))(?: is| are)?(?: seen| found)?"
    r"(?: in the chest)?$|without pathological findings|\bcxr (?:is )?(?:normal|negative)|"
    r"\bnothing (?:abnormal|wrong|acute)\b|\bhealthy chest|everything (?:looks|is|appears) normal|"
    r"all (?:is )?clear$|\bnad\b$"
)
"""The whole chest is normal, or nothing acute is in it."""

_A_FINDING = re.compile(
    r"\babnormal (?:frontal )?(?:chest|radiograph|film|cxr|study|x-ray|exam\w*)|"
    r"\b(?:chest|film|radiograph|cxr|study|x-ray)(?: is| looks)? (?:not normal|abnormal)$|"
    r"\bnot a normal (?:chest|film|radiograph|study)|shows disease$|pathological chest|"
    rf"^(?:there is )?(?:an )?acute (?:cardiopulmonary|chest|intrathoracic) {_ABNORMALITY}$"
)
"""The chest is not normal, and nothing more is said."""

_NO_LUNG_FINDING = re.compile(
    r"\b(?:no|without)(?: \w+){0,3}? (?:acute|active|focal)(?: \w+)?"
    rf" (?:pulmonary|parenchymal|lung)(?: parenchymal)? {_ABNORMALITY}"
)
"""The lungs show nothing acute."""

_DENIALS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "Pneumothorax",
        re.compile(
            r"(?<!no )\b(?:lung |vascular |pulmonary )*(?:markings|vessels) (?:reach|extend to|"
            r"extend all the way to|go out to) (?:the )?(?:chest wall|periphery)|"
            r"lungs? (?:is |are )?(?:fully |completely |well )?(?:re-?)?expanded to (?:the )?"
            r"chest wall|both lungs (?:are )?(?:fully )?(?:up|inflated|expanded)\b"
        ),
    ),
    ("Pleural Effusion", re.compile(r"pleural spaces? (?:is |are )?dry")),
    ("Edema", re.compile(r"\bdry lungs")),
)
"""Findings that are denied in words that do not name them."""

_CLAUSE = re.compile(r";|\.\s|\bbut\b|\bwith\b|\bhowever\b")


def normal_claims(text: str, scope: Scope, named: Sequence[Span]) -> list[Claim]:
    """What the normal statements of a text deny; `named` are the places of findings it names."""
    whole = [m for m in _NO_FINDING.finditer(text) if "otherwise" not in text[: m.start()]]
    if whole and not named:
        return [Claim("No Finding", PRESENT, span=whole[0].span())]
    abnormal = _A_FINDING.search(text)
    if abnormal and not named:
        return [Claim("No Finding", ABSENT, span=abnormal.span())]
    claims = [
        Claim(name, ABSENT, span=match.span())
        for match in _NO_LUNG_FINDING.finditer(text)
        for name in ("Lung Opacity", "Consolidation", "Pneumonia", "Edema")
    ]
    claims += [
        Claim(finding, ABSENT, span=match.span())
        for finding, pattern in _DENIALS
        for match in pattern.finditer(text)
        if scope.polarity(*match.span()) == PRESENT
    ]
    return claims + list(_parts(text, scope, named))


def _parts(text: str, scope: Scope, named: Sequence[Span]) -> Iterator[Claim]:
    """Parts that are called normal: the subjects before the word, else the one after it."""
    subjects = _subjects(text)
    begin = 0
    for match in _NORMAL.finditer(text):
        denied = re.search(r"\bnot(?: \w+)? $", text[: match.start()])
        if denied or any(start <= match.start() < end for start, end in named):
            continue
        last = max((end for _, end in named if end <= match.start()), default=0)
        start = max(begin, last, _clause_start(text, match.start()))
        parts = [s for s in subjects if start <= s[1][0] < match.start()]
        parts = parts or _after(text, subjects, match.end())
        begin = match.end()
        doubted = scope.polarity(*match.span()) == UNCERTAIN
        for names, span in parts:
            before = text[max(0, span[0] - 12) : span[1]].partition(" ")[2]
            side = attributes.side(before)
            for name in names:
                polarity = UNCERTAIN if doubted else ABSENT
                yield Claim(name, polarity, None if side == "both" else side, span=span)


def _after(
    text: str, subjects: Sequence[tuple[tuple[str, ...], Span]], end: int
) -> list[tuple[tuple[str, ...], Span]]:
    """The subject within three words of a "normal" that ends at `end`."""
    for names, span in subjects:
        between = text[end : span[0]]
        if end <= span[0] and len(between.split()) <= 3 and not re.search(r"[,;]", between):
            return [(names, span)]
    return []


def _subjects(text: str) -> list[tuple[tuple[str, ...], Span]]:
    spans = [(names, m.span()) for pattern, names in _SUBJECTS for m in pattern.finditer(text)]
    spans.sort(key=lambda subject: subject[1][0] - subject[1][1])
    kept: list[tuple[tuple[str, ...], Span]] = []
    for names, (start, end) in spans:
        if all(end <= a or b <= start for _, (a, b) in kept):
            kept.append((names, (start, end)))
    return sorted(kept, key=lambda subject: subject[1])


def _clause_start(text: str, end: int) -> int:
    """Where the clause begins that a normal statement closes."""
    return max((match.end() for match in _CLAUSE.finditer(text[:end])), default=0)
