"""One CLIP-type model behind the `Backbone` interface: an image trunk, a text reader, statistics.

Notable: attention is captured in the same pass and only in the blocks asked for; the towers' own
modules do everything else, so that tokens and embeddings are the library's to the last bits.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from core.backbones.base import Backbone, Entry, ImageTokens, Taps, TextTokens
from core.errors import ExplorerError
from core.preprocessing import Preprocess


class Trunk(Protocol):
    """A library's image tower, opened up; C is `prefix`."""

    blocks: Sequence[nn.Module]
    heads: int
    width: int
    grid: tuple[int, int]
    patch: int  # side in pixels
    prefix: int

    def embed(self, pixels: Tensor) -> Tensor:
        """Tokens (B, C + N, D) that enter the first block."""

    def attend(self, block: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The block as the library runs it, and its attention (B, H, C + N, C + N)."""

    def value_path(self, block: Any, tokens: Tensor) -> Tensor:
        """Value and output projection of the block's attention, (B, n, D)."""

    def pool(self, tokens: Tensor) -> Tensor:
        """The library's pooling and projection, (B, C + n, D) to (B, d)."""

    def project(self, tokens: Tensor) -> Tensor:
        """Final norm and projection of every token, (B, n, D) to (B, n, d)."""


class Reader(Protocol):
    """A library's text tower with its tokenizer."""

    context_length: int
    tokenizer: Any

    def read(self, texts: Sequence[str]) -> TextTokens:
        """Word tokens and embedding of P texts."""

    def save(self, folder: Path) -> None:
        """Write what is needed to read texts again, but for the weights."""


class ClipBackbone(Backbone):
    """See the module."""

    # Views of parts of `model`, no modules of their own.
    trunk: Trunk
    reader: Reader

    def __init__(
        self,
        model: nn.Module,
        trunk: Trunk,
        reader: Reader,
        preprocess: Preprocess,
        origin: dict[str, Any],
    ) -> None:
        super().__init__()
        self.model, self.trunk, self.reader = model, trunk, reader
        self.name = str(origin["kind"])
        self.origin = origin
        covered = trunk.grid[0] * trunk.patch
        rest = covered != preprocess.size
        self.preprocess = replace(preprocess, covered=covered) if rest else preprocess
        self.grid, self.heads, self.width = trunk.grid, trunk.heads, trunk.width
        self.prefix, self.depth = trunk.prefix, len(trunk.blocks)
        with torch.no_grad():
            probe = torch.zeros(1, 1, self.width)
            self.embed_dim = self.local_width = int(self.project(probe).shape[-1])
        self.context_length = reader.context_length

    @property
    def logit_scale(self) -> nn.Parameter:  # type: ignore[override]
        """The model's own log temperature."""
        scale = self.model.logit_scale
        assert isinstance(scale, nn.Parameter)
        return scale

    def describe(self) -> dict[str, Any]:
        """See `Backbone.describe`."""
        return self.origin

    @property
    def tokenizer_name(self) -> str:
        """See `Backbone.tokenizer_name`."""
        inner = getattr(self.reader.tokenizer, "tokenizer", self.reader.tokenizer)
        size = getattr(inner, "vocab_size", None)
        return type(inner).__name__ + (f", {size} pieces" if size else "")

    def save_text_files(self, folder: Path) -> None:
        """See `Backbone.save_text_files`."""
        self.reader.save(folder)

    def image_tokens(
        self,
        pixels: Tensor,
        attn_layers: Sequence[int] = (),
        keep: float = 1.0,
        entering: Sequence[Entry] = (),
    ) -> ImageTokens:
        """See `Backbone.image_tokens`; `local` is `value_path`, as in MaskCLIP."""
        if keep < 1:
            raise ExplorerError("Patch dropout (--keep below 1) works with the compact model only.")
        tokens = self._embed(pixels)
        attn_weights, early = {}, tokens[:, self.prefix :]
        taps = Taps(entering)
        tokens = taps(0, tokens)
        for layer, block in enumerate(self.trunk.blocks[:-1]):
            if layer in attn_layers:
                tokens, attn_weights[layer] = self.trunk.attend(block, tokens)
            else:
                tokens = block(tokens)
            tokens = taps(layer + 1, tokens)
            if layer == 0:
                early = tokens[:, self.prefix :]
        local = taps("local", self.value_path(tokens[:, self.prefix :]))
        return ImageTokens(tokens, attn_weights, local, early, self.grid, entering=taps.tokens)

    def value_path(self, tokens: Tensor) -> Tensor:
        """See `Backbone.value_path`."""
        return self.project(self.trunk.value_path(self.trunk.blocks[-1], tokens))

    def _embed(self, pixels: Tensor) -> Tensor:
        """The tokens of the first block, in the precision that autocast gives the towers.

        The patch convolution stays in float32: it is a hundredth of the work, and in bfloat16 its
        gradient takes a CPU ten times as long.
        """
        device = pixels.device.type
        with torch.autocast(device, enabled=False):
            tokens = self.trunk.embed(pixels)
        if torch.is_autocast_enabled(device):
            tokens = tokens.to(torch.get_autocast_dtype(device))
        return tokens

    @property
    def final_block(self) -> nn.Module:
        """See `Backbone.final_block`."""
        return self.trunk.blocks[-1]

    def attend(self, block: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.attend`."""
        return self.trunk.attend(block, tokens)

    def finish(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.finish`."""
        return self.read_out(self.trunk.blocks[-1](tokens))

    def read_out(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.read_out`."""
        return self.trunk.pool(tokens), self.project(tokens[:, self.prefix :])

    def text_tokens(self, texts: Sequence[str]) -> TextTokens:
        """See `Backbone.text_tokens`."""
        return self.reader.read(texts)

    def last_block(self) -> nn.Module:
        """See `Backbone.last_block`."""
        return deepcopy(self.trunk.blocks[-1])

    def project(self, tokens: Tensor) -> Tensor:
        """See `Backbone.project`."""
        return self.trunk.project(tokens)
