"""A rule-based reader of report sentences: which findings a sentence states, denies or doubts.

In the manner of NegBio and CheXpert's labeler (Peng et al., 2018; Irvin et al., 2019): terms, then
negation and doubt by scope, then what normal statements exclude. Its rules know nothing of how
`statements` writes.
"""

import re
from functools import lru_cache

from core.language.claim import (
    ABSENT,
    CLEAR_LUNGS,
    KINDS,
    OPACITIES,
    PRESENT,
    UNCERTAIN,
    Claim,
)  # fmt: skip
from core.language.scope import Scope, scopes
from core.language.terms import (
    DENIALS,
    NO_FINDING,
    NO_LUNG_FINDING,
    NORMAL,
    NORMAL_SUBJECTS,
    SEVERITY_WORDS,
    SIDE_WORDS,
    SKIPPED,
    TERMS,
    ZONE_WORDS,
)  # fmt: skip

_SPELLING = (
    (re.compile(r"oede"), "ede"),
    (re.compile(r"haem"), "hem"),
    (re.compile(r"oeso"), "eso"),
    (re.compile(r"tumour"), "tumor"),
    (re.compile(r"fibre"), "fiber"),
    (re.compile(r"(?<=s)ised\b"), "ized"),
)
_LETTER = re.compile(r"(?<![\w/.])[lr](?= [a-z])")  # L and R of notes, but not of "l1", "r/o"
_TERMS = tuple(
    (finding, kind, re.compile(rf"(?<![\w-])(?:{pattern})(?![\w])"))
    for finding, kind, pattern in TERMS
)
_DENIALS = tuple((finding, re.compile(pattern)) for finding, pattern in DENIALS)
_SUBJECTS = tuple((re.compile(rf"\b(?:{p})\b"), names) for p, names in NORMAL_SUBJECTS)
_SIDES = {
    side: re.compile(rf"\b(?:{p})" if side == "both" else p) for side, p in SIDE_WORDS.items()
}
_ZONES = {zone: re.compile(pattern) for zone, pattern in ZONE_WORDS.items()}
_SEVERITIES = {name: re.compile(rf"\b(?:{p})\b") for name, p in SEVERITY_WORDS.items()}
_SEGMENT_END = re.compile(
    r",|;|\band\b|\bor\b|\bwith\b|\bbut\b|\bversus\b|\bwithout\b|\bno\b(?! lung m)"
)
_CLAUSE_END = re.compile(r";|\.\s|\bbut\b|\bhowever\b|\bwithout\b|\bno\b|\botherwise\b")
_SIZE = re.compile(
    r"(\d+(?:\.\d+)?)(?:\s*x\s*(\d+(?:\.\d+)?))?\s*-?(mm|cm|millimet\w+|centimet\w+)\b"
)
_ONLY_DENIED = re.compile(r"^(?:mass lesions?|lesions?|tubes?|lines?|devices?)$")


def normalise(text: str) -> str:
    """Lower case, single spaces, American spelling, no final full stop.

    >>> normalise("Interstitial  OEDEMA.")
    'interstitial edema'
    """
    text = " ".join(text.lower().replace("’", "'").split()).rstrip(". ")
    text = text.replace("n't ", " not ")
    text = _LETTER.sub(lambda match: "left" if match[0] == "l" else "right", text)
    for pattern, other in _SPELLING:
        text = pattern.sub(other, text)
    return text


def read(sentence: str) -> list[Claim]:
    """What a sentence says of the findings of `claim.FINDINGS`, in the order of the text.

    A finding named twice with the same polarity and side is one claim. An empty list means that
    the sentence says nothing of them.

    >>> [(c.finding, c.polarity, c.side) for c in read("No effusion, but a left pneumothorax.")]
    [('Pleural Effusion', 'absent', None), ('Pneumothorax', 'present', 'left')]
    """
    return list(_read(normalise(sentence)))


def read_report(sentences: list[str]) -> list[Claim]:
    """The claims of all sentences of a report."""
    return [claim for sentence in sentences for claim in read(sentence)]


@lru_cache(maxsize=65536)
def _read(text: str) -> tuple[Claim, ...]:
    scope = scopes(text)
    masked = SKIPPED.sub(lambda match: "_" * len(match[0]), text)
    terms = _terms(masked)
    segments = _segments(text, [span for _, _, span in terms])
    claims = []
    for finding, kind, (start, end) in terms:
        if any(a <= start < b for a, b in scope.history):
            continue
        claims += _claims(text, scope, segments, finding, kind, (start, end))
    claims += _normal(text, scope, [claim.span for claim in claims])
    return tuple(_without_repeats(sorted(claims, key=lambda claim: claim.span)))


