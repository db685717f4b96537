"""A rule-based reader of report sentences: which findings a sentence states, denies or doubts.

In the manner of NegBio and CheXpert's labeler (Peng et al., 2018; Irvin et al., 2019): terms, then
negation and doubt by scope, then what normal statements exclude. Its rules know nothing of how
`statements` writes.

Where it goes its own way: airspace disease is Consolidation, other infiltrates and opacities Lung
Opacity; a blunted costophrenic angle is an effusion; hyperinflation is emphysema in doubt, and so
is a wedged vertebra a fracture in doubt; calcified granulomas are no lesion.
"""

import re
from dataclasses import replace
from functools import lru_cache

from core.language import attributes
from core.language.claim import ABSENT, KINDS, PRESENT, UNCERTAIN, Claim
from core.language.normal import normal_claims
from core.language.scope import Scope, scopes
from core.language.terms import SKIPPED, terms

_SPELLING = (
    (re.compile(r"oede"), "ede"),
    (re.compile(r"haem"), "hem"),
    (re.compile(r"oeso"), "eso"),
    (re.compile(r"tumour"), "tumor"),
    (re.compile(r"fibre"), "fiber"),
    (re.compile(r"(?<=i)sed\b(?<=(?:al|at|it)ised)"), "zed"),
)
_LETTER = re.compile(r"(?<![\w/.])[lr](?= [a-z]|[,)]|$)")  # L and R of notes; not "l1", "r/o"
_SENTENCE_END = re.compile(r"(?<=[a-z\])])\.\s+(?=[a-z])")
_SEGMENT_END = re.compile(
    r",|;|\band\b|\bor\b|\bwith\b|\bbut\b|\bversus\b|\bwithout\b|\bno\b(?! lung m)"
)
_CLAUSE_END = re.compile(r";|\.\s|\b(?:but|however|without|no|otherwise|with|along)\b")
_NO_SIDE = ("Cardiomegaly", "Enlarged Cardiomediastinum", "Hernia", "No Finding")

