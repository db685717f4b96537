"""Tables and files of a publisher's folder: found, read within limits, listed.

Tables are text until a set makes numbers of them. Files in a few wide folders are listed, since a
listing names ten thousand at once; files in deep trees are asked for one by one, which is quicker
there than to walk the tree.
"""

import gzip
import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import ExplorerError

MAX_BYTES = 2 * 2**30  # of a table as it lies there
MAX_EXPANDED = 2**30  # of a compressed table; the largest published one expands to 0.1 GB
_LEAVES_ROOT = r"(?:^|/)\.\.(?:/|$)|^/|\\|^.?:"


def find(root: Path, *names: str) -> Path | None:
    """The first of the files, plain or compressed, in the folder or in one just below it."""
    for name in names:
        for place in (name, f"*/{name}"):
            for ending in ("", ".gz", ".zip"):
                found = sorted(path for path in root.glob(place + ending) if path.is_file())
                if found:
                    return found[0]
    return None


def require(root: Path, layout: str, *names: str) -> Path:
    """As `find`.

    Raises:
        ExplorerError: none of the files is there; the sentence ends in `layout`.
    """
    found = find(root, *names)
    if found is None:
        raise ExplorerError(f"The folder {root.name} holds no {' or '.join(names)}: {layout}")
    return found


def read_table(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> pd.DataFrame:
    """Some columns of a CSV, as text, NaN where empty; headers lose spaces and a byte order mark.

    Raises:
        ExplorerError: no CSV, too large, or a column missing.
    """
    wanted = {*columns, *optional}
    try:
        table = pd.read_csv(
            _plain(path), dtype=str, encoding="utf-8-sig", usecols=lambda c: c.strip() in wanted,
            keep_default_na=False, na_values=[""],  # a patient may be called NA
        )  # fmt: skip
    except ExplorerError:
        raise
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError, EOFError,
            zlib.error, zipfile.BadZipFile, RuntimeError, ValueError,
            IndexError):  # fmt: skip
        raise ExplorerError(f"{path.name} is no readable CSV table; download it again.") from None
    table = table.rename(columns=str.strip)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ExplorerError(
            f"{path.name} has no column '{missing[0]}'; use the table as it was published."
        )
    for column in (name for name in optional if name not in table.columns):
        table[column] = pd.Series(None, index=table.index, dtype="str")
    return table[[*columns, *optional]]


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        ExplorerError: no JSON, or too large.
    """
    try:
        _refuse(path, path.stat().st_size, MAX_BYTES)
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except ExplorerError:
        raise
    except (OSError, ValueError, RecursionError):
        raise ExplorerError(f"{path.name} is no readable JSON; download it again.") from None


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The same columns as floats, NaN for what is no number."""
    return table.apply(pd.to_numeric, errors="coerce").astype(float)


def files_by_stem(root: Path, suffixes: Sequence[str], depth: int) -> dict[str, str]:
    """Relative path of each file with such a suffix by its name without it.

    Args:
        suffixes: lower case; where several files share a stem, the first suffix wins.
        depth: how many folders down to look, which also ends a loop of links.
    """
    paths = sorted(_walk(str(root), "", depth), reverse=True)
    found: dict[str, str] = {}
    for suffix in reversed(suffixes):
        for path in paths:
            stem, ending = os.path.splitext(path.rsplit("/", 1)[-1])
            if ending.lower() == suffix:
                found[stem] = path
    return found


def existing(root: Path, paths: pd.Series) -> pd.Series:
    """The relative paths that name a file with bytes under `root`, NaN for the others."""
    inside = paths.notna() & ~paths.fillna("").str.contains(_LEAVES_ROOT)
    base = str(root) + os.sep
    there = [ok and _has_bytes(base + path) for ok, path in zip(inside, paths, strict=True)]
    return paths.where(pd.Series(there, index=paths.index, dtype=bool))


def _has_bytes(path: str) -> bool:
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(seen.st_mode) and seen.st_size > 0


def _walk(root: str, under: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(os.path.join(root, under)) as entries:
            for entry in entries:
                path = f"{under}/{entry.name}" if under else entry.name
                if not entry.is_dir():
                    yield path
                elif depth > 0:
                    yield from _walk(root, path, depth - 1)
    except OSError:
        return


def _plain(path: Path) -> Path | io.BytesIO:
    """A table to read: the file itself, or its bytes where it is compressed."""
    _refuse(path, path.stat().st_size, MAX_BYTES)
    if path.suffix == ".gz":
        with gzip.open(path) as stream:
            data = stream.read(MAX_EXPANDED + 1)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as stream:
            data = stream.read(MAX_EXPANDED + 1)
    else:
        return path
    _refuse(path, len(data), MAX_EXPANDED)
    return io.BytesIO(data)


def _refuse(path: Path, size: int, limit: int) -> None:
    if size > limit:
        raise ExplorerError(
            f"{path.name} is over the limit of {limit // 2**30} GB for a table; download it again."
        )
