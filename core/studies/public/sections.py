"""Sections of a radiology report in free text, as MIMIC-CXR has them."""

import re

_HEADER = re.compile(r"^[ \t]*([A-Z][A-Z ()/,&-]{2,60}):", re.MULTILINE)


def read_sections(text: str) -> dict[str, str]:
    """Text of each section by its header in lower case, lines joined; "" is what comes before.

    A header is a line's beginning in capitals up to a colon, as in MIT-LCP's own parser; sections
    of one name follow one another.

    >>> read_sections("FINDINGS:  Clear\\n lungs.\\n\\n IMPRESSION: Normal.")
    {'findings': 'Clear lungs.', 'impression': 'Normal.'}
    """
    headers = [*_HEADER.finditer(text)]
    starts = [0, *(header.end() for header in headers)]
    ends = [*(header.start() for header in headers), len(text)]
    names = ["", *(" ".join(header[1].lower().split()) for header in headers)]
    sections: dict[str, str] = {}
    for name, start, end in zip(names, starts, ends, strict=True):
        body = " ".join(text[start:end].split())
        if body:
            sections[name] = f"{sections[name]} {body}" if name in sections else body
    return sections


def described(text: str) -> str:
    """What a report says of the image: findings, then impression; without both its last paragraph.

    >>> described(" INDICATION: Cough.\\n\\n As compared to the prior,\\n no change.")
    'As compared to the prior, no change.'
    """
    found, concluded = [], []
    for name, body in read_sections(text).items():
        if name.startswith("finding"):
            found.append(body)
        elif "impression" in name or name.startswith("conclusion"):
            concluded.append(body)
    if found or concluded:
        return "\n".join(found + concluded)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    last = next((part for part in reversed(paragraphs) if part), "")
    return _HEADER.sub("", last).strip()
