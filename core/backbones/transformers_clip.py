"""CLIP and SigLIP models in transformers' layout: a Hub repository's files or a local folder's.

SigLIP 2 at a fixed resolution is of the same kind; NaFlex (`siglip2`) is not. Notable: SigLIP was
trained on texts padded to the full context and seen without a mask, so that is what it gets.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoConfig, CLIPModel, SiglipModel

from core.backbones import hub
from core.backbones.base import TextTokens
from core.backbones.clip import ClipBackbone
from core.backbones.image_processor import PREPROCESSORS, USUAL, read_preprocess
from core.backbones.open_clip_vit import check_size
from core.backbones.weights_file import read_json
from core.backbones.word_pieces import read_tokenizer, without_padding, word_pieces
from core.errors import ExplorerError
from core.preprocessing import Preprocess

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors", "pytorch_model.bin")
FILES = hub.Files(
    ((CONFIG,), hub.TOKENIZER_FILES.needed[0], WEIGHTS),
    (*PREPROCESSORS, *hub.TOKENIZER, "model.safetensors.index.json", "README.md", hub.BIOVIL_IMAGE),
)
_MODELS: dict[str, Any] = {"clip": CLIPModel, "siglip": SiglipModel}


class EncoderLayer(nn.Module):
    """An encoder layer of CLIP or SigLIP as (B, n, D) to (B, n, D), its attention written out."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer
        self.heads = int(layer.self_attn.num_heads)

    def forward(self, tokens: Tensor) -> Tensor:
        """The layer as transformers runs it."""
        query, key, value = self._heads(tokens)
        return self._rest(tokens, F.scaled_dot_product_attention(query, key, value))

    def attend(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and its attention (B, H, n, n)."""
        query, key, value = self._heads(tokens)
        weights = (query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)).softmax(dim=-1)
        return self._rest(tokens, weights @ value), weights

    def value_path(self, tokens: Tensor) -> Tensor:
        """Value and output projection of the attention, (B, n, D): each token by itself."""
        attention = self.layer.self_attn
        out: Tensor = attention.out_proj(attention.v_proj(self.layer.layer_norm1(tokens)))
        return out

    def _heads(self, tokens: Tensor) -> list[Tensor]:
        attention, normed = self.layer.self_attn, self.layer.layer_norm1(tokens)
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        return [
            project(normed).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, n, D/H)
            for project in projections
        ]

    def _rest(self, tokens: Tensor, mixed: Tensor) -> Tensor:
        tokens = tokens + self.layer.self_attn.out_proj(mixed.transpose(1, 2).flatten(2))
        out: Tensor = tokens + self.layer.mlp(self.layer.layer_norm2(tokens))
        return out


class TransformersTrunk:
    """The image tower of a CLIPModel or SiglipModel; methods as in `clip.Trunk`.

    A patch of SigLIP is projected as its attention pool would see an image of this one patch.
    """

    def __init__(self, model: Any) -> None:
        self.model, self.tower = model, model.vision_model
        self.by_attention = model.config.model_type == "siglip"
        if self.by_attention and not hasattr(self.tower, "head"):
            raise ExplorerError("This SigLIP has no attention pool (vision_use_head is false).")
        self.blocks: Sequence[nn.Module] = [
            EncoderLayer(layer) for layer in self.tower.encoder.layers
        ]
        self.prefix = int(not self.by_attention)
        vision = model.config.vision_config
        self.heads, self.width = vision.num_attention_heads, vision.hidden_size
        self.grid = (vision.image_size // vision.patch_size,) * 2
        self.patch = vision.patch_size

    def embed(self, pixels: Tensor) -> Tensor:
        """Tokens (B, C + N, D) that enter the first layer."""
        tokens: Tensor = self.tower.embeddings(pixels)
        return tokens if self.by_attention else self.tower.pre_layrnorm(tokens)

    def attend(self, block: EncoderLayer, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See `EncoderLayer.attend`."""
        return block.attend(tokens)

    def value_path(self, block: EncoderLayer, tokens: Tensor) -> Tensor:
        """See `EncoderLayer.value_path`."""
        return block.value_path(tokens)

    def pool(self, tokens: Tensor) -> Tensor:
        """Pooling and projection as transformers does them."""
        normed = self.tower.post_layernorm(tokens if self.by_attention else tokens[:, 0])
        head = self.tower.head if self.by_attention else self.model.visual_projection
        out: Tensor = head(normed)
        return out

    def project(self, tokens: Tensor) -> Tensor:
        """Final norm and projection of every token."""
        if not self.by_attention:
            out: Tensor = self.model.visual_projection(self.tower.post_layernorm(tokens))
            return out
        return self.pool(tokens.flatten(0, 1)[:, None]).unflatten(0, tokens.shape[:2])


class TransformersReader:
    """The text tower of a CLIPModel or SiglipModel; methods as in `clip.Reader`."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.siglip = model.config.model_type == "siglip"
        self.context_length = int(model.config.text_config.max_position_embeddings)

    def read(self, texts: Sequence[str]) -> TextTokens:
        """Word tokens and embedding of P texts."""
        made = self.tokenizer(
            list(texts), padding="max_length" if self.siglip else True, truncation=True,
            max_length=self.context_length, return_tensors="pt",
        ).to(self.model.device)  # fmt: skip
        tower, ids = self.model.text_model, made["input_ids"]
        out = tower(input_ids=ids, attention_mask=None if self.siglip else made["attention_mask"])
        project = tower.head if self.siglip else self.model.text_projection
        pooled = out.pooler_output if self.siglip else project(out.pooler_output)
        mask, name = word_pieces(ids, self.tokenizer)
        words, mask, pieces = without_padding(project(out.last_hidden_state), mask, ids, name)
        return TextTokens(words, mask, pooled, pieces)

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files."""
        self.tokenizer.save_pretrained(folder)


def transformers_backbone(folder: Path, size: int | None = None) -> ClipBackbone:
    """A model from a folder in transformers' layout.

    Args:
        size: input side in pixels, where it is not the model's; position embeddings interpolate.

    Raises:
        ExplorerError: files are missing, damaged or of a kind that cannot be read.
    """
    lacking = FILES.missing(hub.names_in(folder))
    if lacking:
        raise ExplorerError(f"{folder} has no {lacking[0]}; put it there (transformers' layout).")
    kind = _known_kind(read_json(folder / CONFIG))
    try:
        model, found = _MODELS[kind].from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:  # damaged files can fail anywhere in transformers
        raise ExplorerError(
            f"The model in {folder} cannot be read ({type(error).__name__}); fetch its files again."
        ) from None
    wrong = sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]]))
    if wrong:
        raise ExplorerError(
            f"The weights in {folder} do not fit its {CONFIG}: {len(wrong)} tensors are missing or "
            f"of another shape, the first is {wrong[0]}."
        )
    if size:
        _resize(model, size)
    side = model.config.vision_config.image_size
    preprocess, remarks = read_preprocess(folder, side, USUAL[kind])
    backbone = _wrap(model, read_tokenizer(folder), preprocess)
    backbone.remarks = remarks
    backbone.files = tuple(folder / n for n in hub.Files((WEIGHTS,)).pick(hub.names_in(folder)))
    return backbone


