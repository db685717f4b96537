"""Words of texts beside the regions that are kept for them on one film: cosines, from encodings.

A word's feature and a region's are the model's own, of the joint space in which the model compares
texts with regions. Their cosine says what is near to what. It is not what made a score: that is the
weight of a region, which the text as a whole gives it (`core.inference.regions`).
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.regions import Regions, patch_box
from core.lrclr.encodings import ImageEncoding
from core.preprocessing import Rectangle

_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A part of a text; the pieces of a text, joined, are the text."""

    text: str
    word: int | None = None  # its row of `FilmWords.cosine`; None of blanks, signs, unread words


@dataclass(frozen=True)
class FilmText:
    """A text as a model reads it on one film."""

    text: str
    pieces: tuple[Piece, ...]
    kept: NDArray[np.int64]  # (K,), regions kept for it, columns of `FilmWords.cosine`
    weights: NDArray[np.float32]  # (K,), heaviest first; with `nowhere` they sum to 1
    nowhere: float = 1.0
    no_place: str = ""  # why no region of it is to be shown
    unread: str = ""  # why the model did not read it


@dataclass(frozen=True)
class FilmWords:
    """W words of some texts and the R regions that any of them keeps on a film."""

    texts: tuple[FilmText, ...]
    boxes: list[Rectangle]  # R, (x, y, w, h) in pixels of the picture
    cosine: NDArray[np.float32]  # (W, R)

    def to_json(self) -> dict[str, Any]:
        """In numbers and texts; rounded to what is shown."""
        return {
            "boxes": [[round(float(side), 2) for side in box] for box in self.boxes],
            "cosine": np.round(self.cosine.astype(float), 4).tolist(),
            "texts": [
                vars(text) | {
                    "pieces": [[piece.text, piece.word] for piece in text.pieces],
                    "kept": text.kept.tolist(), "nowhere": round(float(text.nowhere), 5),
                    "weights": np.round(text.weights.astype(float), 5).tolist(),
                }
                for text in self.texts
            ],
        }  # fmt: skip

    @staticmethod
    def from_json(told: dict[str, Any]) -> "FilmWords":
        """What `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        texts = tuple(
            FilmText(**text | {
                "pieces": tuple(Piece(*piece) for piece in text["pieces"]),
                "kept": np.array(text["kept"], np.int64),
                "weights": np.array(text["weights"], np.float32),
            })
            for text in told["texts"]
        )  # fmt: skip
        boxes = [(float(x), float(y), float(w), float(h)) for x, y, w, h in told["boxes"]]
        cosine = np.array(told["cosine"], np.float32).reshape(-1, len(boxes))
        return FilmWords(texts, boxes, cosine)


def film_words(
    predictor: Predictor, image: ImageEncoding, texts: Sequence[str], shape: tuple[int, int]
) -> FilmWords:
    """What texts, each read alone, keep of one film, and how near each word is to each region.

    A text that is no prompt, such as an overlong one, is there without words and regions.

    Args:
        image: a batch of 1.
        shape: (H, W) of the picture in whose pixels boxes are.
    """
    read = [_regions(predictor, image, text, shape) for text in texts]
    preprocess = predictor.model.backbone.preprocess
    return joined(texts, read, lambda cell: patch_box(preprocess, image.grid, cell, shape))


def joined(
    texts: Sequence[str], read: Sequence[Regions | str], box_of: Callable[[int], Rectangle]
) -> FilmWords:
    """Texts and what a model read in each, or why it did not, as words beside all their regions.

    Args:
        box_of: where a cell of the grid lies in the picture.
    """
    known = [regions for regions in read if isinstance(regions, Regions)]
    cells = np.unique(np.concatenate([np.zeros(0, np.int64), *(one.index for one in known)]))
    column = {int(cell): number for number, cell in enumerate(cells)}
    parts, rows = [], [np.zeros((0, len(cells)), np.float32)]
    count = 0
    for text, regions in zip(texts, read, strict=True):
        if isinstance(regions, str):
            parts.append(_unread(text, regions))
            continue
        kept = np.array([column[int(cell)] for cell in regions.index], np.int64)
        pieces = tuple(
            Piece(piece, None if word is None else count + word)
            for piece, word in words_in(text, regions.words)
        )
        parts.append(
            FilmText(text, pieces, kept, regions.weights, regions.nowhere, regions.no_place)
        )
        rows.append(regions.word_maps.reshape(len(regions.words), -1)[:, cells])
        count += len(regions.words)
    return FilmWords(tuple(parts), [box_of(int(cell)) for cell in cells], np.concatenate(rows))


def _regions(
    predictor: Predictor, image: ImageEncoding, text: str, shape: tuple[int, int]
) -> Regions | str:
    """Regions of a text, or why there are none."""
    try:
        return predictor.regions(image, [text], shape)
    except ExplorerError as error:
        return str(error)


def words_in(text: str, words: Sequence[str]) -> list[tuple[str, int | None]]:
    """A text cut into pieces, each with the number of the model's word that reads it.

    Tokenizers change case, and some spelling: a piece belongs to the word that has most of its
    letters, in order. Blanks and signs belong to none.

    Args:
        words: of the model for this very text, in order; it may have read its beginning alone.

    >>> words_in("No Effusion.", ["no", "effusion", "."])
    [('No', 0), (' ', None), ('Effusion', 1), ('.', None)]
    """
    owners: list[int | None] = [None] * len(text)
    numbers = [number for number, word in enumerate(words) for _ in word]
    matcher = SequenceMatcher(None, _lower(text), _lower("".join(words)), autojunk=False)
    for start, start_word, size in matcher.get_matching_blocks():
        owners[start : start + size] = numbers[start_word : start_word + size]
    placed = []
    for match in _PIECES.finditer(text):
        letters = Counter(owners[match.start() : match.end()] if match[0][0].isalnum() else [])
        del letters[None]
        # Half of its letters at least: one that stands in two words by chance reads none.
        best = max(letters.items(), key=lambda pair: pair[1], default=(None, 0))
        placed.append((match[0], best[0] if 2 * best[1] >= len(match[0]) else None))
    return placed


def _lower(text: str) -> str:
    """In lower case, letter by letter, so that places stay."""
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


def unread_text(words: FilmWords, text: str, why: str) -> FilmWords:
    """The same with a text before the others that the model was not asked about."""
    return FilmWords((_unread(text, why), *words.texts), words.boxes, words.cosine)


def _unread(text: str, why: str) -> FilmText:
    none = np.zeros(0, np.int64), np.zeros(0, np.float32)
    return FilmText(text, (Piece(text),), *none, unread=why)