Span = tuple[int, int]


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

    What is said twice is one claim. An empty list means that the sentence says nothing of them.
    A text of several sentences is read one by one; spans are then those within each.

    >>> [(c.finding, c.polarity, c.side) for c in read("No effusion, but a left pneumothorax.")]
    [('Pleural Effusion', 'absent', None), ('Pneumothorax', 'present', 'left')]
    """
    parts = _SENTENCE_END.split(normalise(sentence))
    return [claim for part in parts for claim in _read(part)]


@lru_cache(maxsize=65536)
def _read(text: str) -> tuple[Claim, ...]:
    named = _terms(SKIPPED.sub(lambda match: "_" * len(match[0]), text))
    plain = _without_signs(text, named)
    scope = scopes(plain)
    segments = _segments(text, [span for _, _, span in named])
    claims = []
    for finding, kind, span in named:
        if not any(start <= span[0] < end for start, end in scope.history):
            polarity = _polarity(plain, scope, span)
            claims += _claims(text, segments, finding, kind, polarity, span)
    claims = _alternatives(text, claims)
    claims += normal_claims(text, scope, [claim.span for claim in claims])
    return tuple(_without_repeats(sorted(claims, key=lambda claim: claim.span)))


def _terms(text: str) -> list[tuple[str, str, Span]]:
    """Finding, kind and place of every term; of those that overlap the longest."""
    spans = [
        (finding, kind, match.span())
        for finding, kind, pattern in terms()
        for match in pattern.finditer(text)
    ]
    spans.sort(key=lambda term: (term[2][0] - term[2][1], term[2][0]))
    kept: list[tuple[str, str, Span]] = []
    for term in spans:
        start, end = term[2]
        if all(end <= a or b <= start for _, _, (a, b) in kept):
            kept.append(term)
    return sorted(kept, key=lambda term: term[2])


def _segments(text: str, named: list[Span]) -> list[Span]:
    """The text in parts at commas and "and", each with at least one term where there is one."""
    cuts = [
        match.start()
        for match in _SEGMENT_END.finditer(text)
        if not any(start <= match.start() < end for start, end in named)
    ]
    joined: list[Span] = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        names = any(start <= at < end for at, _ in named)
        named_before = bool(joined) and any(joined[-1][0] <= at < joined[-1][1] for at, _ in named)
        if joined and not (names and named_before):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _claims(
    text: str, segments: list[Span], finding: str, kind: str, polarity: str, span: Span
) -> list[Claim]:
    """The claim that one term makes; none for a disease of the bones in general."""
    if kind == "abnormality" and polarity != ABSENT:
        return []
    if kind == "markings" and polarity == ABSENT:
        finding = "Edema"  # what normal markings exclude
    inferred = kind in ("deformity", "sign") and polarity == PRESENT
    if inferred:
        polarity = UNCERTAIN
    begin, end = next(part for part in segments if part[0] <= span[0] < part[1])
    part = text[begin : max(end, span[1])]
    place = (span[0] - begin, span[1] - begin)
    ignored = ("large", "big") if finding == "Cardiomegaly" else ()
    side = None if finding in _NO_SIDE else attributes.side(part) or _shared_side(text, span)
    return [
        Claim(
            finding,
            polarity,
            side=side,
            severity=attributes.degree(part, place, ignored),
            zone=attributes.zone(part),
            kind=kind if kind in KINDS else "",
            millimetres=attributes.millimetres(part),
            inferred=inferred,
            span=span,
        )
    ]


def _without_signs(text: str, named: list[tuple[str, str, Span]]) -> str:
    """The text without signs of pneumothorax: absent markings; their "no" denies nothing."""
    for finding, _, (start, end) in named:
        if finding == "Pneumothorax" and re.search(r"\bmarkings|vessels", text[start:end]):
            text = text[:start] + "x" * (end - start) + text[end:]
    return text


def _polarity(text: str, scope: Scope, span: Span) -> str:
    inner = text[span[0] : span[1]]
    polarity = scope.polarity(*span)
    if polarity == PRESENT and re.search(r"\b(?:not|no|free of|clear of)\b", inner):
        return ABSENT
    return polarity


def _shared_side(text: str, span: Span) -> str | None:
    """The one side that the clause names for all its findings, before them or at its end."""
    begin = max((match.end() for match in _CLAUSE_END.finditer(text[: span[0]])), default=0)
    closing = _CLAUSE_END.search(text, span[1])
    after = re.search(
        r"\b(?:on|in|at) (?:the )?(?:left|right|both)[\w ]*$|\bbilaterally",
        text[span[1] : closing.start() if closing else len(text)],
    )
    return attributes.side(text[begin : span[0]] + (f" {after[0]}" if after else ""))


def _alternatives(text: str, claims: list[Claim]) -> list[Claim]:
    """ "Atelectasis or infiltrate" is sure of neither."""
    doubted = set()
    for first, second in zip(claims, claims[1:], strict=False):
        between = text[first.span[1] : second.span[0]]
        both = first.polarity == second.polarity == PRESENT and first.finding != second.finding
        if both and len(between) < 30 and re.search(r"(?<![,\w])\s*\bor\b", between):
            doubted |= {first, second}
    return [replace(claim, polarity=UNCERTAIN) if claim in doubted else claim for claim in claims]


def _without_repeats(claims: list[Claim]) -> list[Claim]:
    """Of claims about one finding and polarity, without those that say no more than another."""
    kept: list[Claim] = []
    for claim in claims:
        if not any(_says_no_more(claim, other) for other in kept):
            kept = [other for other in kept if not _says_no_more(other, claim)] + [claim]
    return kept


def _says_no_more(claim: Claim, other: Claim) -> bool:
    pairs = (
        (claim.side, other.side),
        (claim.severity, other.severity),
        (claim.zone, other.zone),
        (claim.kind, other.kind),
        (claim.millimetres, other.millimetres),
    )
    return (claim.finding, claim.polarity) == (other.finding, other.polarity) and all(
        mine in (None, "", its) for mine, its in pairs
    )
