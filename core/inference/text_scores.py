"""What single texts say of the films of a set: kept text by text, so that an edit costs one text.

A finding's scores are put together from those of its prompts (`zero_shot.combine`), and a prompt's
hang on no other prompt: thirty people who type the same words read them once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.inference.gathered import Gathered
from core.inference.predictor import Predictor
from core.inference.prompt_shares import PromptShare, shared_out
from core.inference.prompts import PromptSet
from core.inference.zero_shot import Scores, combine
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR
from core.recent import nbytes_of

_KEPT = 2**25  # bytes of a set: 14,000 texts of 200 films, 140 of 20,000
_TEXTS, _IMAGES = 16, 32  # read at once: kept regions take memory for each text and image


@dataclass(frozen=True)
class FilmsForText:
    """What a model reads in B films for one text."""

    cosine: Tensor  # (M, B) of the whole film, for each member of an ensemble
    local: Tensor  # (B,)
    match: Tensor  # (B,)


class SetTexts:
    """Texts read in one set by one model, which is handed in: it may outlive the loaded one."""

    def __init__(self) -> None:
        self._kept: Gathered[str, FilmsForText] = Gathered(_KEPT, nbytes_of, _TEXTS)

    def scores(self, predictor: Predictor, images: ImageEncoding, prompts: PromptSet) -> Scores:
        """As `Predictor.score`, (B, F) each; only texts that nobody asked for lately are read.

        Args:
            images: encodings of the set, the same at every call.
        """
        texts, columns = self._read(predictor, images, prompts.all_texts())
        each = torch.stack([column.cosine for column in columns], dim=-1)  # (M, B, P)
        local = torch.stack([column.local for column in columns], dim=-1)
        match = torch.stack([column.match for column in columns], dim=-1)
        scores = combine(each, local, match, texts, prompts, predictor.model.config)
        return {name: value.cpu().numpy().astype(np.float32) for name, value in scores.items()}

    def shares(
        self, predictor: Predictor, images: ImageEncoding, row: int, side: Sequence[str]
    ) -> list[PromptShare]:
        """As `prompt_shares` of one film of the set."""
        texts, columns = self._read(predictor, images, side)
        parts = {
            "global": torch.stack([column.cosine[:, row].mean() for column in columns]),
            "local": torch.stack([column.local[row] for column in columns]),
            "match": torch.stack([column.match[row] for column in columns]),
        }
        return shared_out(texts.texts, parts, predictor.model.config)

    def _read(
        self, predictor: Predictor, images: ImageEncoding, texts: Sequence[str]
    ) -> tuple[TextEncoding, list[FilmsForText]]:
        encoded = predictor.encode_texts(list(texts))

        def work(some: list[str]) -> list[FilmsForText]:
            return read_films(predictor.model, images, predictor.encode_texts(some))

        return encoded, self._kept.get(encoded.texts, work, predictor.in_lane)


@torch.no_grad()
def read_films(model: LRCLR, images: ImageEncoding, texts: TextEncoding) -> list[FilmsForText]:
    """What a model reads in B images for each of P texts."""
    parts = []
    for start in range(0, len(images), _IMAGES):
        some = images.rows(slice(start, start + _IMAGES))
        reading = model.read(some, texts)
        parts.append((model.cosines(some, texts.text_features), reading.local, reading.match))
    cosine, local, match = (torch.cat(part, dim=-2) for part in zip(*parts, strict=True))
    return [
        FilmsForText(cosine[..., n].clone(), local[:, n].clone(), match[:, n].clone())
        for n in range(len(texts))
    ]
