"""Names of people taken out of a report, those of two letters among them: Li, Wu, Ng, Ho, Vo.

Notable: a part of two letters goes only where it is written with a capital, since "Ho" is a name
and "ho" is none. Where a part is also a word of reports ("No", "He", "NG tube"), a capital is not
enough: it goes after a title, after words such as "by", or beside another part of the name.
"""

import re
from collections.abc import Iterable

_LONG = 3  # letters; a part of so many goes in any case
_WORDS = frozenset(
    word
    for line in ("ah am an as at be by do go he hi if in is it me my no of oh ok on or so to up us",
                 "we")
    for word in line.split()
)  # fmt: skip
"""Words of two letters that begin sentences."""
_SHORT_FORMS = frozenset(
    word
    for line in ("ad af ai al ap as av ba bb ca ck cm co cr ct cv cw da dl dr dx ed ef eg er et fe",
                 "ft fx ga gi gu hr hx ia ie im ir iv kg kv la ld ll lt lv ma md mi ml mm mr ms mv",
                 "ng og or ot pa pe pt px ra rl rn rt ru rv rx sc st sv tb tr tv us vp vs")
    for word in line.split()
)  # fmt: skip
"""What reports write in capitals, above all of devices and projections."""
_DEVICE = re.compile(
    r"[ \t-]*(?:tubes?|catheters?|lines?|feeding|suction|scans?|views?|films?|projections?)\b", re.I
)
_TITLE = re.compile(
    r"\b(?:(?:mr|mrs|ms|miss|mx|dr|prof|doctor|professor|herr|frau|mme)\.?"
    r"|(?:name|patient|pt|physician|doctor):)[ \t]+\Z",
    re.IGNORECASE,
)
_BEFORE_A_NAME = re.compile(
    r"\b(?:by|with|from|for|that|[Pp]atient|called|told|notified|informed|saw)[ \t]+\Z"
)
"""A capital after one of these is no beginning of a sentence."""
_BETWEEN = r"[ \t]*[,^-]?[ \t]*"


def without_names(text: str, names: Iterable[str], instead: str) -> str:
    """A text in which each part of each name is replaced, and whole names in any order.

    Args:
        names: values of name fields, as `DOE^JANE`, `Doe, Jane` or `Jane Doe`.

    >>> without_names("Ms Li Wei: NG tube. No change. LI seen by Dr. No.", ["LI^WEI", "No"], "X")
    'Ms X: NG tube. No change. X seen by Dr. X.'
    """
    parts = {part.lower() for name in names for part in re.split(r"[\W\d_]+", name)}
    known = sorted((re.escape(part) for part in parts if _counts(part)), key=len, reverse=True)
    if not known:
        return text
    part = f"(?:{'|'.join(known)})"
    run = re.compile(rf"(?<!\w){part}(?:{_BETWEEN}{part})*(?!\w)", re.IGNORECASE)
    one = re.compile(part, re.IGNORECASE)

    def replace(match: re.Match[str]) -> str:
        words = list(re.finditer(r"\w+", match.group()))
        if len(words) > 1 and _is_whole_name([word.group() for word in words]):
            return instead
        pieces, at = [], 0
        for word in words:
            place = match.start() + word.start()
            goes = _is_name(text, place, one.findall(word.group()))
            pieces += [match.group()[at : word.start()], instead if goes else word.group()]
            at = word.end()
        return "".join(pieces)

    return run.sub(replace, text)


def _counts(part: str) -> bool:
    """Whether a part is more than an initial; in a script without capitals one sign is a name."""
    return len(part) > 1 or bool(part) and part.lower() == part.upper()


def _is_whole_name(words: list[str]) -> bool:
    """Whether words beside each other are a name: "li wu" is, "in an" and "Wu, no" are not."""
    capitals = {word[0].isupper() for word in words}
    if len(capitals) > 1 or len({word.lower() for word in words}) == 1:
        return False
    return capitals == {True} or not all(word.lower() in _WORDS for word in words)


def _is_name(text: str, start: int, parts: list[str]) -> bool:
    """Whether the word that begins there, of one part or several without a space, is a name."""
    word = "".join(parts)
    if len(parts) > 1 and len(word) <= 2 * 2 and word.lower() != word.upper():
        # A short one can be any word, as "Lung" of Lu and Ng.
        return all(part.istitle() for part in parts) or _stands_for_a_name(text, start)
    if len(word) >= _LONG or len(word) == 2 and word.lower() == word.upper():
        return True
    if not word[0].isupper():
        return False
    short_form = word.lower() in _SHORT_FORMS
    if short_form and _DEVICE.match(text, start + len(word)):
        return False
    if word.lower() in _WORDS or short_form and word.isupper():
        return _stands_for_a_name(text, start)
    return True


def _stands_for_a_name(text: str, start: int) -> bool:
    """After a title, or with a capital where no sentence begins."""
    if _TITLE.search(text, max(start - 20, 0), start):
        return True
    titled = text[start : start + 2].istitle()
    return titled and bool(_BEFORE_A_NAME.search(text, max(start - 20, 0), start))
