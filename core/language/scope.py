"""Negation and doubt: which words of a sentence they reach (after NegEx, Chapman et al., 2001)."""

import re
from dataclasses import dataclass

from core.language.claim import ABSENT, PRESENT, UNCERTAIN

_TERMINATOR = (
    r";|\.\s|:\s(?!none|no\b|absent|negative|nil)|\bbut\b|\bhowever\b|\balthough\b|\bthough\b|"
    r"\bexcept\b|\bwhile\b|\bwhereas\b|\bother than\b|\bapart from\b|\baside from\b|\botherwise\b|"
    r"\bwhich\b|\bsecondary to\b|\bdue to\b|\band (?=there (?:is|are)\b)|"
    r",? ?(?<!consistent )(?<!compatible )\bwith (?=(?:a |an |the |some |mild|small|moderate|"
    r"large|residual|associated|stable|"
    r"possible|low|heart|no\b|subsequent|cardiac|blunting))|"
    r"(?:,| and) (?=(?:the |a |an |there|mild|small|moderate|large|stable|unchanged|no |possible|"
    r"minimal|right |left |bilateral |xxxx right|severe|slight)[^,;]*$)"
)
_BREAK = re.compile(_TERMINATOR)

_LISTED = re.compile(r"\b(?:or|nor)\b")

NO = re.compile(
    r"\bno\b(?! longer|(?: significant| interval)* change)|\bnot\b|\bwithout\b|"
    r"\bnegative for\b|\bfree of\b|\bclear of\b|\babsence of\b|"
    r"\bdevoid of\b|\bneither\b|\bnever\b|\black of\b|\blacks?\b|\bruled out for\b|\bneg for\b|"
    r"\bnone of\b|\bnothing\b|\bresolution of\b|\bresolved\b(?=\s\w)|\bdenies\b|\bnil\b(?=\s\w)|"
    r"w/o\b|\bexcludes?\b|"
    r"\bcontains? no\b|\bfail(?:s|ed)? to (?:show|demonstrate|reveal)"
)  # fmt: skip
"""What denies the words after it."""

NO_AFTER = re.compile(
    r"(?:\b(?:is|are|was|were|has|have)(?: been)? )?"
    r"(?:\bnot\b(?: \w+)?(?: \w+)? (?:seen|identified|"
    r"demonstrated|visuali[sz]ed|visible|present|noted|evident|appreciated|apparent|detected|found|"
    r"shown|observed|there|suspected|discernible)|\babsent\b|\bresolved\b|\bruled out\b|"
    r"\bexcluded\b|"
    r"\bno longer\b|\bcleared\b|\bunlikely\b)|"
    r"[:?] ?(?:none|absent|negative(?! for)|nil)\b|[:?] ?no$|"
    r"\b(?:is|are) (?:(?:negative|nil|none)\b(?! for)|(?:all )?(?:lacking|missing|refuted)\b)|"
    r"\bnil$|\bcan ?not be seen\b|\bneg(?:ative)?$|\bnot (?:enlarged|increased|blunted)"
)
"""What denies the words before it."""

DOUBT = re.compile(
    r"\bpossib(?:le|ly|ility)\b|\bprobabl[ey]\b|\blikely\b|\bquestion(?:able|ed|ably|s)?\b|"
    r"\bsuspicious (?:for|of)\b|\bsuspicion\b|\bsuspect(?:ed)?\b|\bmay\b|\bmight\b|\bcould\b|"
    r"\bconcern(?:ing)?\b|"
    r"\bcan ?not (?:\w+ )*?exclude\b|\b(?:can|could) not (?:\w+ )*?exclude\b|\bcannot rule out\b|"
    r"\bnot (?:entirely |completely )?exclude\b|\bsuggest\w*|\bequivocal\b|\bversus\b|\bvs\b|"
    r"\bdifferential\b|\bconsider\b|\brule out\b|\br/o\b|\bperhaps\b|\bpresum\w+|\bborderline\b|"
    r"\bupper limits?(?: of)? normal\b|\btop[ -]normal\b|\bindetermina\w+|\bpotential(?:ly)?\b|"
    r"\?(?! ?(?:no|none|nil|negative|absent)\b)|"
    r"\bworrisome\b|\braises?\b|\bhint of\b|\bevaluate for\b|\bdoubtful\b|\bunclear\b|\bmaybe\b"
)
"""What puts the words after it in doubt."""

