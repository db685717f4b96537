"""Which words drive a score on one film, by gradient: integrated gradients of the words' vectors.

All words fade together from what they are to the table's mean vector, which is no word; a word's
part is the gradient along its own fading, averaged on the way (Sundararajan et al., ICML 2017). The
gradient at the text itself says little: towers normalise vectors, which makes it nearly blind to
their length. Leaving a word out (`word_effects`) says what is left without it; the two need not
agree. The same controls stand beside both: words that say nothing.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from core.inference.film_words import words_in
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet, against_negation
from core.inference.regions import word_places
from core.inference.word_effects import ADDED, NEUTRAL, word_matches
from core.inference.zero_shot import scores_of
from core.lrclr.encodings import ImageEncoding, TextEncoding

STEPS = 16
"""Of the way from the mean vector to the words' own."""


@dataclass(frozen=True)
class WordGradient:
    """A word and the slope of the score along it."""

    word: str
    start: int  # where it stands in the text; -1 of what was put before it
    slope: float  # in the score's unit; above zero the score falls as the word fades
    neutral: bool  # a control


@dataclass(frozen=True)
class WordGradients:
    """The words of a text on one film, in order, and what was put before it."""

    text: str
    score: str  # of `core.inference.zero_shot.SCORES`
    words: tuple[WordGradient, ...]
    added: tuple[WordGradient, ...]

    @property
    def chance(self) -> float:
        """The steepest slope along a word that says nothing: what others must exceed."""
        return max(abs(one.slope) for one in (*self.words, *self.added) if one.neutral)

    def to_json(self) -> dict[str, Any]:
        """text, score, chance, words and added, each word as `WordGradient`."""
        return {
            "text": self.text, "score": self.score, "chance": self.chance,
            "words": [asdict(one) for one in self.words],
            "added": [asdict(one) for one in self.added],
        }  # fmt: skip


def word_gradients(
    predictor: Predictor, image: ImageEncoding, text: str, score: str = "lrclr"
) -> WordGradients:
    """The slope along each word of a text; a pass of STEPS texts for it and for each control.

    A text is scored against its plain negation, in which its words stand again: a word's slope is
    the sum of both places.

    Args:
        image: a batch of 1.
        score: which one, of `core.inference.zero_shot.SCORES`.

    Raises:
        ExplorerError: as `word_effects`.
    """
    text, places = word_matches(text)
    slopes = _slopes(predictor, image, text, places, score)
    added = []
    for put in ADDED:
        longer = f"{put} {text}"
        own = [place for place in re.finditer(r"\w+", longer) if place.end() <= len(put)]
        slope = sum(_slopes(predictor, image, longer, own, score))
        added.append(WordGradient(put, -1, slope, True))
    words = (
        WordGradient(place[0], place.start(), slope, place[0].lower() in NEUTRAL)
        for place, slope in zip(places, slopes, strict=True)
    )
    return WordGradients(text, score, tuple(words), tuple(added))


class _Tables(TorchFunctionMode):
    """Fades the vectors that a tower's table of words gives for P texts; a graph begins there.

    A mode holds for its thread alone, so that a model that others use meanwhile stays as it is.
    """

    def __init__(self, words: Tensor, shares: Tensor) -> None:
        super().__init__()
        self.words = words  # (P, T) bool: a tower's own signs do not fade
        self.shares = shares  # (P,), of the way from the mean vector to the word's
        self.ways: list[Tensor] = []  # (P, T, d), of an ensemble one for each member
        self.vectors: list[Tensor] = []  # the same, where they are on the way
        self._rows = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        given = func(*args, **(kwargs or {}))
        if func is not F.embedding or given.ndim != 3 or len(given) != len(self.words):
            return given
        rows = len(args[1])  # words come first; tables of places and segments have other sizes
        self._rows = self._rows or rows
        if rows != self._rows:
            return given
        fading = F.pad(self.words, (0, given.shape[1] - self.words.shape[1]))[..., None]
        self.ways.append((given.detach() - args[1].detach().mean(dim=0)) * fading)
        vectors = given.detach() - (1 - self.shares)[:, None, None] * self.ways[-1]
        self.vectors.append(vectors.requires_grad_())
        return self.vectors[-1]


def _slopes(
    predictor: Predictor, image: ImageEncoding, text: str, places: list[re.Match[str]], score: str
) -> list[float]:
    """Of the words at some places of a text."""
    prompts = PromptSet({"text": against_negation([text])})
    texts, model = prompts.all_texts(), predictor.model
    before, count = model.backbone.unread_places, len(texts)
    with torch.no_grad():
        words = F.pad(model.encode_text(texts, anew=True).mask, (before, 0))
    shares = ((torch.arange(STEPS, device=words.device) + 0.5) / STEPS).repeat_interleave(count)
    with torch.enable_grad():
        # All steps in one pass: two texts at a time leave a tower mostly waiting.
        with _Tables(words.repeat(STEPS, 1), shares) as tables:
            encoded = model.encode_text(texts * STEPS, anew=True)
        steps = (encoded.rows(rows) for rows in torch.arange(count * STEPS).split(count))
        values = [scores_of(model, image, step, prompts)[score][0, 0] for step in steps]
        grown = torch.autograd.grad(torch.stack(values).sum(), tables.vectors)
    parts = [(slope * way).sum(dim=-1) for slope, way in zip(grown, tables.ways, strict=True)]
    along = torch.stack(parts).sum(dim=0).unflatten(0, (STEPS, count)).mean(dim=0)
    slopes = along[:, before:].detach().cpu()  # (P, T)
    totals = [0.0] * len(places)
    for row, own in enumerate(texts):
        for start, slope in _by_place(encoded, row, slopes[row]):
            # The text begins at 0 in itself, and behind "no " in its negation.
            at = start - own.index(prompts["text"].positive[0])
            for number, place in enumerate(places):
                if place.start() <= at < place.end():
                    totals[number] += slope
    return totals


def _by_place(encoded: TextEncoding, row: int, slopes: Tensor) -> list[tuple[int, float]]:
    """Where each word of a text begins, and the sum of its pieces' slopes."""
    words = [(word, pieces) for number, word, pieces in word_places(encoded) if number == row]
    told, at, seen = [], 0, set()
    for piece, number in words_in(encoded.texts[row], [word for word, _ in words]):
        if number is not None and number not in seen:
            seen.add(number)
            told.append((at, float(slopes[words[number][1]].sum())))
        at += len(piece)
    return told
