"""Other words for the same sentence: augmentation of texts that keeps every report true.

Each rule drops filler or changes a word for another of the same meaning. None touches a side, a
place, a size, a number, a negation or a doubt, so that what a sentence says, and of which side,
stays.
"""

import re

# Lower case, as `normalise_sentence` leaves it.
_RULES = (
    (re.compile(r"^there (?:is|are) "), ""),
    (re.compile(r"\bno evidence of (?:an? )?"), "no "),
    (re.compile(r"\b(is|are) (?:seen|noted|identified|visible)\b"), r"\1 present"),
    (re.compile(r"\bunremarkable\b"), "normal"),
    (re.compile(r"\bradiograph\b"), "film"),
    (re.compile(r"\b(?:the|an|a) "), ""),
)


def rewordings(sentence: str) -> list[str]:
    """Every other way in which the rules can say it: each rule alone, then all of them.

    >>> rewordings("there is no evidence of a left effusion")[-1]
    'no left effusion'
    """
    every = sentence
    found = []
    for pattern, other in _RULES:
        found.append(pattern.sub(other, sentence))
        every = pattern.sub(other, every)
    said = dict.fromkeys([*found, every])
    return [text for text in said if text and text != sentence]