def build_transformers(
    config: dict[str, Any], preprocess: dict[str, Any], text_files: Path
) -> ClipBackbone:
    """An untrained model of a configuration; `text_files` is the tokenizer's folder."""
    kind = _known_kind(config)
    model = _MODELS[kind](AutoConfig.for_model(**config))
    return _wrap(model, read_tokenizer(text_files), Preprocess.from_dict(preprocess))


def _wrap(model: Any, tokenizer: Any, preprocess: Preprocess) -> ClipBackbone:
    origin = {
        "kind": "transformers", "config": model.config.to_dict(), "preprocess": asdict(preprocess),
    }  # fmt: skip
    reader = TransformersReader(model, tokenizer)
    return ClipBackbone(model, TransformersTrunk(model), reader, preprocess, origin)


def _known_kind(config: dict[str, Any]) -> str:
    kind = str(config.get("model_type"))
    if kind not in _MODELS:
        raise ExplorerError(
            f"A model of type '{kind}' cannot be read; of transformers' models those of type "
            f"{' and '.join(_MODELS)} can (SigLIP 2 at a fixed resolution is of type siglip)."
        )
    return kind


def _resize(model: Any, size: int) -> None:
    """Position embeddings of another input side, by transformers' own interpolation."""
    embeddings, vision = model.vision_model.embeddings, model.config.vision_config
    check_size(size, vision.patch_size)
    side, first = size // vision.patch_size, int(model.config.model_type == "clip")
    with torch.no_grad():
        like = torch.zeros(1, first + side * side, vision.hidden_size)
        weight = embeddings.interpolate_pos_encoding(like, size, size)[0].clone()
    embeddings.position_embedding = nn.Embedding.from_pretrained(weight, freeze=False)
    embeddings.position_ids = torch.arange(len(weight))[None]
    embeddings.image_size = vision.image_size = size
    embeddings.num_patches, embeddings.num_positions = side * side, len(weight)
