"""Several checkpoints of one architecture as one model, as CheXzero is scored.

Each member's embeddings are made unit and laid side by side, so that a cosine of the ensemble is
the mean of its members' cosines: one encoding, one set of regions and maps, kept and searched as
any other. `zero_shot` takes the pair's probability per member and averages it, as CheXzero does.
An ensemble scores; it has no last block of its own and is not fine-tuned.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.base import Backbone, Entry, ImageTokens, TextTokens
from core.errors import ExplorerError


class Ensemble(Backbone):
    """See the module; D is the members' widths together, d their joint spaces.

    Raises:
        ExplorerError: members of different architecture or preprocessing.
    """

    def __init__(self, members: Sequence[Backbone]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(members)
        first = members[0]
        for other in members[1:]:
            if other.describe() != first.describe():
                raise ExplorerError(
                    f"{other.name} is of another architecture or input size than {first.name}; an "
                    "ensemble is made of checkpoints of one model."
                )
        self.members = len(members)
        self.name, self.preprocess = first.name, first.preprocess
        self.grid, self.depth, self.prefix = first.grid, first.depth, first.prefix
        self.context_length = first.context_length
        self.heads, self.width = (len(members) * n for n in (first.heads, first.width))
        self.embed_dim = len(members) * first.embed_dim
        self.local_width = len(members) * first.local_width
        self.files = tuple(file for member in members for file in member.files)

    @property
    def _each(self) -> list[Backbone]:
        return [part for part in self.parts if isinstance(part, Backbone)]

    @property
    def logit_scale(self) -> nn.Parameter:  # type: ignore[override]
        """The first member's log temperature."""
        return self._each[0].logit_scale

    def describe(self) -> dict[str, Any]:
        """See `Backbone.describe`."""
        return {"kind": "ensemble", "members": [member.describe() for member in self._each]}

    @property
    def tokenizer_name(self) -> str:
        """See `Backbone.tokenizer_name`."""
        return self._each[0].tokenizer_name

    def image_tokens(
        self,
        pixels: Tensor,
        attn_layers: Sequence[int] = (),
        keep: float = 1.0,
        entering: Sequence[Entry] = (),
    ) -> ImageTokens:
        """See `Backbone.image_tokens`; widths and heads side by side."""
        found = [member.image_tokens(pixels, attn_layers, keep, entering) for member in self._each]
        attn_weights = {
            layer: torch.cat([each.attn_weights[layer] for each in found], dim=1)
            for layer in found[0].attn_weights
        }
        taps = {layer: tuple(each.entering[layer][0] for each in found) for layer in entering}
        return ImageTokens(
            torch.cat([each.tokens for each in found], dim=-1), attn_weights,
            _side_by_side([each.local for each in found]),
            torch.cat([each.early for each in found], dim=-1), found[0].grid, entering=taps,
        )  # fmt: skip

    def attend(self, block: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Refused: each member has attention of its own."""
        raise ExplorerError(
            "An ensemble has no attention of its own to follow; give one of its files for this map."
        )

    @property
    def final_block(self) -> nn.Module:
        """The first member's; `attend` refuses it."""
        return self._each[0].final_block

    def finish(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.finish`."""
        pairs = [m.finish(t) for m, t in self._split(tokens)]
        return _side_by_side([pair[0] for pair in pairs]), _side_by_side([p[1] for p in pairs])

    def read_out(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Backbone.read_out`."""
        pairs = [m.read_out(t) for m, t in self._split(tokens)]
        return _side_by_side([pair[0] for pair in pairs]), _side_by_side([p[1] for p in pairs])

    def value_path(self, tokens: Tensor) -> Tensor:
        """See `Backbone.value_path`."""
        return _side_by_side([m.value_path(t) for m, t in self._split(tokens)])

    def project(self, tokens: Tensor) -> Tensor:
        """See `Backbone.project`."""
        return _side_by_side([m.project(t) for m, t in self._split(tokens)])

    def text_tokens(self, texts: Sequence[str]) -> TextTokens:
        """See `Backbone.text_tokens`; the members share their tokenizer."""
        found = [member.text_tokens(texts) for member in self._each]
        return TextTokens(
            _side_by_side([each.words for each in found]), found[0].mask,
            _side_by_side([each.text_features for each in found]), found[0].pieces,
        )  # fmt: skip

    def last_block(self) -> nn.Module:
        """Refused: see the module."""
        raise ExplorerError(
            "An ensemble of checkpoints is for scoring; give one of its files to fine-tune it."
        )

    def _split(self, tokens: Tensor) -> list[tuple[Backbone, Tensor]]:
        return list(zip(self._each, tokens.chunk(self.members, dim=-1), strict=True))


def _side_by_side(features: list[Tensor]) -> Tensor:
    return torch.cat([F.normalize(each, dim=-1) for each in features], dim=-1)
