"""The encoder of BERT (Devlin et al., NAACL 2019), with the names of its weights.

Written out because importing transformers takes as long as importing torch, and a small frozen text
model needs a twentieth of it. MPNet (Song et al., NeurIPS 2020) is the same but for where it counts
places from, no segments, and a bias of the attention by distance.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class BertConfig:
    """Sizes, by the names of `config.json`."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int  # 0: no segments
    layer_norm_eps: float
    first_position: int = 0  # of the position embeddings; MPNet's is 2
    distance_buckets: int = 0  # of the bias by distance; 0: none

    @property
    def context_length(self) -> int:
        """Most pieces of a text, special ones included."""
        return self.max_position_embeddings - self.first_position


class Embeddings(nn.Module):
    """Words, positions and the first segment, normed."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, width)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, width)
        self.first_position = config.first_position
        segments = config.type_vocab_size
        self.token_type_embeddings = nn.Embedding(segments, width) if segments else None
        self.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        """(P, T) long to (P, T, D)."""
        words = self.word_embeddings(ids)
        if self.token_type_embeddings is not None:
            words = words + self.token_type_embeddings.weight[0]
        first = self.first_position
        place = self.position_embeddings.weight[first : first + ids.shape[1]]
        return self.LayerNorm(words + place)


class Layer(nn.Module):
    """Attention, then two linear layers, each with its input added and normed."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.heads = config.num_attention_heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attended = nn.Linear(width, width)
        self.attended_norm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.inner, self.outer = nn.Linear(width, inner), nn.Linear(inner, width)
        self.outer_norm = nn.LayerNorm(width, eps=config.layer_norm_eps)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(P, T, D) to (P, T, D).

        Args:
            mask: of the attention: (P, 1, 1, T) bool, True at texts' pieces, or (P, H, T, T) float
                that is added.
        """
        query, key, value = (
            part(states).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )  # (P, H, T, d)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        joined = self.attended(mixed.transpose(1, 2).flatten(2))
        states = self.attended_norm(joined + states)
        return self.outer_norm(self.outer(F.gelu(self.inner(states))) + states)


class BertEncoder(nn.Module):
    """All layers, without pooling."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        buckets, heads = config.distance_buckets, config.num_attention_heads
        self.distance_bias = nn.Embedding(buckets, heads) if buckets else None

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states (P, T, D) of ids (P, T) with a mask (P, T) bool."""
        states = self.embeddings(ids)
        attend = mask[:, None, None]
        if self.distance_bias is not None:
            bias = self.distance_bias(_buckets(ids.shape[1], ids.device)).permute(2, 0, 1)
            shared = bias.expand(len(ids), -1, -1, -1)  # (P, H, T, T)
            attend = shared.masked_fill(~attend, -torch.inf)
        for layer in self.layers:
            states = layer(states, attend)
        return states

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Take weights by the names under which BERT, or MPNet, is published.

        Raises:
            RuntimeError: weights are missing or of another size.
        """
        self.load_state_dict(by_our_names(state))


def by_our_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Published weights of BERT or MPNet by the names of `BertEncoder`; poolers are left out."""
    names = _MPNET_NAMES if any(".attn.q." in name for name in state) else _NAMES
    renamed = {}
    for name, value in state.items():
        for ours, theirs in names.items():
            name = name.replace(theirs, ours)
        parts = ("embeddings.", "layers.", "distance_bias.")
        if name.startswith(parts) and "position_ids" not in name:
            renamed[name] = value
    return renamed


def bert_sizes(state: dict[str, Tensor], heads: int | None = None) -> BertConfig:
    """Sizes off weights by the names of `BertEncoder`.

    Args:
        heads: as the model's file says; None: of 64 numbers each, as in BERT-base. MPNet's are in
            its weights.

    Raises:
        KeyError, IndexError: weights of something else.
    """
    words, place = (state[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position"))
    segments = state.get("embeddings.token_type_embeddings.weight")
    bias = state.get("distance_bias.weight")
    mpnet = bias is not None
    layers = {name.split(".")[1] for name in state if name.startswith("layers.")}
    return BertConfig(
        vocab_size=len(words), hidden_size=words.shape[1], num_hidden_layers=len(layers),
        num_attention_heads=(heads or words.shape[1] // 64) if bias is None else bias.shape[1],
        intermediate_size=len(state["layers.0.inner.bias"]),
        max_position_embeddings=len(place),
        type_vocab_size=0 if segments is None else len(segments),
        layer_norm_eps=1e-5 if mpnet else 1e-12, first_position=2 if mpnet else 0,
        distance_buckets=0 if bias is None else len(bias),
    )  # fmt: skip


_NAMES = {  # in this order: later names are parts of earlier ones
    "layers.": "encoder.layer.",
    "query.": "attention.self.query.",
    "key.": "attention.self.key.",
    "value.": "attention.self.value.",
    "attended.": "attention.output.dense.",
    "attended_norm.": "attention.output.LayerNorm.",
    "inner.": "intermediate.dense.",
    "outer.": "output.dense.",
    "outer_norm.": "output.LayerNorm.",
}
_MPNET_NAMES = {
    "layers.": "encoder.layer.",
    "query.": "attention.attn.q.",
    "key.": "attention.attn.k.",
    "value.": "attention.attn.v.",
    "attended.": "attention.attn.o.",
    "attended_norm.": "attention.LayerNorm.",
    "inner.": "intermediate.dense.",
    "outer.": "output.dense.",
    "outer_norm.": "output.LayerNorm.",
    "distance_bias.": "encoder.relative_attention_bias.",
}
_FURTHEST = 128  # places apart, from which on all share a bucket


def _buckets(length: int, device: torch.device) -> Tensor:
    """Bucket of every pair of places, (T, T): each near distance its own, far ones by logarithm.

    MPNet's 32, half for what comes before and half for what follows.
    """
    place = torch.arange(length, device=device)
    ahead = place[None] - place[:, None]
    near = 8  # of 16 a direction
    far = near + (
        torch.log(ahead.abs().clamp(min=1).float() / near) / math.log(_FURTHEST / near) * near
    ).long().clamp(max=near - 1)
    return torch.where(ahead.abs() < near, ahead.abs(), far) + 16 * (ahead > 0)
