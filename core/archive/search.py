"""Nearest images or regions of an archive to an image, a region or a text, by cosine.

Up to `EXACT_MOST` vectors every one is compared, in half precision as they are stored: the answer
is exact for what the archive holds. Past that, an inverted-file index (see `approximate`) is built
beside the shards once and its recall measured.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from core.archive.approximate import open_approximate
from core.archive.archive import Archive
from core.archive.embedded_set import EmbeddedSet
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.lrclr.encodings import ImageEncoding
from core.studies.study import StudySet

EXACT_MOST = 1_000_000
_MORE = 8  # regions looked at for each image wanted: neighbours of a hit are hits too

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Hit:
    """A study that was found."""

    row: int  # of the set
    score: float  # cosine
    cell: int | None = None  # its best region, a patch of the grid


class Searcher:
    """An index with what its numbers stand for."""

    def __init__(
        self, index: Any, rows: NDArray[np.int64], cells: Callable[[int, int], int] | None = None,
        note: str = "exact",
    ) -> None:  # fmt: skip
        """Wrap a faiss index over n images or, with `cells`, over K regions of each.

        Args:
            rows: (n,), of the set.
            cells: the patch of the grid of (image of the n, k).
            note: how exact answers are, for people.
        """
        self.index, self.rows, self.note = index, rows, note
        self._cells = cells
        self._each = index.ntotal // len(rows) if cells else 1

    def nearest(self, query: Vector, top: int = 20, without: int | None = None) -> list[Hit]:
        """The images nearest to a query (d,), L2-normalised, each with its best region.

        Args:
            top: images wanted.
            without: a row to leave out, such as that of the query itself.

        Raises:
            ExplorerError: `top` is not from 1 to 1000.
        """
        if not 1 <= top <= 1000:
            raise ExplorerError(f"top must be from 1 to 1000; got {top}.")
        wanted = min(top, len(self.rows) - (without is not None))
        asked = min((wanted + 1) * (_MORE if self._cells else 1), self.index.ntotal)
        while True:
            scores, numbers = self.index.search(query[None].astype(np.float32), asked)
            hits = self._hits(scores[0], numbers[0], without)
            if len(hits) >= wanted or asked == self.index.ntotal or numbers[0, -1] < 0:
                return hits[:wanted]
            asked = min(asked * 4, self.index.ntotal)  # all were regions of a few images

    def _hits(self, scores: Vector, numbers: NDArray[np.int64], without: int | None) -> list[Hit]:
        found: dict[int, Hit] = {}
        for score, number in zip(scores.tolist(), numbers.tolist(), strict=True):
            if number < 0:  # an approximate index found no more
                break
            image, k = divmod(number, self._each)
            row = int(self.rows[image])
            if row != without and row not in found:
                cell = self._cells(image, k) if self._cells else None
                found[row] = Hit(row, score, cell)
        return list(found.values())


def search_set(
    predictor: Predictor, studies: StudySet, regions: bool, encode: Callable[[], ImageEncoding]
) -> Searcher:
    """Search any set: an archive in its shards, another in the encodings that `encode` gives.

    Raises:
        ExplorerError: another model made the archive, or as `search_archive`.
    """
    if not isinstance(studies, EmbeddedSet):
        return search_encoding(encode(), regions)
    studies.check_model(predictor.name, predictor.model_hash)
    return search_archive(studies.archive, regions)


def search_encoding(images: ImageEncoding, regions: bool = False) -> Searcher:
    """Search among encodings at hand; those of images that could not be read are NaN, and out."""
    good = images.image_features.isfinite().all(dim=1)
    rows, images = np.flatnonzero(good.numpy()), images.rows(good)
    if not regions:
        return Searcher(exact_index(images.image_features.numpy()), rows)
    patches = images.patch_features
    return Searcher(
        exact_index(patches.reshape(-1, patches.shape[-1]).numpy()), rows, lambda image, k: k
    )  # fmt: skip


def search_archive(
    archive: Archive,
    regions: bool = False,
    exact_most: int = EXACT_MOST,
    told: Callable[[str], None] = lambda sentence: None,
) -> Searcher:
    """Search an archive's images or regions.

    Args:
        exact_most: vectors above which an approximate index is used, and built if need be.
        told: called with sentences while one is built.

    Raises:
        ExplorerError: a shard or the index is damaged.
    """
    each = archive.description.patch_count if regions else 1
    if len(archive) * each > exact_most:
        index, note = open_approximate(archive, regions, told)
    else:
        vectors = archive.patches(np.arange(len(archive)))[0] if regions else archive.image_features
        index, note = exact_index(vectors.reshape(-1, vectors.shape[-1]).numpy()), "exact"
    return Searcher(index, np.arange(len(archive)), _Cells(archive) if regions else None, note)


def exact_index(vectors: NDArray[np.floating]) -> Any:
    """A faiss index over every vector (n, d), in half precision, a part for each core.

    One query runs on one thread of a faiss index; the parts are searched side by side.
    """
    width = vectors.shape[1]
    shards: Any = faiss.IndexShards  # of whose arguments faiss's own stubs know one
    whole = shards(width, True, True)  # threaded, ids in order
    whole.own_indices = True
    for part in np.array_split(vectors, min(os.cpu_count() or 1, len(vectors))):
        flat: Any = faiss.IndexScalarQuantizer(
            width, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        for start in range(0, len(part), 65_536):
            flat.add(np.ascontiguousarray(part[start : start + 65_536], np.float32))
        whole.add_shard(flat)
        flat.this.disown()
    return whole


class _Cells:
    """Patch of the grid of the k-th region that an archive keeps of an image."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def __call__(self, image: int, k: int) -> int:
        if self._archive.description.patches is None:
            return k
        cells = self._archive.patches(np.array([image]))[1]
        assert cells is not None
        return int(cells[0, k])
