"""Cross-modality transformer: one stream over the image, its selected regions and a text.

The nearest to the paper's figure, kept for the preset `published`; `region_reader` is what won.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.block import Block

_FREQUENCIES = 8
PLACE_FEATURES = 4 * _FREQUENCIES


class Fused(NamedTuple):
    """What the transformer says of B image-text pairs."""

    match_logit: Tensor  # (B,), "this text belongs to this image"
    region_weights: Tensor  # (B, K), rows sum to 1


def sincos_2d(centres: Tensor) -> Tensor:
    """Sine-cosine features (..., 32) of patch centres (..., 2) in [0, 1]; any grid will do."""
    scale = torch.pi * 2.0 ** torch.arange(_FREQUENCIES, device=centres.device)
    phase = (centres[..., None] * scale).flatten(-2)  # (..., 16)
    return torch.cat([phase.sin(), phase.cos()], dim=-1)


class CrossModalityTransformer(nn.Module):
    """Pre-LN encoder on [g_I; r_1..r_K; w_1..w_T; g_T] with type and 2-D position embeddings.

    Our reconstruction adds one thing to plain attention: the logits from text tokens to regions
    carry `beta * cosine`, since cosine similarity localises where dot products do not (RadZero).
    """

    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.types = nn.Parameter(torch.randn(4, width) * 0.02)  # image, region, word, text
        self.place = nn.Linear(PLACE_FEATURES, width)
        self.scale_in = nn.Parameter(torch.tensor(math.sqrt(width)))  # inputs are unit vectors
        self.log_beta = nn.Parameter(torch.tensor(math.log(10.0)))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.match = nn.Linear(width, 1)

    def forward(
        self, image: Tensor, regions: Tensor, centres: Tensor, words: Tensor, mask: Tensor,
        text: Tensor,
    ) -> Fused:
        """Fuse row-paired images and texts.

        Args:
            image: g_I (B, d); regions: (B, K, d); text: g_T (B, d); all L2-normalised.
            centres: (B, K, 2), region centres (x, y) in [0, 1].
            words: (B, T, d) L2-normalised; mask: (B, T) bool, True at words.
        """
        count = regions.shape[1]
        parts = [image[:, None], regions, words, text[:, None]]
        tokens = torch.cat(
            [part * self.scale_in + kind for part, kind in zip(parts, self.types, strict=True)],
            dim=1,
        )
        place = self.place(sincos_2d(centres))
        tokens = tokens + F.pad(place, (0, 0, 1, tokens.shape[1] - 1 - count))
        bias = self._bias(regions, words, mask, text)
        for block in self.blocks[:-1]:
            tokens = block(tokens, bias)
        last = self.blocks[-1]
        assert isinstance(last, Block)
        tokens, attn_weights = last.attend(tokens, bias)  # (B, H, n, n)
        over_regions = attn_weights[:, :, -1, 1 : 1 + count].mean(dim=1)  # (B, K)
        weights = over_regions / over_regions.sum(dim=1, keepdim=True).clamp(min=1e-12)
        return Fused(self.match(self.norm(tokens[:, 0]))[:, 0], weights)

    def _bias(self, regions: Tensor, words: Tensor, mask: Tensor, text: Tensor) -> Tensor:
        """(B, 1, n, n): beta * cosine from text tokens to regions, -inf at padding."""
        queries = torch.cat([words, text[:, None]], dim=1)  # (B, T + 1, d)
        cosine = self.log_beta.exp() * (queries @ regions.transpose(1, 2))  # (B, T + 1, K)
        count, length = regions.shape[1], mask.shape[1]
        rest = 1 + count  # rows of the image and its regions come first
        bias = F.pad(cosine, (1, length + 1, rest, 0))  # (B, n, n)
        hidden = F.pad(~mask, (rest, 1))  # (B, n)
        return bias.masked_fill(hidden[:, None], float("-inf"))[:, None]
