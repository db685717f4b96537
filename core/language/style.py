"""How a sentence is typed: telegram style, case, full stop, British spelling, abbreviations.

No rule touches a side, a place, a size, a number, a negation or a doubt.
"""

import re

import numpy as np

_BRITISH = (
    (r"\bedema", "oedema"),
    (r"\bEdema", "Oedema"),
    (r"hemothorax", "haemothorax"),
    (r"tumor", "tumour"),
    (r"esophag", "oesophag"),
    (r"hepatization", "hepatisation"),
    (r"cephaliz", "cephalis"),
    (r"visualized", "visualised"),
)
_FILLER = re.compile(r"\b(?:there (?:is|are)|the|an|a|is|are) ", re.IGNORECASE)
_SHORT = (
    (r"\bleft\b(?!-)", "L"),
    (r"\bright\b(?!-)", "R"),
    (r"\bbilateral\b", "bilat"),
    (r"\bfracture\b", "fx"),
    (r"\bcostophrenic\b", "CP"),
    (r"\bwithout\b", "w/o"),
    (r"\bwith\b", "w/"),
    (r"\bpatient\b", "pt"),
)


def restyle(text: str, rng: np.random.Generator) -> str:
    """The same sentence as one of many hands would type it."""
    if rng.random() < 0.2:
        text = british(text)
    if rng.random() < 0.2:
        text = telegram(text)
    if rng.random() < 0.1:
        text = abbreviated(text)
    draw = rng.random()
    if draw < 0.05:
        return text.upper()
    if draw < 0.45:
        text = text[0].upper() + text[1:]
    return text + "." if rng.random() < 0.4 else text


def british(text: str) -> str:
    """British spelling.

    >>> british("no interstitial edema")
    'no interstitial oedema'
    """
    for pattern, other in _BRITISH:
        text = re.sub(pattern, other, text)
    return text


def telegram(text: str) -> str:
    """Without articles and copulas.

    >>> telegram("the heart is enlarged")
    'heart enlarged'
    """
    return _FILLER.sub("", text) or text


def abbreviated(text: str) -> str:
    """Sides and common words as notes shorten them.

    >>> abbreviated("left effusion without fracture")
    'L effusion w/o fx'
    """
    for pattern, other in _SHORT:
        text = re.sub(pattern, other, text)
    return text