def _terms(text: str) -> list[tuple[str, str, tuple[int, int]]]:
    """Finding, kind and place of every term; of those that overlap the longest."""
    spans = [
        (finding, kind, match.span())
        for finding, kind, pattern in _TERMS
        for match in pattern.finditer(text)
    ]
    spans.sort(key=lambda term: (term[2][0] - term[2][1], term[2][0]))
    kept: list[tuple[str, str, tuple[int, int]]] = []
    for term in spans:
        start, end = term[2]
        if all(end <= a or b <= start for _, _, (a, b) in kept):
            kept.append(term)
    return sorted(kept, key=lambda term: term[2])


def _segments(text: str, terms: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The text in parts at commas and "and", each with at least one term where there is one."""
    cuts = [m.start() for m in _SEGMENT_END.finditer(text) if not _within(m.start(), terms)]
    parts = list(zip([0, *cuts], [*cuts, len(text)], strict=True))
    joined: list[tuple[int, int]] = []
    for start, end in parts:
        named = any(start <= a < end for a, _ in terms)
        before = joined and any(joined[-1][0] <= a < joined[-1][1] for a, _ in terms)
        if joined and not (named and before):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _within(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _claims(
    text: str,
    scope: Scope,
    segments: list[tuple[int, int]],
    finding: str,
    kind: str,
    span: tuple[int, int],
) -> list[Claim]:
    polarity = _polarity(text, scope, finding, span)
    if kind == "abnormality" and polarity != ABSENT:
        return []  # any disease of the bones
    if kind == "markings" and polarity == ABSENT:
        finding = "Edema"  # what normal markings exclude
    segment = next(part for part in segments if part[0] <= span[0] < part[1])
    part = text[segment[0] : max(segment[1], span[1])]
    if kind in ("deformity", "sign") and polarity == PRESENT:
        polarity = UNCERTAIN
    size = _SIZE.search(part)
    claim = Claim(
        finding,
        polarity,
        side=_side(part) or _side(_clause_around(text, span)),
        severity=_severity(finding, part, span[0] - segment[0]),
        zone=_zone(part),
        kind=kind if kind in KINDS else "",
        millimetres=_millimetres(size) if size else None,
        span=span,
    )
    return [claim]


def _polarity(text: str, scope: Scope, finding: str, span: tuple[int, int]) -> str:
    polarity = scope.polarity(*span)
    inner = text[span[0] : span[1]]
    if finding == "Pneumothorax" and re.search(r"\bmarkings|vessels", inner):
        # The absence of markings is the sign, so that its own "no" denies nothing.
        before = scopes(text[: span[0]] + "x" * len(inner) + text[span[1] :])
        return before.polarity(*span)
    if polarity == PRESENT and re.search(r"\b(?:not|no|free of|clear of)\b", inner):
        return ABSENT
    return polarity


def _clause_around(text: str, span: tuple[int, int]) -> str:
    """The part of the sentence in which one side word stands for every finding."""
    begin = max((m.end() for m in _CLAUSE_END.finditer(text[: span[0]])), default=0)
    after = _CLAUSE_END.search(text, span[1])
    return text[begin : after.start() if after else len(text)]


def _side(part: str) -> str | None:
    said = {side for side, pattern in _SIDES.items() if pattern.search(part)}
    if "both" in said or said == {"left", "right"}:
        return "both"
    return said.pop() if said else None


def _zone(part: str) -> str:
    said = [zone for zone, pattern in _ZONES.items() if pattern.search(part)]
    return said[0] if len(said) == 1 else ""


def _severity(finding: str, part: str, at: int) -> str | None:
    """The degree stated nearest before the term, else after it."""
    taken: list[tuple[int, str, int]] = []
    for name, pattern in _SEVERITIES.items():
        for match in pattern.finditer(part):
            if finding == "Cardiomegaly" and match[0] in ("large", "big"):
                continue  # names the finding: a large heart
            if not any(match.start() < end and start < match.end() for start, _, end in taken):
                taken.append((match.start(), name, match.end()))
    before = [word for word in taken if word[0] <= at]
    if before:
        return max(before)[1]
    return min(taken)[1] if taken else None


def _millimetres(match: re.Match[str]) -> float:
    numbers = [float(number) for number in match.groups()[:2] if number]
    return max(numbers) * (10 if match[3].startswith("c") else 1)


def _normal(text: str, scope: Scope, named: list[tuple[int, int]]) -> list[Claim]:
    """What normal statements say: the whole chest, or one part of it."""
    claims = []
    for match in NO_FINDING.finditer(text):
        if "otherwise" not in text[: match.start()] and not named:
            claims.append(Claim("No Finding", PRESENT, span=match.span()))
    if not claims:
        for match in NO_LUNG_FINDING.finditer(text):
            names = ("Lung Opacity", "Consolidation", "Pneumonia", "Edema")
            claims += [Claim(name, ABSENT, span=match.span()) for name in names]
        for finding, pattern in _DENIALS:
            for match in pattern.finditer(text):
                if scope.polarity(*match.span()) == PRESENT:
                    claims.append(Claim(finding, ABSENT, span=match.span()))
        claims += _normal_parts(text, scope, named)
    return claims


def _normal_parts(text: str, scope: Scope, named: list[tuple[int, int]]) -> list[Claim]:
    """Parts of the body that are called normal: the subjects before the word, else after it."""
    subjects = _subjects(text)
    claims: list[Claim] = []
    begin = 0
    for match in NORMAL.finditer(text):
        denied = re.search(r"\bnot(?: \w+)? $", text[: match.start()])
        if denied or _within(match.start(), named):
            continue
        last = max((end for _, end in named if end <= match.start()), default=0)
        start = max(begin, last, _clause(text, match.start()))
        parts = [s for s in subjects if start <= s[1][0] < match.start()]
        if not parts:
            after = text[match.end() : match.end() + 40]
            parts = [
                s for s in subjects
                if match.end() <= s[1][0] and len(text[match.end() : s[1][0]].split()) <= 3
                and not re.search(r"[,;]", text[match.end() : s[1][0]])
            ][:1]  # fmt: skip
            parts = parts if after else []
        uncertain = scope.polarity(*match.span()) == UNCERTAIN and "likely" not in text
        polarity = UNCERTAIN if uncertain else ABSENT
        for names, span in parts:
            side = _side(text[span[0] - 8 if span[0] > 8 else 0 : span[1]])
            claims += [
                Claim(name, polarity, side=None if side == "both" else side, span=span)
                for name in names or CLEAR_LUNGS
            ]
        begin = match.end()
    return claims


def _subjects(text: str) -> list[tuple[tuple[str, ...], tuple[int, int]]]:
    spans = [(names, m.span()) for pattern, names in _SUBJECTS for m in pattern.finditer(text)]
    spans.sort(key=lambda each: each[1][0] - each[1][1])
    kept: list[tuple[tuple[str, ...], tuple[int, int]]] = []
    for names, (start, end) in spans:
        if all(end <= a or b <= start for _, (a, b) in kept):
            kept.append((names, (start, end)))
    return sorted(kept, key=lambda each: each[1])


def _clause(text: str, end: int) -> int:
    """Where the clause begins that a normal statement closes."""
    begin = 0
    for match in re.finditer(r";|\.\s|\bbut\b|\bwith\b|\bhowever\b|\botherwise[, ]", text[:end]):
        begin = match.end() if not match[0].startswith("otherwise") else begin
    return begin


def _without_repeats(claims: list[Claim]) -> list[Claim]:
    """One claim for a finding and polarity; the more telling one where one says less."""
    kept: list[Claim] = []
    for claim in claims:
        twin = next((each for each in kept if _says_no_more(claim, each)), None)
        if twin is None:
            kept = [each for each in kept if not _says_no_more(each, claim)] + [claim]
    return kept


def _says_no_more(claim: Claim, other: Claim) -> bool:
    if (claim.finding, claim.polarity) != (other.finding, other.polarity):
        return False
    pairs = (
        (claim.side, other.side), (claim.severity, other.severity), (claim.zone, other.zone),
        (claim.kind, other.kind), (claim.millimetres, other.millimetres),
    )  # fmt: skip
    return all(mine in (None, "", its) for mine, its in pairs)


def excludes(claim: Claim) -> tuple[str, ...]:
    """Findings that an absent claim also denies: no opacity means none of its kinds.

    >>> "Edema" in excludes(Claim("Lung Opacity", ABSENT))
    True
    """
    if claim.polarity != ABSENT:
        return ()
    return tuple(sorted(OPACITIES)) if claim.finding == "Lung Opacity" else (claim.finding,)
