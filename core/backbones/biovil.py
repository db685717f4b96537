"""BioViL-T and BioViL: a ResNet-50 as the image tower and CXR-BERT as the text tower.

After Bannur et al., CVPR 2023, and Boecking et al., ECCV 2022, read from Microsoft's package
hi-ml-multimodal. Notable:

- One film is read, never a film with its predecessor: BioViL-T then takes a learned vector in the
  place of what changed, and its transformer over both films is not loaded.
- A place of the last map is a token. Only what lies on one grid can be a block, so the blocks are
  the last two of the ResNet and, at the end, an empty one: what reads the map out works place by
  place, so that any set of places can be kept before it.
- Norms keep their statistics in training, as batches here are too small to measure them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.ops import FrozenBatchNorm2d

from core.backbones.base import TextTokens
from core.backbones.bert import BertConfig, BertEncoder
from core.backbones.clip import ClipBackbone
from core.backbones.word_pieces import read_tokenizer, without_padding, word_pieces
from core.preprocessing import Preprocess

KIND = "biovil"
TOKENIZER = "BertTokenizerFast"  # its files name one of their own, whose code is not run
PATCH, WIDTH = 32, 2048  # of a ResNet-50's last map
_CURRENT = 256  # width of the current film's half in BioViL-T


@dataclass(frozen=True)
class BioViLSizes:
    """Of both towers."""

    image_size: int
    temporal: bool  # BioViL-T, which has a place for an earlier film
    embed_dim: int
    text: BertConfig

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "BioViLSizes":
        """What `dataclasses.asdict` and JSON made of one."""
        return cls(**{**values, "text": BertConfig(**values["text"])})

    @property
    def grid(self) -> tuple[int, int]:
        """Places down and across."""
        return (self.image_size // PATCH,) * 2


class ImageTower(nn.Module):
    """The ResNet and what makes its last map's places comparable with texts."""

    def __init__(self, sizes: BioViLSizes) -> None:
        super().__init__()
        self.resnet = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
        self.resnet.fc = nn.Identity()
        self.missing: nn.Parameter | None = None
        if sizes.temporal:
            self.current = nn.Conv2d(WIDTH, _CURRENT, 1, bias=False)
            self.missing = nn.Parameter(torch.zeros(1, _CURRENT, 1, 1))
        self.projector = nn.Sequential(
            nn.Conv2d(2 * _CURRENT if sizes.temporal else WIDTH, sizes.embed_dim, 1, bias=False),
            FrozenBatchNorm2d(sizes.embed_dim), nn.ReLU(),
            nn.Conv2d(sizes.embed_dim, sizes.embed_dim, 1),
        )  # fmt: skip

    def embed(self, pixels: Tensor) -> Tensor:
        """The map (B, 2048, h, w) that enters the last two blocks."""
        net = self.resnet
        early = net.maxpool(net.relu(net.bn1(net.conv1(pixels))))
        out: Tensor = net.layer4[0](net.layer3(net.layer2(net.layer1(early))))
        return out

    def project(self, tokens: Tensor) -> Tensor:
        """Places (B, n, 2048) of the ResNet's last map in the joint space, (B, n, d)."""
        column = tokens.transpose(1, 2)[..., None]  # (B, 2048, n, 1)
        if self.missing is not None:
            column = self.current(column)
            absent = self.missing.expand(len(column), -1, column.shape[2], -1)
            column = torch.cat([column, absent], dim=1)
        out: Tensor = self.projector(column)
        return out[..., 0].transpose(1, 2)


class BioViL(nn.Module):
    """Both towers; the files have no temperature, which is CLIP's first one."""

    def __init__(self, sizes: BioViLSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.visual = ImageTower(sizes)
        self.text = BertEncoder(sizes.text)
        width = sizes.embed_dim
        self.text_head = nn.Sequential(
            nn.Linear(sizes.text.hidden_size, width), nn.GELU(), nn.LayerNorm(width, eps=1e-12),
            nn.Linear(width, width),
        )  # fmt: skip
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())


class GridBlock(nn.Module):
    """A block of convolutions as (B, N, D) to (B, N, D), with the places in the grid's order."""

    def __init__(self, block: nn.Module, grid: tuple[int, int]) -> None:
        super().__init__()
        self.block, self.grid = block, grid

    def forward(self, tokens: Tensor) -> Tensor:
        """The block."""
        out: Tensor = self.block(tokens.transpose(1, 2).unflatten(2, self.grid))
        return out.flatten(2).transpose(1, 2)


class ResNetTrunk:
    """The image tower; methods as in `clip.Trunk`. Without heads, attention is (B, 0, n, n)."""

    prefix, heads, width, patch = 0, 0, WIDTH, PATCH

    def __init__(self, model: BioViL) -> None:
        self.visual, self.grid = model.visual, model.sizes.grid
        last: Any = model.visual.resnet.layer4
        self.blocks: Sequence[nn.Module] = [
            GridBlock(last[1], self.grid), GridBlock(last[2], self.grid), nn.Identity(),
        ]  # fmt: skip

    def embed(self, pixels: Tensor) -> Tensor:
        """Tokens (B, N, D) that enter the first block."""
        return self.visual.embed(pixels).flatten(2).transpose(1, 2)

    def attend(self, block: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The block, and no attention."""
        batch, count, _ = tokens.shape
        out: Tensor = block(tokens)
        return out, tokens.new_zeros(batch, 0, count, count)

    def value_path(self, block: nn.Module, tokens: Tensor) -> Tensor:
        """The empty last block's: the tokens."""
        return tokens

    def pool(self, tokens: Tensor) -> Tensor:
        """The mean of the projected places."""
        return self.project(tokens).mean(dim=1)

    def project(self, tokens: Tensor) -> Tensor:
        """Every place in the joint space."""
        return self.visual.project(tokens)


class CxrBertReader:
    """CXR-BERT with its tokenizer; methods as in `clip.Reader`."""

    def __init__(self, model: BioViL, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.context_length = model.sizes.text.context_length

    def read(self, texts: Sequence[str]) -> TextTokens:
        """Word tokens and embedding of P texts: the first piece's, through the head."""
        encoded = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.context_length,
            return_tensors="pt",
        ).to(self.model.logit_scale.device)  # fmt: skip
        ids = encoded["input_ids"]
        states = self.model.text_head(self.model.text(ids, encoded["attention_mask"].bool()))
        mask, name = word_pieces(ids, self.tokenizer)
        words, mask, pieces = without_padding(states, mask, ids, name)
        return TextTokens(words, mask, states[:, 0], pieces)

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files."""
        self.tokenizer.save_pretrained(folder)


def wrap_biovil(model: BioViL, tokenizer: Any, preprocess: Preprocess) -> ClipBackbone:
    """Such a model behind the `Backbone` interface."""
    origin = {"kind": KIND, "sizes": asdict(model.sizes), "preprocess": asdict(preprocess)}
    reader = CxrBertReader(model, tokenizer)
    return ClipBackbone(model, ResNetTrunk(model), reader, preprocess, origin)


def build_biovil(
    sizes: dict[str, Any], preprocess: dict[str, Any], text_files: Path
) -> ClipBackbone:
    """An untrained model of what `Backbone.describe` said; `text_files` is the tokenizer's folder.

    Raises:
        ExplorerError: the tokenizer's files are missing or damaged.
    """
    model, tokenizer = BioViL(BioViLSizes.from_dict(sizes)), read_tokenizer(text_files, TOKENIZER)
    return wrap_biovil(model, tokenizer, Preprocess.from_dict(preprocess))
