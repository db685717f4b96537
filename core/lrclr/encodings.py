"""What a model keeps of an image and of a text; everything later works from these."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class ImageEncoding:
    """B images; the features of one that could not be read are NaN."""

    image_features: Tensor  # g_I (B, d), L2-normalised
    patch_features: Tensor  # r (B, N, d), L2-normalised, every patch of the grid
    selected: Tensor | None  # (B, K) patch indices; None where the selection needs a text
    grid: tuple[int, int]  # (h, w), h * w = N; index n is row n // w, column n % w

    def __len__(self) -> int:
        return len(self.image_features)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Which images could be read, (B,)."""
        return np.asarray(self.image_features[:, 0].isfinite().cpu())

    def rows(self, index: Tensor | slice) -> "ImageEncoding":
        """The images of `index`, in that order."""
        selected = None if self.selected is None else self.selected[index]
        return ImageEncoding(
            self.image_features[index], self.patch_features[index], selected, self.grid
        )

    @staticmethod
    def cat(parts: Sequence["ImageEncoding"]) -> "ImageEncoding":
        """Several encodings of one model as one."""
        chosen = [part.selected for part in parts if part.selected is not None]
        return ImageEncoding(
            torch.cat([part.image_features for part in parts]),
            torch.cat([part.patch_features for part in parts]),
            torch.cat(chosen) if chosen else None,
            parts[0].grid,
        )

    @property
    def kept(self) -> Tensor:
        """Features (B, K, d) of the selected patches, of an encoding that has a selection."""
        assert self.selected is not None
        if self.patch_features.shape[1] < self.grid[0] * self.grid[1]:  # there are no others
            return self.patch_features
        batch = torch.arange(len(self), device=self.selected.device)[:, None]
        return self.patch_features[batch, self.selected]

    def centres(self, index: Tensor) -> Tensor:
        """Centres (x, y) in [0, 1] of patches `index` (...), as (..., 2) of the model's input."""
        height, width = self.grid
        return torch.stack([(index % width + 0.5) / width, (index // width + 0.5) / height], dim=-1)


@dataclass(frozen=True)
class TextEncoding:
    """P texts."""

    text_features: Tensor  # g_T (P, d), L2-normalised
    words: Tensor  # w (P, T, d), L2-normalised
    mask: Tensor  # (P, T) bool, True at word pieces
    pieces: list[list[str]]  # P lists of T word pieces, "" at padding
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.text_features)

    @staticmethod
    def cat(parts: Sequence["TextEncoding"]) -> "TextEncoding":
        """Several encodings of one model as one, padded to the longest."""
        length = max(part.words.shape[1] for part in parts)
        short = [length - part.words.shape[1] for part in parts]
        pairs = list(zip(parts, short, strict=True))
        return TextEncoding(
            torch.cat([part.text_features for part in parts]),
            torch.cat([F.pad(part.words, (0, 0, 0, missing)) for part, missing in pairs]),
            torch.cat([F.pad(part.mask, (0, missing)) for part, missing in pairs]),
            [pieces + [""] * missing for part, missing in pairs for pieces in part.pieces],
            tuple(text for part in parts for text in part.texts),
        )

    def rows(self, index: Tensor) -> "TextEncoding":
        """The texts of `index` (a long tensor), in that order."""
        order = index.tolist()
        return TextEncoding(
            self.text_features[index],
            self.words[index],
            self.mask[index],
            [self.pieces[row] for row in order],
            tuple(self.texts[row] for row in order),
        )


def member_cosines(image_features: Tensor, text_features: Tensor, members: int) -> Tensor:
    """Cosine of images (B, M * d) and texts (P, M * d) for each member of an ensemble, (M, B, P).

    Members lie side by side, each of length 1 / sqrt(M) (`core.backbones.ensemble`).
    """
    images = image_features.unflatten(1, (members, -1)).transpose(0, 1)  # (M, B, d)
    texts = text_features.unflatten(1, (members, -1)).permute(1, 2, 0)  # (M, d, P)
    return images @ (members * texts)
