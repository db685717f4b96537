"""What films can be sliced by: columns of their table as a few named values, and the lesion itself.

An empty value is not known; it is in no slice, and in no rest that a slice is compared with.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.labels import PATHOLOGIES
from core.language.claim import Claim
from core.language.facts import Facts

Values = NDArray[np.object_]
"""(n,) of str; "" where not known."""

NEVER = {"id", "text", "image", "patient_id", "group_id", "boxes", "masks", "findings", "path"}
"""Columns that nobody slices by."""
MOST = 30
"""Values of a column that is sliced by without being asked for."""
FEW = 8
"""Values up to which a column of numbers is sliced by its values."""
_AGES = ((40, "under 40"), (60, "40 to 59"), (80, "60 to 79"), (np.inf, "80 and over"))
_DEGREES = ("mild", "moderate", "severe")


def columns_of(
    table: pd.DataFrame, finding: str, by: Sequence[str] | None = None
) -> dict[str, Values]:
    """Columns of a set's table as values to slice by.

    Numbers of many values become quarters, ages four bands, labels present and absent.

    Args:
        finding: whose errors are sliced; its own label is left out.
        by: columns wanted; by default all of 2 to 30 values.

    Raises:
        ExplorerError: a wanted column is not there, or one value is all that it has.
    """
    told: dict[str, Values] = {}
    for name in by if by is not None else [str(column) for column in table.columns]:
        if name not in table.columns:
            offered = ", ".join(columns_of(table, finding)) or "none"
            raise ExplorerError(f"There is no column '{name}' to slice by; choose of: {offered}.")
        if by is None and (name in NEVER or name == finding):
            continue
        values = column_values(table[name], name)
        count = len(set(values) - {""})
        if by is not None and count < 2:
            raise ExplorerError(f"Column '{name}' has one value at most; choose another.")
        if count >= 2 and (by is not None or count <= MOST):
            told[name] = values
    return told


def column_values(column: pd.Series, name: str) -> Values:
    """One column (n,) as few named values.

    >>> list(column_values(pd.Series([20, 70, None]), "age"))
    ['under 40', '60 to 79', '']
    """
    if name in PATHOLOGIES:
        return np.array(
            [{1: "present", 0: "absent"}.get(value, "") for value in column.astype(float)], object
        )
    numbers = pd.to_numeric(column, errors="coerce")
    numeric = bool(numbers.notna().sum() == column.notna().sum() > 0)
    if numeric and (is_age(name) or numbers.nunique() > FEW):
        return _banded(numbers.to_numpy(float), bands_of(numbers.to_numpy(float), name))
    return np.array(["" if pd.isna(value) else str(value).strip() for value in column], object)


def _banded(numbers: NDArray[np.float64], bands: Iterable[tuple[float, str]]) -> Values:
    values = np.full(len(numbers), "", object)
    low = -np.inf
    for high, name in bands:
        values[(numbers >= low) & (numbers < high)] = name
        low = high
    return values


def is_age(name: str) -> bool:
    """Whether a column of this name holds ages."""
    return "age" in name.lower().split("_")


def bands_of(numbers: NDArray[np.float64], name: str) -> list[tuple[float, str]]:
    """Where bands of numbers end, the last nowhere, and their names.

    Of ages the usual ones; else four with as many films each, named by their bounds.
    """
    if is_age(name):
        return list(_AGES)
    edges = np.unique(np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1]))
    return [
        (np.inf if last else float(high), f"{low:.3g} to {high:.3g}")
        for low, high, last in zip(edges, edges[1:], edges[1:] == edges[-1], strict=False)
    ]


def lesion_columns(facts: Sequence[Facts], finding: str) -> dict[str, Values]:
    """Side, degree, zone and kind of a finding where it is there, as its report or truth says.

    Only films with the finding have such values: they are slices of the positive films.
    """
    readers: Mapping[str, Callable[[list[Claim]], str]] = {
        "side": _side,
        "degree": lambda claims: max((c.severity or "" for c in claims), key=_rank, default=""),
        "zone": lambda claims: _one_of({c.zone for c in claims} - {""}),
        "kind": lambda claims: _one_of({c.kind for c in claims} - {""}),
    }
    told = {}
    for name, read in readers.items():
        values = np.array([read(one.present.get(finding, [])) for one in facts], object)
        if len(set(values) - {""}) >= 2:
            told[f"{finding}: {name}"] = values
    return told


def _rank(degree: str) -> int:
    return _DEGREES.index(degree) if degree in _DEGREES else -1


def _one_of(values: set[str]) -> str:
    return "several" if len(values) > 1 else next(iter(values), "")


def _side(claims: list[Claim]) -> str:
    sides = {claim.side for claim in claims} - {None}
    return "both" if len(sides) > 1 else next((str(side) for side in sides), "")
