"""What cells and headers of tables mean: labels in words, lists, names of columns in any case."""

import ast
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

LABEL_WORDS = "1, 0, -1, true, false, yes, no, positive, negative, blank"
"""What a label can be, for sentences; some more are read."""
_TRUE = {"true", "t", "yes", "y", "positive", "pos", "present", "x", "+", "ja"}
_FALSE = {"false", "f", "no", "n", "negative", "neg", "absent", "-", "nein"}
_UNKNOWN = {"", "nan", "na", "n/a", "<na>", "none", "null", "unknown", "uncertain", "unclear", "?"}
_UNKNOWN |= {"not mentioned", "blank", "u"}
_NUMBERS = {1.0: 1.0, 0.0: 0.0, -1.0: math.nan}
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_LONGEST = 2_000_000  # characters of a cell with a list in it


def label_value(cell: object) -> float | None:
    """1.0, 0.0, NaN for unknown or uncertain (-1, as U-Ignore of CheXpert), None for what is none.

    >>> label_value("Yes"), label_value("0.0"), label_value("maybe"), label_value(True)
    (1.0, 0.0, None, 1.0)
    """
    if cell is None or cell is pd.NA:
        return math.nan
    word = str(cell).strip().lower()
    for value, words in ((1.0, _TRUE), (0.0, _FALSE), (math.nan, _UNKNOWN)):
        if word in words:
            return value
    try:
        return _NUMBERS.get(float(word))
    except ValueError:
        return None


def label_column(cells: "pd.Series[Any]") -> tuple["pd.Series[float]", list[str]]:
    """A column of labels as 1.0, 0.0 and NaN, and the words in it that are no labels."""
    values = {cell: label_value(cell) for cell in cells.dropna().unique()}
    strange = [str(cell) for cell, value in values.items() if value is None]
    known = {cell: value for cell, value in values.items() if value is not None}
    return cells.map(known).astype(float), strange


def plain_name(name: str) -> str:
    """A name in lower case, its words joined by underscores: headers that agree in it are one.

    >>> plain_name(" Pleural  Effusion"), plain_name("Patient-ID")
    ('pleural_effusion', 'patient_id')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def spelled_as(columns: Sequence[str], known: Iterable[str]) -> dict[str, str]:
    """Columns that are called by a known name but for case and what joins words, and that name.

    >>> spelled_as(["ID", "lung_lesion", "Edema", "edema"], ["id", "Edema", "Lung Lesion"])
    {'ID': 'id', 'lung_lesion': 'Lung Lesion'}
    """
    taken = set(columns)
    renamed: dict[str, str] = {}
    by_plain = {plain_name(name): name for name in known}
    for column in columns:
        name = by_plain.get(plain_name(column))
        if name is not None and name not in taken:
            renamed[column] = name
            taken.add(name)
    return renamed


def structure(cell: object) -> Any:
    """What a cell with JSON or a Python literal holds, such as a list of boxes; None for others.

    >>> structure("[{'x': 1}]"), structure('["a", "b"]'), structure("a, b")
    ([{'x': 1}], ['a', 'b'], None)
    """
    text = cell.strip() if isinstance(cell, str) else ""
    if not text.startswith(("[", "{")) or len(text) > _LONGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # brackets in brackets without end
        pass
    try:
        return ast.literal_eval(text)  # as pandas writes a list into a CSV
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def listed(text: str) -> list[str] | None:
    """The words of a cell that holds a list, however it was written; None where it holds none.

    >>> listed("['Mass' 'Pleural Effusion']"), listed('["Mass"]'), listed("[]"), listed("Mass")
    (['Mass', 'Pleural Effusion'], ['Mass'], [], None)
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    quoted = _QUOTED.findall(text)
    if len(quoted) > 1 and "," not in _QUOTED.sub("", text):  # NumPy writes no commas
        return [(single or double).strip() for single, double in quoted]
    held = structure(text)
    if isinstance(held, list):
        return [str(part).strip() for part in held]
    return [part.strip() for part in text[1:-1].split(",") if part.strip()]


def cell_text(value: Any) -> str | None:
    """A cell of any type as a CSV would hold it: 1.0 is 1, a list is JSON, and nothing is None."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple | set | dict):
        return json.dumps(list(value) if isinstance(value, set) else value, default=_plain)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _plain(value: Any) -> Any:
    """What JSON has no form for, as it has one: arrays in lists, numbers of NumPy."""
    if isinstance(value, bytes):
        return ""
    return value.tolist() if hasattr(value, "tolist") else str(value)
