"""Text encodings remembered one by one and put together in any order."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from core.lrclr.encodings import TextEncoding
from core.lrclr.model import LRCLR

_REMEMBERED = 2048  # texts; some 20 kB each
_BATCH = 64


@dataclass(frozen=True)
class _Entry:
    """One text without padding at its end."""

    text_features: Tensor  # (d,)
    words: Tensor  # (T, d)
    mask: Tensor  # (T,)
    pieces: list[str]  # T


class TextMemo:
    """The text encodings of one model that does not change; safe to share between threads."""

    def __init__(self, model: LRCLR) -> None:
        self._model = model
        self._known: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> TextEncoding:
        """Encode P texts, at least one; only those not seen lately pass through the model."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
            missing = [text for text in dict.fromkeys(texts) if text not in found]
            for start in range(0, len(missing), _BATCH):
                chunk = missing[start : start + _BATCH]
                found.update(zip(chunk, _split(self._model.encode_text(chunk)), strict=True))
            for text in texts:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return _join([found[text] for text in texts], tuple(texts))


def _split(encoded: TextEncoding) -> list[_Entry]:
    entries = []
    for row in range(len(encoded)):
        # Up to the last word piece; one place stays even where a text has no word the model knows.
        places = encoded.mask[row].nonzero()
        used = int(places[-1]) + 1 if len(places) else 1
        entries.append(
            _Entry(
                encoded.text_features[row],
                encoded.words[row, :used],
                encoded.mask[row, :used],
                encoded.pieces[row][:used],
            )
        )
    return entries


def _join(entries: list[_Entry], texts: tuple[str, ...]) -> TextEncoding:
    words = pad_sequence([entry.words for entry in entries], batch_first=True)  # (P, T, d)
    length = words.shape[1]
    return TextEncoding(
        torch.stack([entry.text_features for entry in entries]),
        words,
        pad_sequence([entry.mask for entry in entries], batch_first=True),
        [entry.pieces + [""] * (length - len(entry.pieces)) for entry in entries],
        texts,
    )
