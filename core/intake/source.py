"""Where an import reads from: a folder of images, or a table with any columns that names images."""

import os
from dataclasses import dataclass
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
from pyarrow import parquet

from core.errors import ExplorerError

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
_ENCODINGS = ("utf-8-sig", "cp1252")
_MAX_ROWS = 5_000_000


@dataclass(frozen=True)
class Source:
    """Data to import.

    Attributes:
        root: the folder that no image may lie outside of.
        table: a table's path; None for a folder of images.
        columns: of the table; empty for a folder.
        preview: the first rows as text; of a folder, the first files and their size.
    """

    root: Path
    table: Path | None
    columns: tuple[str, ...]
    preview: pd.DataFrame

    def rows(self) -> pd.DataFrame:
        """The whole table as text, NaN where a cell is empty.

        Raises:
            ExplorerError: it cannot be read, or is beyond five million rows.
        """
        assert self.table is not None
        return _read(self.table, None)

    def files(self) -> list[str]:
        """Every file below a folder, relative to it; links and hidden files are not followed."""
        return _files(self.root)


def open_source(data: str | Path, images: str | Path | None = None, preview: int = 8) -> Source:
    """Look at what is to be imported.

    Args:
        data: a folder of images, or a CSV, TSV or Parquet table.
        images: the folder that a table's image paths start from; the table's own by default.

    Raises:
        ExplorerError: a network path, nothing there, or no readable table.
    """
    path = _local(data)
    if isdir(path):
        root = path.resolve()
        first = _files(root, preview)
        sizes = [(root / name).stat().st_size for name in first]
        return Source(root, None, (), pd.DataFrame({"file": first, "bytes": sizes}))
    if not isfile(path) or path.suffix.lower() not in TABLES:
        raise ExplorerError(
            f"There is nothing to import at '{path.name}'; give a folder of images, or a table "
            f"ending in {', '.join(TABLES)}."
        )
    root = (_local(images) if images else path.parent).resolve()
    if not isdir(root):
        raise ExplorerError(f"There is no folder of images '{root.name}'; check its path.")
    head = _read(path, preview)
    if head.empty or len(set(head.columns)) < len(head.columns):
        raise ExplorerError(f"{path.name} has no rows, or two columns of one name; look at it.")
    return Source(root, path, tuple(head.columns), head)


def _local(given: str | Path) -> Path:
    text = str(given).strip()
    if text.startswith(("\\\\", "//")):  # before anything touches the network
        raise ExplorerError("Network paths are not opened; copy the data to a local folder.")
    if not text or "\0" in text:
        raise ExplorerError("No data is named; give a folder of images or a table.")
    return Path(text).expanduser()


def _files(root: Path, first: int | None = None) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                found.append((Path(folder) / name).relative_to(root).as_posix())
        if first is not None and len(found) >= first:
            return found[:first]
    return found


def _read(path: Path, rows: int | None) -> pd.DataFrame:
    parquets = path.suffix.lower() in (".parquet", ".pq")
    try:
        table = _read_parquet(path, rows) if parquets else _read_text(path, rows)
    except ExplorerError:
        raise
    except (OSError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError,
            pyarrow.ArrowException):  # fmt: skip
        raise ExplorerError(
            f"{path.name} is no readable table; save it as UTF-8 CSV with a header line, or as "
            "Parquet."
        ) from None
    if len(table) > _MAX_ROWS:
        raise ExplorerError(f"{path.name} has over {_MAX_ROWS} rows; import it in parts.")
    table.columns = [str(name).strip() for name in table.columns]
    return table


def _read_text(path: Path, rows: int | None) -> pd.DataFrame:
    for encoding in _ENCODINGS:
        try:
            with path.open(encoding=encoding, newline="") as file:
                header = file.readline(100_000)
            separator = max(",;\t|", key=header.count)
            limit = _MAX_ROWS + 1 if rows is None else rows
            return pd.read_csv(path, dtype=str, sep=separator, encoding=encoding, nrows=limit)
        except UnicodeDecodeError:  # a spreadsheet's own encoding, or no text at all
            continue
    raise ValueError


def _read_parquet(path: Path, rows: int | None) -> pd.DataFrame:
    file = parquet.ParquetFile(path)
    if file.metadata.num_rows > _MAX_ROWS:
        raise ExplorerError(f"{path.name} has over {_MAX_ROWS} rows; import it in parts.")
    if rows is None:
        table = file.read()
    else:
        head = next(file.iter_batches(rows), None)
        table = pyarrow.Table.from_batches([head] if head else [], file.schema_arrow)
    return table.to_pandas().map(_text)


def _text(value: Any) -> Any:
    """A cell as a CSV would hold it: 1.0 is 1, and nothing is nothing."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
