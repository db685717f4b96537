"""Image-text models of a DINOv2 image tower and a text tower of BERT's kind.

RadZero and CheXficient are published with code of their own, which is not run here: the towers are
ours, and `dinov2_layouts` says which published name is which of our weights.

Notable: RadZero has no embedding of an image that a text is compared with. A text gathers the
tokens by their cosines with it and is compared with what it gathered (VL-CABS, Park et al., NeurIPS
2025); `Backbone.text_pool` is the temperature of that. Its map is the cosine with every patch.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.backbones.base import TextTokens
from core.backbones.bert import BertConfig, BertEncoder
from core.backbones.clip import ClipBackbone
from core.backbones.dinov2 import Dinov2Block, Dinov2Tower, TowerSizes
from core.backbones.word_pieces import read_tokenizer, without_padding, word_pieces
from core.preprocessing import Preprocess

KIND = "dinov2-bert"
OF_ITS_FILE = "PreTrainedTokenizerFast"
"""By tokenizer.json alone: transformers does not know these models' kind, and would say so or ask
for their code."""


@dataclass(frozen=True)
class PairSizes:
    """Of both towers and of what joins them."""

    image: TowerSizes
    text: BertConfig
    embed_dim: int | None  # width of the projections to the joint space; None: one norm for both
    pooling: str  # of words: "mean", or "last" for the piece that ends a text

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PairSizes":
        """What `dataclasses.asdict` and JSON made of one."""
        image, text = TowerSizes(**values["image"]), BertConfig(**values["text"])
        return cls(image, text, values["embed_dim"], values["pooling"])


class Dinov2Bert(nn.Module):
    """Both towers and the way to the joint space."""

    def __init__(self, sizes: PairSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.visual = Dinov2Tower(sizes.image)
        self.text = BertEncoder(sizes.text)
        width = sizes.embed_dim
        if width is None:
            self.visual_projection: nn.Module = nn.LayerNorm(sizes.image.width)
        else:
            self.visual_projection = nn.Linear(sizes.image.width, width)
            self.text_projection = nn.Linear(sizes.text.hidden_size, width)
        self.logit_scale = nn.Parameter(torch.zeros(()))  # log

    def project_image(self, tokens: Tensor) -> Tensor:
        """Tokens (..., D) behind the last block to the joint space, (..., d)."""
        out: Tensor = self.visual_projection(self.visual.norm(tokens))
        return out

    def project_text(self, states: Tensor) -> Tensor:
        """Word states (..., D) to the joint space: RadZero norms words and patches alike."""
        alike = self.sizes.embed_dim is None
        out: Tensor = (self.visual_projection if alike else self.text_projection)(states)
        return out


class Dinov2Trunk:
    """The image tower; methods as in `clip.Trunk`."""

    prefix = 1

    def __init__(self, model: Dinov2Bert) -> None:
        self.model = model
        self.blocks: Sequence[nn.Module] = list(model.visual.blocks)
        sizes = model.sizes.image
        self.heads, self.width, self.patch = sizes.heads, sizes.width, sizes.patch_size
        self.grid = sizes.grid

    def embed(self, pixels: Tensor) -> Tensor:
        """Tokens (B, 1 + N, D) that enter the first block."""
        return self.model.visual.embed(pixels)

    def attend(self, block: Dinov2Block, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `Dinov2Block.attend`."""
        return block.attend(tokens)

    def value_path(self, block: Dinov2Block, tokens: Tensor) -> Tensor:
        """See `Dinov2Block.value_path`."""
        return block.value_path(tokens)

    def pool(self, tokens: Tensor) -> Tensor:
        """The CLS token in the joint space."""
        return self.model.project_image(tokens[:, 0])

    def project(self, tokens: Tensor) -> Tensor:
        """Every token in the joint space."""
        return self.model.project_image(tokens)


class BertReader:
    """The text tower with its tokenizer; methods as in `clip.Reader`."""

    def __init__(self, model: Dinov2Bert, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.context_length = model.sizes.text.context_length

    def read(self, texts: Sequence[str]) -> TextTokens:
        """Word tokens and embedding of P texts."""
        encoded = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.context_length,
            padding_side="right", return_tensors="pt",
        ).to(self.model.logit_scale.device)  # fmt: skip
        ids, inside = encoded["input_ids"], encoded["attention_mask"].bool()
        states = self.model.text(ids, inside)  # (P, T, D)
        pooled = self.model.project_text(self._pool(states, inside))
        mask, name = word_pieces(ids, self.tokenizer)
        projected = self.model.project_text(states)
        words, mask, pieces = without_padding(projected, mask, ids, name)
        return TextTokens(words, mask, pooled, pieces)

    def _pool(self, states: Tensor, inside: Tensor) -> Tensor:
        if self.model.sizes.pooling == "mean":  # special pieces count
            return (states * inside[..., None]).sum(dim=1) / inside.sum(dim=1, keepdim=True)
        rows = torch.arange(len(states), device=states.device)
        return states[rows, inside.sum(dim=1) - 1]

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files."""
        self.tokenizer.save_pretrained(folder)


def wrap_pair(model: Dinov2Bert, tokenizer: Any, preprocess: Preprocess) -> ClipBackbone:
    """Such a model behind the `Backbone` interface."""
    origin = {"kind": KIND, "sizes": asdict(model.sizes), "preprocess": asdict(preprocess)}
    reader = BertReader(model, tokenizer)
    backbone = ClipBackbone(model, Dinov2Trunk(model), reader, preprocess, origin)
    backbone.text_pools = model.sizes.embed_dim is None
    return backbone


def build_pair(sizes: dict[str, Any], preprocess: dict[str, Any], text_files: Path) -> ClipBackbone:
    """An untrained model of what `Backbone.describe` said; `text_files` is the tokenizer's folder.

    Raises:
        ExplorerError: the tokenizer's files are missing or damaged.
    """
    model = Dinov2Bert(PairSizes.from_dict(sizes))
    tokenizer = read_tokenizer(text_files, OF_ITS_FILE)
    return wrap_pair(model, tokenizer, Preprocess.from_dict(preprocess))
