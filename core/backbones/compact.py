"""The demo backbone: frozen stem, small ViT, adapted MiniLM; small enough to ship and train.

Our own, not the paper's. The image tower keeps the projected output of its convolutional stem as
*local* features: tokens taken before any attention still stand for their own place (docs/method.md,
section 2). The text tower is a frozen MiniLM with a trained two-layer adapter, since frozen
sentence features place "no pneumothorax" beside "pneumothorax". What is frozen is computed once.
"""

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.base import Backbone, Entry, ImageTokens, Taps, TextTokens
from core.backbones.block import Block
from core.backbones.lite_stem import CHANNELS, STRIDE, LiteStem
from core.backbones.minilm import CONTEXT, WIDTH, WordFeatures, load_minilm
from core.preprocessing import Preprocess
from core.progress import Progress


@dataclass(frozen=True)
class CompactConfig:
    """Sizes of the compact backbone; the defaults are those of `demo-base`."""

    image_size: int = 224
    width: int = 256
    depth: int = 4
    heads: int = 4
    text_depth: int = 2
    embed_dim: int = 256

    def to_dict(self) -> dict[str, object]:
        """As plain JSON values."""
        return asdict(self)


class CompactTextTower(nn.Module):
    """Two trained blocks over frozen MiniLM word features."""

    def __init__(self, width: int, depth: int, heads: int, embed_dim: int) -> None:
        super().__init__()
        self.norm_in = nn.LayerNorm(WIDTH)
        self.project_in = nn.Linear(WIDTH, width)
        self.position = nn.Parameter(torch.randn(CONTEXT, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm_out = nn.LayerNorm(width)
        self.project_out = nn.Linear(width, embed_dim)

    def forward(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Map frozen (P, T, 384) and mask (P, T) to words (P, T, d) and text_features (P, d)."""
        tokens = self.project_in(self.norm_in(features)) + self.position[: features.shape[1]]
        hidden = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, float("-inf"))
        bias = hidden[:, None, None, :]  # (P, 1, 1, T): no token attends to padding
        for block in self.blocks:
            tokens = block(tokens, bias.expand(-1, -1, mask.shape[1], -1))
        words = self.project_out(self.norm_out(tokens))
        weight = mask.to(words.dtype)[..., None]
        return words, (words * weight).sum(dim=1) / weight.sum(dim=1)


class CompactBackbone(Backbone):
    """See the module; `config.depth` counts the ViT blocks, the last of which gives the CLS."""

    stem: LiteStem
    general_words = False
    unread_places = 1

    def __init__(self, config: CompactConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or CompactConfig()
        self.stem = LiteStem()
        side = config.image_size // STRIDE
        self.name = "compact"
        self.preprocess = Preprocess(
            size=config.image_size, mean=(127.5,), std=(127.5,), channels=1
        )
        self.grid = (side, side)
        self.depth, self.heads, self.width = config.depth, config.heads, config.width
        self.local_width, self.embed_dim = config.width, config.embed_dim
        self.context_length = CONTEXT
        # Of the stem's channels, set by `centre`; linear bottlenecks differ tenfold in scale.
        self.stem_mean = nn.Buffer(torch.zeros(CHANNELS))
        self.stem_std = nn.Buffer(torch.ones(CHANNELS))
        self.patch_projection = nn.Linear(CHANNELS, config.width)
        self.cls_token = nn.Parameter(torch.zeros(config.width))
        self.position = nn.Parameter(torch.randn(side * side, config.width) * 0.02)
        self.blocks = nn.ModuleList(Block(config.width, config.heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.projection = nn.Linear(config.width, config.embed_dim)
        self.text = CompactTextTower(
            config.width, config.text_depth, config.heads, config.embed_dim
        )
        self.logit_scale = nn.Parameter(torch.tensor(math.log(10.0)))

    def describe(self) -> dict[str, Any]:
        """See `Backbone.describe`."""
        return {"kind": "compact", **self.config.to_dict()}

    @property
    def tokenizer_name(self) -> str:
        """See `Backbone.tokenizer_name`."""
        return f"MiniLM's word pieces, before {len(self.text.blocks)} trained blocks"

    def image_tokens(
        self,
        pixels: Tensor,
        attn_layers: Sequence[int] = (),
        keep: float = 1.0,
        entering: Sequence[Entry] = (),
    ) -> ImageTokens:
        """See `Backbone.image_tokens`; takes what `stem` made of the images, too.

        `keep` below 1 drops that share of the patch tokens at random before attention (patch
        dropout, Li et al., CVPR 2023): cheaper steps, for training only. `local` stays whole.
        """
        maps = pixels if pixels.shape[1] == CHANNELS else self.stem(pixels)  # (B, 272, h, w)
        patches = (maps.flatten(2).transpose(1, 2) - self.stem_mean) / self.stem_std
        grid = (maps.shape[2], maps.shape[3])
        taps = Taps(entering)
        local = taps("local", self.patch_projection(patches) + self._position(grid))
        # A CLS token that starts from the mean of its patches is trained from the first step.
        cls_token = (self.cls_token + local.mean(dim=1))[:, None]
        patches, kept = local, None
        if keep < 1:
            count = local.shape[1]
            kept = torch.randperm(count, device=local.device)[: max(int(count * keep), 1)]
            patches = local[:, kept]
        tokens = torch.cat([cls_token, patches], dim=1)  # (B, 1 + N, D)
        attn_weights, early = {}, patches
        tokens = taps(0, tokens)
        for layer, block in enumerate(self.blocks[:-1]):
            if layer in attn_layers:
                assert isinstance(block, Block)
                tokens, attn_weights[layer] = block.attend(tokens)
            else:
                tokens = block(tokens)
            tokens = taps(layer + 1, tokens)
            if layer == 0:
                early = tokens[:, 1:]
        return ImageTokens(tokens, attn_weights, local, early, grid, kept, taps.tokens)

    def _position(self, grid: tuple[int, int]) -> Tensor:
        """(N, D) of a grid (h, w); interpolated where training shows images of another size."""
        if grid == self.grid:
            return self.position
        whole = self.position.T.unflatten(1, self.grid)[None]  # (1, D, H, W)
        return F.interpolate(whole, grid, mode="bicubic", align_corners=False)[0].flatten(1).T

    @property
    def final_block(self) -> nn.Module:
        """See `Backbone.final_block`."""
        return self.blocks[-1]

    def attend(self, block: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.attend`."""
        assert isinstance(block, Block)
        return block.attend(tokens)

    def finish(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.finish`."""
        return self.read_out(self.blocks[-1](tokens))

    def read_out(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.read_out`; the CLS is the image's embedding."""
        joint = self.project(tokens)
        return joint[:, 0], joint[:, 1:]

    def value_path(self, tokens: Tensor) -> Tensor:
        """See `Backbone.value_path`."""
        last = self.blocks[-1]
        assert isinstance(last, Block)
        return self.project(last.value_path(tokens))

    def text_tokens(self, texts: Sequence[str]) -> TextTokens:
        """See `Backbone.text_tokens`."""
        return self._read(load_minilm().encode(texts))

    def read_anew(self, texts: Sequence[str]) -> TextTokens:
        """See `Backbone.read_anew`."""
        return self._read(load_minilm().encode_anew(texts))

    def _read(self, frozen: WordFeatures) -> TextTokens:
        device = self.cls_token.device
        mask = frozen.mask.to(device)
        words, text_features = self.text(frozen.features.to(device), mask)
        return TextTokens(words, mask, text_features, frozen.pieces)

    def hide(self, inputs: Tensor, cells: Tensor) -> Tensor:
        """See `Backbone.hide`; takes what `stem` made of the images, too."""
        if inputs.shape[1] != CHANNELS:
            return super().hide(inputs, cells)
        return torch.where(cells[:, None], self.stem_mean[:, None, None], inputs)

    def remember(self, texts: Sequence[str], progress: Progress | None = None) -> None:
        """See `Backbone.remember`."""
        load_minilm().remember(texts, progress)

    @torch.no_grad()
    def centre(self, pixels: Tensor, texts: Sequence[str]) -> None:
        """Standardise the stem's channels, and start with embeddings whose mean is zero.

        A random tower gives every image nearly the same embedding, and every sentence too; contrast
        then spends its first thousand steps on finding a difference at all.

        Args:
            pixels: (B, ...), some dozens of images as `image_tokens` takes them.
            texts: some dozens of sentences.
        """
        maps = pixels if pixels.shape[1] == CHANNELS else self.stem(pixels)
        self.stem_mean.copy_(maps.mean(dim=(0, 2, 3)))
        self.stem_std.copy_(maps.std(dim=(0, 2, 3)).clamp(min=1e-3))
        image_features, _ = self.finish(self.image_tokens(maps).tokens)
        self.projection.bias.sub_(image_features.mean(dim=0))
        self.text.project_out.bias.sub_(self.text_tokens(texts).text_features.mean(dim=0))

    def last_block(self) -> nn.Module:
        """A copy of the last block, (B, n, D) to (B, n, D)."""
        return deepcopy(self.blocks[-1])

    def take_last_block(self, block: nn.Module) -> None:
        """Put a trained copy of the last block in its place."""
        self.blocks[-1] = block

    def project(self, tokens: Tensor) -> Tensor:
        """Final LN and projection, (B, n, D) to (B, n, d)."""
        return self.projection(self.norm(tokens))