DOUBT_AFTER = re.compile(
    r"(?:can(?: ?not|'t)|could not|difficult to|hard to|not)(?: be)?(?: \w+){0,2}? "
    r"(?:exclude|rule)d?(?: out)?|"
    r"(?:is|are|remains?)(?: a)?(?: \w+)? (?:possible|suspected|possibility|questioned|likely|"
    r"probable|in question|a possibility|questionable|equivocal)|may be (?:present|there)|\?$|"
    r"not (?:entirely |completely )?excluded|\bversus\b|\bvs\b|\bsuspected$|\bpossible$|\blikely$|"
    r"\bupper limits?(?: of)? normal\b|\bborderline\b|\btop[ -]normal\b"
)  # fmt: skip
"""What puts the words before it in doubt."""

_CAUSE = re.compile(r"(?: (?:be )?(?:due to|secondary to|related to|from))?")
"""What a doubt may begin with: "possibly due to edema"."""

_DENIED_DOUBT = re.compile(r"\b(?:no|without|nothing|not)(?: (?!opac|change)\w+){0,3} $")
"""Before "suggest" or "suspicious for": such a doubt denies."""

_HISTORY = re.compile(r"\bhistory of\b|\bclinical\b|\bindication\b|\bevaluat(?:e|ion) (?:for|of)\b")


@dataclass(frozen=True)
class Scope:
    """Stretches of a text that are denied or doubted, and those that tell of other times."""

    denied: list[tuple[int, int]]
    doubted: list[tuple[int, int]]
    history: list[tuple[int, int]]

    def polarity(self, start: int, end: int) -> str:
        """What the sentence makes of the term at start:end; doubt counts before denial."""
        middle = (start + end) // 2
        if any(a <= middle < b for a, b in self.doubted):
            return UNCERTAIN
        if any(a <= middle < b for a, b in self.denied):
            return ABSENT
        return PRESENT


def scopes(text: str) -> Scope:
    """Where negation and doubt hold in a text, already in lower case."""
    doubted, taken = [], []
    for match in DOUBT_AFTER.finditer(text):
        doubted.append((_back(text, match.start()), match.start()))
        taken.append(match.span())
    for match in DOUBT.finditer(text):
        if _DENIED_DOUBT.search(text[: match.start()]) and match[0] not in ("versus", "vs"):
            continue
        doubted.append((match.start(), _forward(text, _past_cause(text, match.end()))))
        taken.append(match.span())
        if match[0] in ("versus", "vs"):
            doubted.append((_nearest_back(text, match.start()), match.start()))
    denied = []
    for match in NO_AFTER.finditer(text):
        if not _inside(match.start(), taken):
            denied.append((_back(text, match.start()), match.start()))
            taken.append(match.span())
    for match in NO.finditer(text):
        if not _inside(match.start(), taken):
            denied.append((match.start(), _forward(text, match.end())))
    history = [(m.start(), _forward(text, m.end())) for m in _HISTORY.finditer(text)]
    return Scope(denied, doubted, history)


def _inside(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _past_cause(text: str, start: int) -> int:
    cause = _CAUSE.match(text, start)
    return cause.end() if cause else start


def _forward(text: str, start: int) -> int:
    """Where what begins at `start` ends: at a word that turns, or at a comma that opens anew."""
    for match in _BREAK.finditer(text, start):
        opens = match[0].startswith((",", " and"))
        if opens and _LISTED.search(text, match.end()):
            continue  # "no consolidation, the effusion or ...": a list goes on
        return match.start()
    return len(text)


def _back(text: str, end: int) -> int:
    """Where the clause that ends at `end` begins."""
    begin = 0
    for match in re.finditer(
        r";|\.\s|\bbut\b|\bhowever\b|\bthough\b|\bwhich\b|, (?:and )?", text[:end]
    ):
        begin = match.end()
    return begin


def _nearest_back(text: str, end: int) -> int:
    """Where the noun phrase before `end` begins: after "compatible with", a comma, or a verb."""
    begin = 0
    pattern = r";|,|\bwith\b|\bfor\b|\bis\b|\bare\b|\brepresents?\b|\bof\b"
    for match in re.finditer(pattern, text[:end]):
        begin = match.end()
    return begin
