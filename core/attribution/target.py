"""The score that a map explains, as a function of an image's encoding."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor
from torch.nn import functional as F

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
    """Cosine of g_I with the mean of the texts."""

    texts: TextEncoding

    def __call__(self, model: LRCLR, images: ImageEncoding) -> Tensor:
        """See `Target`."""
        return images.image_features @ F.normalize(self.texts.text_features.mean(dim=0), dim=0)
