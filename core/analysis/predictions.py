"""A table of predictions larger than memory: Parquet, of which one column at a time is held.

One row a film and finding: `score`, `label` (1, 0 or missing), and where they are there `finding`
and `patient_id`; any other column can be sliced by. Columns become small numbers as they are read,
so that a row costs some 40 bytes at the most however many columns there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from core.analysis.columns import FEW, MOST, NEVER, bands_of, column_values, is_age
from core.errors import ExplorerError
from core.labels import PATHOLOGIES

_OWN = {"score", "label", "finding", "called", "number", "film", "patient_id"}
_BATCH = 2**17  # rows
_SAID = 1000  # values of a column at most that is asked for


@dataclass(frozen=True)
class Coded:
    """A column (n,) as the numbers of its values; -1 where not known."""

    codes: NDArray[np.int16]
    names: list[str]


class Predictions:
    """The rows of one finding whose label is known and whose score is a number."""

    def __init__(self, path: Path, finding: str | None = None) -> None:
        """Look at the columns; rows are read when they are asked for.

        Args:
            finding: of a table with a column of that name.

        Raises:
            ExplorerError: no such table or finding, or a column is missing.
        """
        try:
            self._table = ds.dataset(path, format="parquet")
            names = set(self._table.schema.names)
        except (OSError, pa.ArrowException, ValueError):
            raise ExplorerError(
                f"{path} is no Parquet table that can be read; give one with score and label."
            ) from None
        if missing := {"score", "label"} - names:
            raise ExplorerError(f"{path} has no column {' and no column '.join(sorted(missing))}.")
        self.path = path
        field = pc.field
        # As numbers, since a label may be kept as one of several types.
        self._rows = field("label").is_valid() & pc.is_finite(field("score").cast("float64"))
        self.finding = self._chosen(finding) if "finding" in names else finding or "the finding"
        if "finding" in names:
            self._rows &= field("finding") == self.finding

    def _chosen(self, finding: str | None) -> str:
        named: set[str] = set()
        for batch in self._table.to_batches(columns=["finding"], batch_size=_BATCH):
            named.update(str(one) for one in pc.unique(batch["finding"]).to_pylist() if one)
        if finding is None and len(named) == 1:
            return named.pop()
        if finding not in named:
            raise ExplorerError(
                f"{self.path} has the findings {', '.join(sorted(named)[:20])}; choose one of them "
                "with --finding."
            )
        return str(finding)

    @cached_property
    def count(self) -> int:
        """How many rows."""
        return int(self._table.count_rows(filter=self._rows))

    @cached_property
    def fingerprint(self) -> str:
        """Of the files' ends, where Parquet says what is in them, and their sizes."""
        digest = sha256()
        for name in self._table.files:
            with Path(name).open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(size - 2**20, 0))
                digest.update(str(size).encode() + file.read())
        return digest.hexdigest()[:16]

    def batches(self, name: str) -> Iterator[pa.Array]:
        """A column, some rows at a time, in the order of the table."""
        read = self._table.to_batches(
            columns=[name], filter=self._rows, batch_size=_BATCH, batch_readahead=2,
            fragment_readahead=1,
        )  # fmt: skip
        for batch in read:
            yield batch.column(0)

    def numbers(self, name: str, kind: type[np.generic]) -> NDArray[Any]:
        """A column of numbers (n,); NaN, where the kind has it, for what is missing."""
        told, start = np.empty(self.count, kind), 0
        for some in self.batches(name):
            told[start : start + len(some)] = some.cast("float64").to_numpy(zero_copy_only=False)
            start += len(some)
        return told

    def patients(self) -> NDArray[np.int32] | None:
        """Patient of each row (n,), numbered from 0; None where the table knows none."""
        if "patient_id" not in self._table.schema.names:
            return None
        hashed, start = np.empty(self.count, np.uint64), 0
        for some in self.batches("patient_id"):
            values = some.cast("string").to_numpy(zero_copy_only=False)
            hashed[start : start + len(some)] = pd.util.hash_array(values)
            start += len(some)
        return np.unique(hashed, return_inverse=True)[1].astype(np.int32)

    def coded(self, by: Sequence[str] | None = None) -> Iterator[tuple[str, Coded]]:
        """Columns to slice by, one at a time, as `core.analysis.columns.columns_of` has them.

        Raises:
            ExplorerError: a wanted column is not there, or has one value, or more than 1,000.
        """
        offered = [name for name in self._table.schema.names
                   if name not in _OWN | NEVER and name != self.finding]  # fmt: skip
        for name in by if by is not None else offered:
            if name not in offered:
                told = ", ".join(offered) or "none"
                raise ExplorerError(f"There is no column '{name}' to slice by; choose of: {told}.")
            column = self._numbers(name) if self._numeric(name) else self._words(name)
            if by is not None and column and len(column.names) < 2:
                raise ExplorerError(f"Column '{name}' has one value at most; choose another.")
            if column is None and by is not None:
                raise ExplorerError(f"Column '{name}' has over {_SAID} values; choose another.")
            if column and 2 <= len(column.names) <= (MOST if by is None else _SAID):
                yield name, column

    def _numeric(self, name: str) -> bool:
        kind = self._table.schema.field(name).type
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))

    def _words(self, name: str) -> Coded | None:
        """None of more than 1,000 values."""
        codes, start = np.empty(self.count, np.int16), 0
        places: dict[str, int] = {"": -1}
        for some in self.batches(name):
            told = some.cast("string").dictionary_encode(null_encoding="encode")
            own = [(value or "").strip() for value in told.dictionary.to_pylist()]
            for value in own:
                places.setdefault(value, len(places) - 1)
            if len(places) > _SAID:
                return None
            own_codes = np.array([places[value] for value in own], np.int16)
            codes[start : start + len(some)] = own_codes[told.indices.to_numpy()]
            start += len(some)
        return _in_order(codes, [value for value, place in places.items() if place >= 0])

    def _numbers(self, name: str) -> Coded:
        numbers = self.numbers(name, np.float64)
        distinct = np.unique(numbers[: 2**16])
        if len(distinct) <= FEW + 1:
            distinct = np.unique(numbers)
        few = len(distinct) - np.isnan(distinct).any() <= FEW and not is_age(name)
        if few or name in PATHOLOGIES:
            kind = self._table.schema.field(name).type
            whole = pa.types.is_integer(kind)
            told = [None if np.isnan(one) else int(one) if whole else one for one in distinct]
            own = column_values(pd.Series(told, dtype=object), name)
            codes = np.searchsorted(distinct, numbers)
        else:  # bands of all the numbers
            bands = bands_of(numbers, name)
            own = np.array([*(told for _, told in bands), ""], object)
            codes = np.searchsorted([end for end, _ in bands[:-1]], numbers, side="right")
            codes[np.isnan(numbers)] = len(bands)
        names = sorted(set(own) - {""})
        places = np.array([names.index(one) if one else -1 for one in own], np.int16)
        return _in_order(places[codes], names)


def _in_order(codes: NDArray[np.int16], names: list[str]) -> Coded:
    """With the names sorted, those that no row has left out."""
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(names)))
    kept = sorted(used.tolist(), key=lambda place: names[place])
    places = np.full(len(names) + 1, -1, np.int16)  # the last is of what is not known
    places[kept] = np.arange(len(kept))
    return Coded(places[codes], [names[place] for place in kept])
