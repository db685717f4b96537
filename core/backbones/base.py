"""What LRCLR needs of a pretrained image-text model, and nothing else."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.preprocessing import Preprocess
from core.progress import Progress

Entry = int | Literal["local"]
"""A place in an image tower: the tokens that enter a 0-based block, or `ImageTokens.local`."""


@dataclass(frozen=True)
class ImageTokens:
    """An image tower stopped before its last block."""

    tokens: Tensor  # (B, C + N, D) entering the last block, CLS (if any, `Backbone.prefix`) first
    attn_weights: dict[int, Tensor]  # (B, H, C + N, C + N) of the 0-based blocks asked for
    local: Tensor  # (B, N, D_l) region features that kept their locality
    early: Tensor  # (B, n, D) patch tokens after the first block only
    grid: tuple[int, int]  # (h, w), h * w = N
    kept: Tensor | None = None  # (n,) patches that patch dropout left; None: all, n = N
    # Tokens (B, C + n, D) entering the 0-based blocks asked for, and local ones (B, N, D_l), one
    # for each member of an ensemble: what was computed with, so that a score can be differentiated
    # by them.
    entering: dict[Entry, tuple[Tensor, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class TextTokens:
    """Word tokens and sentence embedding of P texts."""

    words: Tensor  # (P, T, d), projected to the joint space
    mask: Tensor  # (P, T) bool, True at word pieces (neither special nor padding)
    text_features: Tensor  # (P, d) the backbone's own embedding, not normalised
    pieces: list[list[str]]  # P lists of length T; pieces[p][t] belongs to words[p, t]


class Taps:
    """Collects tokens at some places, on their way through a tower."""

    def __init__(self, wanted: Sequence[Entry]) -> None:
        self._wanted = wanted
        self.tokens: dict[Entry, tuple[Tensor, ...]] = {}  # as `ImageTokens.entering`

    def __call__(self, place: Entry, tokens: Tensor) -> Tensor:
        """The tokens to go on with: a score can be differentiated by those that are wanted."""
        if place in self._wanted:
            if torch.is_grad_enabled() and not tokens.requires_grad:
                tokens = tokens.detach().requires_grad_()  # the graph begins here
            self.tokens[place] = (tokens,)
        return tokens


class Backbone(nn.Module):
    """A CLIP-like model with a ViT image tower: B images, N patches, D width, d joint space.

    C is 1 for a tower with a CLS token and 0 for one that pools by attention (SigLIP)
    or by the mean (BioViL).
    """

    name: str
    preprocess: Preprocess
    prefix: int = 1  # C, tokens before the patches
    general_words: bool = True  # False: its text tower learned from findings' sentences alone
    # Its own score of a text reads every token, gathered by their cosines with it (RadZero).
    text_pools: bool = False
    unread_places: int = 0  # special tokens before the first word, which `text_tokens` leaves out
    members: int = 1  # models whose embeddings lie side by side in d (an ensemble)
    files: tuple[Path, ...] = ()  # what the weights were read from, where from published files
    remarks: tuple[str, ...] = ()  # what was not found and is guessed, one sentence each
    grid: tuple[int, int]
    depth: int  # blocks, L
    heads: int  # 0: convolutions, without attention
    width: int  # D
    local_width: int  # D_l
    embed_dim: int  # d
    context_length: int
    logit_scale: nn.Parameter  # log
    # A first part that never trains; `image_tokens` takes its output in the place of pixels.
    stem: nn.Module | None

    def __init__(self) -> None:
        super().__init__()
        self.stem = None

    @abstractmethod
    def image_tokens(
        self,
        pixels: Tensor,
        attn_layers: Sequence[int] = (),
        keep: float = 1.0,
        entering: Sequence[Entry] = (),
    ) -> ImageTokens:
        """Encode preprocessed images (B, C, S, S).

        Args:
            attn_layers: 0-based blocks, before the last, whose attention is wanted.
            keep: share of patch tokens attention sees (patch dropout, for training); backbones
                without it take 1 only.
            entering: places whose tokens are wanted, the last block's entry included. Where
                gradients are on and nothing before them has one, the graph begins at them.
        """

    @abstractmethod
    def text_tokens(self, texts: Sequence[str]) -> TextTokens:
        """Encode texts; longer ones are cut at `context_length`."""

    def read_anew(self, texts: Sequence[str]) -> TextTokens:
        """`text_tokens` with nothing remembered, so that gradients reach the words' own vectors."""
        return self.text_tokens(texts)

    def hide(self, inputs: Tensor, cells: Tensor) -> Tensor:
        """Inputs (B, C, H, W) with cells (B, h, w) of the grid, where true, made the mean value."""
        over = F.interpolate(cells[:, None].float(), size=inputs.shape[-2:]).bool()
        return torch.where(over, torch.zeros_like(inputs), inputs)

    def remember(self, texts: Sequence[str], progress: Progress | None = None) -> None:
        """Compute what is frozen of `texts` ahead of training, in this order on every machine.

        Args:
            progress: called with texts done and all of those that are new.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What `registry.build_backbone` needs to make the same architecture again, as JSON."""

    @property
    @abstractmethod
    def tokenizer_name(self) -> str:
        """Kind and size of the tokenizer, to be read by people."""

    def save_text_files(self, folder: Path) -> None:
        """Write what the text tower needs beside `describe` and weights, such as its tokenizer."""

    @abstractmethod
    def finish(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What the backbone itself makes of the tokens (B, C + N, D) that enter its last block.

        Returns:
            image_features (B, d) and projected patches (B, N, d), not normalised.
        """

    @abstractmethod
    def read_out(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """`finish` without the last block: its own pooling and projection of (B, C + n, D)."""

    @property
    def final_block(self) -> nn.Module:
        """The tower's own last block."""
        raise NotImplementedError

    def attend(self, block: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """A block of this tower on (B, n, D), and the attention (B, H, n, n) that it used."""
        raise NotImplementedError

    @abstractmethod
    def value_path(self, tokens: Tensor) -> Tensor:
        """The last block's value path without its attention, projected (Zhou et al., ECCV 2022).

        Args:
            tokens: (B, n, D) entering the last block.

        Returns:
            (B, n, d): values are per place; attention is what mixes the places.
        """

    @abstractmethod
    def last_block(self) -> nn.Module:
        """A copy of the last block, (B, n, D) to (B, n, D)."""

    @abstractmethod
    def project(self, tokens: Tensor) -> Tensor:
        """Final LN and projection to the joint space, (B, n, D) to (B, n, d)."""
