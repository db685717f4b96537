"""The score that a map explains, as a function of an image's encoding."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from core.inference.prompts import FindingPrompts, PromptSet
from core.inference.zero_shot import scores_of
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR


class Target(Protocol):
    """One number for each image, differentiable by whatever the encoding was computed from."""

    @property
    def texts(self) -> TextEncoding:
        """The texts it is about, at least one."""

    def __call__(self, model: LRCLR, images: ImageEncoding) -> Tensor:
        """Scores (B,) of B images."""


@dataclass(frozen=True)
class GlobalCosine:
    """Cosine of the image with the mean of the texts."""

    texts: TextEncoding

    def __call__(self, model: LRCLR, images: ImageEncoding) -> Tensor:
        """See `Target`."""
        mean = F.normalize(self.texts.text_features.mean(dim=0), dim=0)
        return model.cosines(images, mean[None]).mean(dim=0)[:, 0]


@dataclass(frozen=True)
class ZeroShotScore:
    """A zero-shot score of one finding, as the pages and `evaluate` print it."""

    score: str  # of `core.inference.zero_shot.SCORES`
    sides: TextEncoding  # positive and negative prompts
    prompts: FindingPrompts

    @property
    def texts(self) -> TextEncoding:
        """The positive prompts, which regions are weighed for."""
        return self.sides.rows(torch.arange(len(self.prompts.positive)))

    def __call__(self, model: LRCLR, images: ImageEncoding) -> Tensor:
        """See `Target`."""
        return self.every(model, images)[self.score]

    def every(self, model: LRCLR, images: ImageEncoding) -> dict[str, Tensor]:
        """All scores (B,) of B images, of one reading."""
        scores = scores_of(model, images, self.sides, PromptSet({"finding": self.prompts}))
        return {name: column[:, 0] for name, column in scores.items()}


def zero_shot_score(
    score: str, prompts: FindingPrompts, encode: Callable[[list[str]], TextEncoding]
) -> ZeroShotScore:
    """A finding's score.

    Args:
        encode: of texts, such as a predictor's, which remembers them.
    """
    return ZeroShotScore(score, encode([*prompts.positive, *prompts.negative]), prompts)
