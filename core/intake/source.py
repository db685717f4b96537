"""Where an import reads from: a folder of images, or a table with any columns that names images."""

from dataclasses import dataclass
from itertools import islice
from os.path import isdir, isfile
from pathlib import Path

import pandas as pd
import pyarrow
from pyarrow import parquet

from core.errors import ExplorerError
from core.studies.cells import cell_text
from core.studies.folder import visible_files
from core.studies.text_table import read_text_table

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
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
    return list(islice(visible_files(root), first))


def _read(path: Path, rows: int | None) -> pd.DataFrame:
    parquets = path.suffix.lower() in (".parquet", ".pq")
    try:
        limit = _MAX_ROWS + 1 if rows is None else rows
        table = _read_parquet(path, rows) if parquets else read_text_table(path, limit)
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


def _read_parquet(path: Path, rows: int | None) -> pd.DataFrame:
    file = parquet.ParquetFile(path)
    if file.metadata.num_rows > _MAX_ROWS:
        raise ExplorerError(f"{path.name} has over {_MAX_ROWS} rows; import it in parts.")
    if rows is None:
        table = file.read()
    else:
        head = next(file.iter_batches(rows), None)
        table = pyarrow.Table.from_batches([head] if head else [], file.schema_arrow)
    return table.to_pandas().map(cell_text)
