"""Which words of a text drive its score on one film: the score with each left out.

The score is that of the text against its plain negation, as everywhere. Leaving a word out makes
another text, and a model answers to any change of its input; so the same is done with words that
say nothing, as a control: what they change is what a word must exceed to mean something.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.prompts import (
    MAX_PROMPT_CHARACTERS,
    MAX_PROMPTS,
    PromptSet,
    against_negation,
    check_prompt,
)
from core.lrclr.encodings import ImageEncoding

NEUTRAL = frozenset({
    "a", "an", "the", "is", "are", "was", "were", "be", "there", "this", "that", "of",
})  # fmt: skip
"""Words without which a report says the same."""
ADDED = ("there is", "the film shows")
"""Put before a text and taken away again: controls that every text has."""
LONGEST = MAX_PROMPT_CHARACTERS - max(map(len, ADDED)) - 1
"""Characters of a text, so that a control still is a prompt."""
_AT_ONCE = MAX_PROMPTS // 2  # texts a prompt set, each with its negation
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True)
class WordEffect:
    """A word and what the score has by it."""

    word: str
    start: int  # where it stands in the text; -1 of what was put before it
    without: float  # score of the text without it; of what was put before, without it again
    change: float  # score with the word less without: above zero the word raises it
    neutral: bool  # a control


@dataclass(frozen=True)
class WordEffects:
    """The words of a text on one film, in order, and what was put before it."""

    text: str
    score: str  # of `core.inference.zero_shot.SCORES`
    value: float  # of the whole text
    words: tuple[WordEffect, ...]
    added: tuple[WordEffect, ...]

    @property
    def chance(self) -> float:
        """The largest change by a word that says nothing: what others must exceed."""
        return max(abs(one.change) for one in (*self.words, *self.added) if one.neutral)

    def to_json(self) -> dict[str, Any]:
        """text, score, value, chance, words and added, each word as `WordEffect`."""
        return {
            "text": self.text, "score": self.score, "value": self.value, "chance": self.chance,
            "words": [asdict(one) for one in self.words],
            "added": [asdict(one) for one in self.added],
        }  # fmt: skip


def word_effects(
    predictor: Predictor, image: ImageEncoding, text: str, score: str = "lrclr"
) -> WordEffects:
    """Leave out each word of a text in turn; one more text a word, no pass over the image.

    Args:
        image: a batch of 1.
        score: which one, of `core.inference.zero_shot.SCORES`.

    Raises:
        ExplorerError: the text is no prompt, has a single word, or is longer than LONGEST.
    """
    text, places = word_matches(text)
    shorter = [_without(text, place) for place in places]
    whole, *others = _scores(
        predictor, image, [text, *shorter, *(f"{words} {text}" for words in ADDED)], score
    )
    words = tuple(
        WordEffect(place[0], place.start(), other, whole - other, place[0].lower() in NEUTRAL)
        for place, other in zip(places, others, strict=False)
    )
    added = tuple(
        WordEffect(put, -1, whole, other - whole, True)
        for put, other in zip(ADDED, others[len(places) :], strict=True)
    )
    return WordEffects(text, score, whole, words, added)


def word_matches(text: str) -> tuple[str, list[re.Match[str]]]:
    """A text as it is scored, and its words, two at least.

    Raises:
        ExplorerError: the text is no prompt, has a single word, or is longer than LONGEST.
    """
    text = check_prompt(text)
    places = list(_WORD.finditer(text))
    if len(text) > LONGEST:
        raise ExplorerError(
            f'"{text[:30]}..." has {len(text)} characters; to leave its words out one by one, '
            f"shorten it to {LONGEST} at most."
        )
    if len(places) < 2:
        raise ExplorerError(f"“{text}” has a single word: there is nothing left without it.")
    return text, places


def _scores(
    predictor: Predictor, image: ImageEncoding, texts: list[str], score: str
) -> list[float]:
    """Of each text against its plain negation."""
    values: list[float] = []
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        prompts = PromptSet({str(n): against_negation([text]) for n, text in enumerate(some)})
        values += predictor.score(image, prompts)[score][0].tolist()
    return values


def _without(text: str, place: re.Match[str]) -> str:
    """A text without one of its words, in order otherwise.

    >>> _without("No, a small one", _WORD.search("No, a small one"))
    'a small one'
    """
    rest = f"{text[: place.start()]}{text[place.end() :]}"
    return " ".join(rest.split()).lstrip(",;:. ").replace(" ,", ",").replace(" .", ".")
