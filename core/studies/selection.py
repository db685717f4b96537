"""Selections: files that name studies of a set, by which pages and commands mean the same films.

JSON: a list of names, or `{"name": ..., "studies": [...]}`. CSV: a column `study`.
"""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import ExplorerError
from core.studies.study import StudySet

FORM = re.compile(r"only,(.+?\.(?:json|csv)):(.+)", re.IGNORECASE | re.DOTALL)
"""`only,FILE:SET`: the file's path and the set that it chooses from."""
_LARGEST = 64 * 2**20  # bytes: a million names
_LONGEST_LINK = 1000  # characters: browsers and servers take addresses of some thousands
_MOST_ROWS = 1_000_000
_NAMED = 3  # of the studies that a set does not have


def only_spec(spec: str, file: Path | None) -> str:
    """The spec of a set's films that a file names; the set's own without a file.

    Raises:
        ExplorerError: the file's name tells no form.

    >>> only_spec("phantom:test", Path("mine.csv"))
    'only,mine.csv:phantom:test'
    """
    if file is None:
        return spec
    if file.suffix.lower() not in (".json", ".csv"):
        raise ExplorerError(f"{file}: a selection is a .json or a .csv file; rename it.")
    return f"only,{file}:{spec}"


def spread(studies: StudySet, count: int | None) -> StudySet:
    """So many of a set's studies, evenly over it; the set itself where it has no more.

    Args:
        count: at least 1; None for all.
    """
    if count is None or count >= len(studies):
        return studies
    rows = np.unique(np.linspace(0, len(studies) - 1, count).round().astype(int))
    return studies.subset(rows.tolist())


def selected(studies: StudySet, file: Path) -> StudySet:
    """The studies of a set that a file names, in the order of the set.

    Raises:
        ExplorerError: as `read_selection`; or a name is not of the set.
    """
    names = dict.fromkeys(read_selection(file))
    rows = {name: row for row, name in enumerate(studies.ids)}
    strange = [name for name in names if name not in rows]
    if strange:
        told = ", ".join(f"'{name}'" for name in strange[:_NAMED])
        more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
        raise ExplorerError(
            f"{file.name}: {told}{more} not in '{studies.spec}'; choose the set that the selection "
            "was made of, or remove them from the file."
        )
    return studies.subset(sorted(rows[name] for name in names))


def read_selection(file: Path) -> list[str]:
    """The names in a selection's file, at least one.

    Raises:
        ExplorerError: no such file, another form, or no name in it.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise ExplorerError(f"{file}: too large for a selection; name fewer studies.")
        text = file.read_text(encoding="utf-8-sig")
        names = _from_csv(text) if file.suffix.lower() == ".csv" else _from_json(text)
    except OSError:
        raise ExplorerError(f"{file} cannot be read; name a selection's file.") from None
    except (ValueError, RecursionError, csv.Error, KeyError):
        raise ExplorerError(
            f"{file} is no selection: a CSV file has a column 'study', a JSON file a list of names "
            'or {"studies": [names]}.'
        ) from None
    if not names:
        raise ExplorerError(f"{file} names no study; select at least one.")
    return names


def selection_json(name: str, studies: Sequence[str]) -> str:
    """A selection's file."""
    return json.dumps({"name": name, "studies": list(studies)}, indent=1) + "\n"


def rows_text(rows: Sequence[int]) -> str:
    """Rows in increasing order as a link names them, such as `3.7-9`; "" where that is too long.

    >>> rows_text([3, 7, 8, 9])
    '3.7-9'
    """
    parts: list[list[int]] = []
    for row in rows:
        if parts and row == parts[-1][1] + 1:
            parts[-1][1] = row
        else:
            parts.append([row, row])
    text = ".".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)
    return text if len(text) <= _LONGEST_LINK else ""


def read_rows(text: str) -> list[int]:
    """Rows as `rows_text` tells them.

    Raises:
        ExplorerError: another form, or more than a link may name.

    >>> read_rows("3.7-9")
    [3, 7, 8, 9]
    """
    one = r"\d{1,6}(-\d{1,6})?"
    if len(text) > _LONGEST_LINK or not re.fullmatch(rf"{one}(\.{one})*", text):
        raise ExplorerError("The link's rows are no rows; copy the link again.")
    ranges = [(int(first), int(last or first))
              for first, _, last in (part.partition("-") for part in text.split("."))]  # fmt: skip
    if sum(last - first + 1 for first, last in ranges) > _MOST_ROWS:
        raise ExplorerError(f"The link names more than {_MOST_ROWS:,} films; use a file.")
    return sorted({row for first, last in ranges for row in range(first, last + 1)})


def _from_csv(text: str) -> list[str]:
    return [row["study"] for row in csv.DictReader(text.splitlines()) if row["study"]]


def _from_json(text: str) -> list[str]:
    told = json.loads(text)
    names = told["studies"] if isinstance(told, dict) else told
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError
    return names
