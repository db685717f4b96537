"""Selected regions of one image for a text, and which words they answer to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR, Reading
from core.preprocessing import Preprocess, Rectangle


@dataclass(frozen=True)
class Regions:
    """K regions, heaviest first."""

    index: NDArray[np.int64]  # (K,), patches of the grid
    weights: NDArray[np.float32]  # (K,), of all weight; with `nowhere` they sum to 1
    boxes: list[Rectangle]  # (x, y, w, h) in pixels of the image
    words: list[str]  # of the texts, whole words in order
    word_similarity: NDArray[np.float32]  # (words, K), cosine
    word_maps: NDArray[np.float32]  # (words, h, w), cosine with every patch
    nowhere: float  # weight on no region: the text has no place here
    evidence: float = 0.0  # local score of the text that they fit best
    no_place: str = ""  # why no box is to be shown; see `core.inference.place`


@torch.no_grad()
def weight_map(model: LRCLR, image: ImageEncoding, texts: TextEncoding) -> NDArray[np.float32]:
    """Region weights on the grid, (B, h, w): those that make the local score of texts of one side.

    Rows sum to 1, less the weight that lies nowhere.
    """
    return on_grid(model.read(image, texts), model.config.gamma, image.grid)


def on_grid(reading: Reading, gamma: float, grid: tuple[int, int]) -> NDArray[np.float32]:
    """Weights of what P texts read, (B, h, w).

    Texts count as in the score of their side, by their best match: each by the derivative of
    `lse_pool` over the texts.
    """
    share = (gamma * reading.local).softmax(dim=1)  # (B, P)
    weights = (reading.weights * share[..., None]).flatten(1).float()  # (B, P * K)
    total = weights.new_zeros(len(weights), grid[0] * grid[1])
    total.scatter_add_(1, reading.index.flatten(1), weights)
    return total.view(-1, *grid).cpu().numpy()


@torch.no_grad()
def find_regions(
    model: LRCLR, image: ImageEncoding, texts: TextEncoding, shape: tuple[int, int], k: int
) -> Regions:
    """The K heaviest regions of one image (a batch of 1) for texts that are read together."""
    height, width = image.grid
    reading = model.read(image, texts)
    weights = on_grid(reading, model.config.gamma, image.grid)[0].reshape(-1)
    index = np.argsort(-weights, kind="stable")[: min(k, int((weights > 0).sum()))]
    preprocess = model.backbone.preprocess
    boxes = [patch_box(preprocess, image.grid, int(n), shape) for n in index]
    words, features = word_features(texts)
    similarity = (features @ image.patch_features[0].T).cpu().numpy()  # (words, N)
    return Regions(
        index, weights[index].astype(np.float32), boxes, words,
        similarity[:, index].astype(np.float32),
        similarity.reshape(-1, height, width).astype(np.float32),
        max(1 - float(weights.sum()), 0.0), float(reading.local.max()),
    )  # fmt: skip


def patch_box(
    preprocess: Preprocess, grid: tuple[int, int], patch: int, shape: tuple[int, int]
) -> Rectangle:
    """Where a patch of the grid (h, w) lies in an image of `shape`."""
    across, down = preprocess.span / grid[1], preprocess.span / grid[0]
    left, top = (patch % grid[1]) * across, (patch // grid[1]) * down
    return preprocess.to_image_box((left, top, across, down), shape)


def word_features(texts: TextEncoding) -> tuple[list[str], torch.Tensor]:
    """Whole words of the texts and their features (words, d), the mean of their pieces."""
    told = word_places(texts)
    if not told:
        return [], texts.words.new_zeros(0, texts.words.shape[-1])
    features = torch.stack([texts.words[row, places].mean(dim=0) for row, _, places in told])
    return [word for _, word, _ in told], F.normalize(features, dim=-1)


def word_places(texts: TextEncoding) -> list[tuple[int, str, list[int]]]:
    """Whole words of texts: whose, the word, and the places of its pieces."""
    told: list[tuple[int, str, list[int]]] = []
    begins = _beginnings(texts.pieces)
    for row, pieces in enumerate(texts.pieces):
        for count, place in enumerate(texts.mask[row].nonzero()[:, 0].tolist()):
            if count == 0 or begins(pieces[place - 1], pieces[place]):
                told.append((row, "", []))
            _, word, places = told[-1]
            plain = pieces[place].removeprefix("##").strip("\u2581\u0120")
            told[-1] = (row, (word + plain).replace("</w>", ""), [*places, place])
    return told


def _beginnings(rows: list[list[str]]) -> Callable[[str, str], bool]:
    """Whether a piece, after the one before it, begins a word: each tokenizer marks it its way."""
    pieces = [piece for row in rows for piece in row]
    if any(piece.endswith("</w>") for piece in pieces):  # CLIP marks a word's end
        return lambda before, piece: before.endswith("</w>")
    if any(piece.startswith(("\u2581", "\u0120")) for piece in pieces):  # SentencePiece, GPT-2
        return lambda before, piece: piece.startswith(("\u2581", "\u0120"))
    return lambda before, piece: not piece.startswith("##")  # WordPiece marks what goes on
