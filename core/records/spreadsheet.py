"""Notes as CSV: one a line, tags and shapes as JSON in their cells."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.studies.text_table import read_text_table

_NUMBERS, _LISTS = ("width", "height", "version"), ("tags", "shapes")
_COLUMNS = (
    "id", "image_key", "width", "height", "author", "created", "changed", "changed_by", "version",
    "finding", "verdict", "text", "tags", "shapes",
)  # fmt: skip
_ACTED_ON = ("=", "+", "-", "@", "\t", "'")


def written(records: Sequence[dict[str, Any]]) -> str:
    """CSV of records, in UTF-8 with commas.

    A cell that a spreadsheet would take for a formula begins with an apostrophe, which `read` takes
    away again.
    """
    sheet = io.StringIO()
    columns = list(records[0]) if records else list(_COLUMNS)
    table = csv.writer(sheet, lineterminator="\n")
    table.writerow(columns)
    for values in records:
        table.writerow([_cell(values[name]) for name in columns])
    return sheet.getvalue()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Records of CSV as a spreadsheet may have saved it again, with its separator and encoding.

    Raises:
        ExplorerError: it is no table of notes, or a cell holds no list or number.
    """
    try:
        table = read_text_table(path).fillna("")
    except OSError:
        raise
    except ValueError:
        raise ExplorerError(f"{path.name} is no readable CSV table; export it again.") from None
    missing = [name for name in _COLUMNS if name not in table.columns]
    if missing:
        raise ExplorerError(f"{path.name} has no column {missing[0]}; export the notes again.")
    for line, values in enumerate(table.to_dict("records"), 2):
        record = {str(name): _plain(str(cell)) for name, cell in values.items()}
        try:
            numbers = {name: int(record[name]) for name in _NUMBERS}
            lists = {name: json.loads(record[name]) for name in _LISTS}
        except (ValueError, RecursionError):
            raise ExplorerError(
                f"{path.name}, line {line}: tags and shapes are JSON, width, height and version "
                "whole numbers; export the notes again."
            ) from None
        yield record | numbers | lists


def _cell(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if value.startswith(_ACTED_ON) else value


def _plain(cell: str) -> str:
    return cell.removeprefix("'")
