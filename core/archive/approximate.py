"""An approximate index past a million vectors: inverted lists around k-means centres (faiss IVF).

A query looks into the lists of the nearest centres alone. How many it takes is measured when the
index is built: the fewest that find `_RECALL` of the ten nearest vectors, for vectors of the
archive as queries and for the default prompts, which lie apart from them.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from core.archive.archive import Archive
from core.errors import ExplorerError
from core.files import write_text_whole, write_whole

_RECALL = 0.95
_QUERIES = 64  # of the archive
_NEAREST = 10
_POINTS = 64  # for each centre, when these are found
_BLOCK = 1024  # studies read at once

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Approximate:
    """What is known of an index that was built."""

    fingerprint: str  # of the archive
    vectors: int
    lists: int
    probes: int  # lists looked into for a query
    recall: float  # of the ten nearest, archive's vectors as queries
    recall_text: float  # the same, the default prompts as queries

    @property
    def note(self) -> str:
        """For people."""
        return (
            f"approximate: {self.probes} of {self.lists} lists, measured recall of the ten nearest "
            f"{self.recall:.2f} ({self.recall_text:.2f} for texts)"
        )


def open_approximate(
    archive: Archive, regions: bool, told: Callable[[str], None], seed: int = 0
) -> tuple[Any, str]:
    """The index that lies beside the shards, built first where it is missing or outdated.

    Args:
        seed: of the sample that centres are found in.

    Returns:
        a faiss index, and how good it is.

    Raises:
        ExplorerError: the index cannot be written or is damaged.
    """
    path = archive.folder / f"search-{'regions' if regions else 'images'}.faiss"
    about = path.with_suffix(".json")
    made = _read(about)
    if made is None or made.fingerprint != archive.fingerprint or not path.is_file():
        index, made = _build(archive, regions, told, seed)
        write_whole(path, lambda partial: faiss.write_index(index, str(partial)))
        text = json.dumps(asdict(made), indent=1) + "\n"
        write_text_whole(about, text)
    try:
        # Mapped: what no query looks at stays on the disk.
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError:
        index = None
    if index is None or index.ntotal != made.vectors:
        raise ExplorerError(f"{path} is damaged; delete it and search again, which builds it.")
    index.nprobe = made.probes
    index.parallel_mode = 1  # one query's lists side by side
    return index, made.note


def _read(path: Path) -> Approximate | None:
    try:
        return Approximate(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _build(
    archive: Archive, regions: bool, told: Callable[[str], None], seed: int
) -> tuple[Any, Approximate]:
    width = archive.description.width
    each = archive.description.patch_count if regions else 1
    count = len(archive) * each
    lists = 2 ** max(round(math.log2(4 * math.sqrt(count))), 1)
    lists = min(lists, max(count // 40, 1))  # k-means wants some points for each
    told(f"Building an index of {count:,} vectors in {lists} lists; once for these shards.")
    rng = np.random.default_rng(seed)
    chosen = np.sort(
        rng.choice(len(archive), min(len(archive), -(-_POINTS * lists // each)), False)
    )
    sample = _sample(archive, regions, chosen)
    sample = sample[rng.permutation(len(sample))[: _POINTS * lists]]
    index: Any = faiss.index_factory(width, f"IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed + 1
    index.train(sample)
    own = sample[rng.choice(len(sample), min(_QUERIES, len(sample)), False)]
    truth = _Truth(np.stack([*own, *archive.prompts().values()]))
    for start, vectors in _blocks(archive, regions):
        index.add(vectors)
        truth.see(start * each, vectors)
        if start // _BLOCK % 32 == 31:
            told(f"{index.ntotal:,} of {count:,} vectors are in the index.")
    probes, recall, recall_text = _probes(index, truth, len(own), lists)
    return index, Approximate(archive.fingerprint, count, lists, probes, recall, recall_text)


def _sample(archive: Archive, regions: bool, rows: NDArray[np.int64]) -> Vectors:
    if not regions:
        return np.ascontiguousarray(archive.image_features[rows].numpy())
    parts = []
    for some in np.array_split(rows, max(len(rows) // _BLOCK, 1)):
        patches = archive.patches(some)[0]
        parts.append(patches.reshape(-1, patches.shape[-1]).float().numpy())
    return np.concatenate(parts)


def _blocks(archive: Archive, regions: bool) -> Iterator[tuple[int, Vectors]]:
    for start in range(0, len(archive), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(archive)))
        yield start, _sample(archive, regions, rows)


class _Truth:
    """The nearest vectors of some queries, as all vectors go by."""

    def __init__(self, queries: Vectors) -> None:
        self.queries = queries
        self._best = faiss.ResultHeap(len(queries), _NEAREST, keep_max=True)

    def see(self, first: int, vectors: Vectors) -> None:
        """Vectors (m, d), numbered from `first`."""
        few = min(_NEAREST, len(vectors))
        scores, numbers = faiss.knn(self.queries, vectors, few, faiss.METRIC_INNER_PRODUCT)
        self._best.add_result(scores, numbers + first)

    def nearest(self) -> NDArray[np.int64]:
        """Numbers (queries, 10), best first; asked once, at the end."""
        self._best.finalize()
        return np.asarray(self._best.I)


def _probes(index: Any, truth: _Truth, own: int, lists: int) -> tuple[int, float, float]:
    """The fewest lists, a power of two, with enough recall; and that of both kinds of queries."""
    right = truth.nearest()
    index.parallel_mode = 0
    probes = 1
    while True:
        index.nprobe = probes
        found = index.search(truth.queries, _NEAREST)[1]
        hit = np.array([len(set(a) & set(b)) / len(b) for a, b in zip(found, right, strict=True)])
        recall, recall_text = float(hit[:own].mean()), float(hit[own:].mean())
        if min(recall, recall_text) >= _RECALL or probes >= lists:
            return probes, recall, recall_text
        probes = min(2 * probes, lists)
