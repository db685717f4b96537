"""The score that gradient methods explain."""

import torch
from torch import Tensor
from torch.nn import functional as F

from core.lrclr.encodings import TextEncoding
from core.lrclr.model import LRCLR


class TextScore(torch.nn.Module):
    """Images (B, C, S, S) to the cosine (B,) of g_I with the mean of the texts."""

    def __init__(self, model: LRCLR, texts: TextEncoding) -> None:
        super().__init__()
        self.model = model
        self.anchor = F.normalize(texts.text_features.mean(dim=0), dim=0)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.model.encode_image(pixels).image_features @ self.anchor
