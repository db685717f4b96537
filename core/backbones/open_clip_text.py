"""Word tokens of open_clip's text towers: CLIP's own, and Hugging Face encoders."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from open_clip.transformer import text_global_pool
from torch import Tensor, nn

from core.backbones.base import TextTokens
from core.backbones.word_pieces import without_padding, word_pieces
from core.errors import ExplorerError


class TextReader:
    """Reads texts with the text tower of a CLIP or CustomTextCLIP.

    Raises:
        ExplorerError: a model of another kind.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        if hasattr(model, "text_decoder"):  # its text token attends apart from the words
            raise ExplorerError("CoCa models have a text tower of another kind; use a CLIP model.")
        self.model, self.tokenizer = model, tokenizer
        self.tower = getattr(model, "text", None) or model  # CLIP holds the parts itself
        self.context_length = int(model.context_length)
        self._hugging_face = hasattr(self.tower, "pooler") and hasattr(self.tower, "config")
        self._padding = self._padding_to_cut()

    def read(self, texts: Sequence[str]) -> TextTokens:
        """Word tokens and embedding of P texts."""
        device = self.model.logit_scale.device
        ids = self._cut(self.tokenizer(list(texts))).to(device)  # (P, T)
        words, text_features = self._hf(ids) if self._hugging_face else self._clip(ids)
        mask, name = self._words(ids)
        words, mask, pieces = without_padding(words, mask, ids, name)
        return TextTokens(words, mask, text_features, pieces)

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files, and the configuration of a Hugging Face tower."""
        if hasattr(self.tokenizer, "tokenizer"):
            self.tokenizer.tokenizer.save_pretrained(folder)
        if self._hugging_face:
            self.tower.config.save_pretrained(folder)

    def _padding_to_cut(self) -> int | None:
        """The padding whose columns change no other token; None where they may."""
        tower = self.tower
        if self._hugging_face:  # hidden by the attention mask
            return int(tower.config.pad_token_id)
        pool = getattr(tower, "pool_type", None) or getattr(tower, "text_pool_type", None)
        causal = tower.attn_mask is not None and getattr(tower, "cls_emb", None) is None
        return 0 if causal and pool in ("argmax", "eos") else None

    def _cut(self, ids: Tensor) -> Tensor:
        """Token numbers (P, T) without the columns at the end that are padding in every row.

        A sentence fills a tenth of CLIP's 77 places, and the tower would work on all of them.
        """
        if self._padding is None:
            return ids
        used = (ids != self._padding).any(dim=0).nonzero()
        return ids[:, : int(used.max()) + 1] if len(used) else ids[:, :1]

    def _clip(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """CLIP.encode_text with every token projected."""
        tower = self.tower
        if hasattr(tower, "_embeds"):  # a TextTransformer
            tokens, attn_mask = tower._embeds(ids)
            pool, eos = tower.pool_type, tower.eos_id
        else:
            tokens = tower.token_embedding(ids) + tower.positional_embedding[: ids.shape[1]]
            attn_mask, pool, eos = tower.attn_mask, tower.text_pool_type, tower.text_eos_id
        if self._padding is not None:
            attn_mask = attn_mask[: ids.shape[1], : ids.shape[1]]
        tokens = tower.ln_final(tower.transformer(tokens, attn_mask=attn_mask))
        projected = _project(tower.text_projection, tokens)
        return projected, text_global_pool(projected, ids, pool, eos_token_id=eos)

    def _hf(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """HFTextEncoder.forward with every token projected."""
        tower = self.tower
        attn_mask = (ids != tower.config.pad_token_id).long()
        out = tower.transformer(input_ids=ids, attention_mask=attn_mask)
        return tower.proj(out.last_hidden_state), tower.proj(tower.pooler(out, attn_mask))

    def _words(self, ids: Tensor) -> tuple[Tensor, Callable[[int], str]]:
        """Where word pieces are, (P, T) bool, and how a piece is called."""
        inner = getattr(self.tokenizer, "tokenizer", None)
        if inner is not None:  # a Hugging Face tokenizer knows its special tokens
            return word_pieces(ids, inner)
        # CLIP pads with 0, which is also "!": words end where the end-of-text token stands.
        end = ids.argmax(dim=1, keepdim=True)
        place = torch.arange(ids.shape[1], device=ids.device)[None]
        return (place > 0) & (place < end), lambda n: str(self.tokenizer.decoder[n])


def _project(projection: Any, tokens: Tensor) -> Tensor:
    if projection is None:
        return tokens
    return projection(tokens) if isinstance(projection, nn.Linear) else tokens @ projection
