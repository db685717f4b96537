"""The encoder of BERT (Devlin et al., NAACL 2019) for inference, with the names of its weights.

Written out because importing transformers takes as long as importing torch, and a small frozen text
model needs a twentieth of it.
"""

from dataclasses import dataclass

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
    type_vocab_size: int
    layer_norm_eps: float


class Embeddings(nn.Module):
    """Words, positions and the first segment, normed."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, width)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, width)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        """(P, T) long to (P, T, D)."""
        segment = self.token_type_embeddings.weight[0]
        place = self.position_embeddings.weight[: ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(ids) + segment + place)


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
        """(P, T, D) and (P, 1, 1, T) bool, True at texts' pieces, to (P, T, D)."""
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

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states (P, T, D) of ids (P, T) with a mask (P, T) bool."""
        states = self.embeddings(ids)
        for layer in self.layers:
            states = layer(states, mask[:, None, None])
        return states

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Take weights by the names under which BERT is published.

        Raises:
            RuntimeError: weights are missing or of another size.
        """
        renamed = {}
        for name, value in state.items():
            for ours, theirs in _NAMES.items():
                name = name.replace(theirs, ours)
            if name.startswith(("embeddings.", "layers.")) and "position_ids" not in name:
                renamed[name] = value
        self.load_state_dict(renamed)


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
