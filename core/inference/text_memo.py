"""Text encodings remembered one by one and put together in any order."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from core.inference.gathered import Gathered
from core.lrclr.encodings import TextEncoding
from core.lrclr.model import LRCLR
from core.recent import nbytes_of

_REMEMBERED = 2**26  # bytes; a text has some 20 kB
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
        self._known: Gathered[str, _Entry] = Gathered(_REMEMBERED, nbytes_of, _BATCH)

    def encode(self, texts: Sequence[str]) -> TextEncoding:
        """Encode P texts, at least one; only those not seen lately pass through the model.

        Those that others ask for meanwhile pass with them.
        """
        return _join(self._known.get(texts, self._read), tuple(texts))

    @torch.no_grad()
    def _read(self, texts: list[str]) -> list[_Entry]:
        return _split(self._model.encode_text(texts))


def _split(encoded: TextEncoding) -> list[_Entry]:
    entries = []
    for row in range(len(encoded)):
        # Up to the last word piece; one place stays even where a text has no word the model knows.
        places = encoded.mask[row].nonzero()
        used = int(places[-1]) + 1 if len(places) else 1
        entries.append(
            _Entry(  # copies: a view would keep the whole batch
                encoded.text_features[row].clone(),
                encoded.words[row, :used].clone(),
                encoded.mask[row, :used].clone(),
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
