"""Which rows of a table show the same patient: they are drawn together and held out together."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

GROUPS = ("group_id", "patient_id")
"""Columns whose equal values are one patient, the first that the table has."""


def patient_names(table: pd.DataFrame) -> pd.Series:
    """Name of each row's patient (n,); a row without one is a patient of its own.

    >>> list(patient_names(pd.DataFrame({"id": ["a", "b"], "patient_id": ["p", ""]})))
    ['p', 'row b']
    """
    alone = "row " + table["id"].astype(str)
    column = next((name for name in GROUPS if name in table.columns), None)
    if column is None:
        return alone
    names = table[column]
    there = names.notna() & (names.astype(str).str.strip() != "")
    return names.astype(object).where(there, alone).astype(str)


def patient_groups(table: pd.DataFrame) -> NDArray[np.int64]:
    """Number of each row's patient (n,), counted from 0 as they come.

    >>> patient_groups(pd.DataFrame({"id": ["a", "b", "c"], "patient_id": ["p", "q", "p"]}))
    array([0, 1, 0])
    """
    return np.asarray(pd.factorize(patient_names(table))[0], np.int64)
