"""One shard: a Parquet file with the encodings of some studies, and of the others why not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import ExplorerError
from core.files import write_whole
from core.lrclr.encodings import ImageEncoding

_ROW_GROUP = 64  # studies: what one study costs to read
_PROBLEMS = b"problems"

Half = NDArray[np.float16]


@dataclass(frozen=True)
class Problem:
    """A study that has no embedding, and why."""

    row: int  # of the set
    id: str
    reason: str


@dataclass(frozen=True)
class Head:
    """What is read of a shard when an archive opens: all but the patches."""

    rows: NDArray[np.int64]  # (n,), of the set
    ids: list[str]
    image_features: Half  # (n, d)
    problems: tuple[Problem, ...]


def write_shard(
    path: Path, rows: list[int], ids: list[str], images: ImageEncoding | None,
    problems: list[Problem],
) -> None:  # fmt: skip
    """Write a shard, whole or not at all.

    Args:
        rows: n rows of the set, with their `ids`.
        images: n images, whose `patch_features` (n, K, d) may be those of `selected` alone; None
            where every study has a problem.
    """
    columns: dict[str, Any] = {"row": pa.array(rows, pa.int32()), "id": pa.array(ids, pa.string())}
    if images is not None:
        # A list that any reader of Parquet knows, and bytes for what is many times larger: these
        # are read ten times as fast.
        columns["image"] = _list(_half(images.image_features))
        columns["patches"] = _bytes(_half(images.patch_features))
        if images.selected is not None:
            columns["places"] = _bytes(images.selected.cpu().numpy().astype(np.uint16))
    said = json.dumps([[p.row, p.id, p.reason] for p in problems]).encode()
    table = pa.table(columns).replace_schema_metadata({_PROBLEMS: said})
    write_whole(
        path,
        lambda partial: pq.write_table(
            table, partial, row_group_size=_ROW_GROUP, compression="none", use_dictionary=False,
            write_statistics=False,
        ),
    )  # fmt: skip


def read_head(path: Path, width: int) -> Head:
    """Rows, ids, image features (n, d = `width`) and problems of a shard.

    Raises:
        ExplorerError: the file is damaged.
    """
    with _reading(path), pq.ParquetFile(path, memory_map=True) as file:
        names = [name for name in ("row", "id", "image") if name in file.schema_arrow.names]
        table = file.read(columns=names)
        said = json.loads((file.schema_arrow.metadata or {}).get(_PROBLEMS, b"[]"))
        features = np.zeros((0, width), np.float16)
        if "image" in names:
            features = table["image"].combine_chunks().flatten().to_numpy().reshape(-1, width)
        return Head(
            table["row"].to_numpy().astype(np.int64),
            table["id"].to_pylist(),
            features,
            tuple(Problem(int(row), str(name), str(reason)) for row, name, reason in said),
        )


class Patches:
    """Patch features of one shard, read a few row groups at a time."""

    def __init__(self, path: Path, width: int) -> None:
        self.path, self.width = path, width
        with _reading(path):
            self._file = pq.ParquetFile(path, memory_map=True)

    def read(self, places: NDArray[np.int64]) -> tuple[Tensor, Tensor | None]:
        """Patches (m, K, d) float16 of the rows `places` of the shard, and their cells (m, K).

        Raises:
            ExplorerError: the file is damaged.
        """
        with _reading(self.path):
            groups, inside = np.unique(places // _ROW_GROUP, return_inverse=True)
            names = [n for n in ("patches", "places") if n in self._file.schema_arrow.names]
            table = self._file.read_row_groups(groups.tolist(), columns=names)
            sizes = [self._file.metadata.row_group(int(group)).num_rows for group in groups]
            starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
            taken = torch.from_numpy(starts[inside] + places % _ROW_GROUP)
            patches = _array(table["patches"], np.float16).view(len(table), -1, self.width)
            cells = _array(table["places"], np.uint16) if "places" in names else None
            return patches[taken], None if cells is None else cells[taken].long()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _half(features: Tensor) -> Half:
    return np.ascontiguousarray(features.detach().cpu().half().numpy())


def _list(values: NDArray[Any]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])


def _bytes(values: NDArray[Any]) -> pa.Array:
    """Each row of (n, ...) as bytes, little-endian."""
    flat = np.ascontiguousarray(values).reshape(len(values), -1)
    kind = pa.binary(flat.shape[1] * flat.itemsize)
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)])


def _array(column: pa.ChunkedArray, kind: type) -> Tensor:
    """Rows of bytes as (n, ...)."""
    joined = column.combine_chunks()
    size = joined.type.byte_width // np.dtype(kind).itemsize
    whole: NDArray[Any] = np.frombuffer(joined.buffers()[1], kind)[joined.offset * size :]
    return torch.from_numpy(whole[: len(joined) * size].reshape(len(joined), size).copy())


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file is damaged, in place of what Arrow says."""
    try:
        yield
    except ExplorerError:
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError, AttributeError):
        raise ExplorerError(
            f"{path.parent.name}/{path.name} is damaged; delete it and run `embed` again, which "
            "makes what is missing."
        ) from None
