"""Which rows of a table show the same patient: they are drawn together and held out together."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

GROUPS = ("group_id", "patient_id")
"""Columns whose equal values are one patient, the first that the table has."""

ORDERS = ("study_date", "date", "acquired", "follow_up", "followup", "offset", "study_number")
"""Columns that say in which order a patient's films were taken, the first that the table has."""


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


def films_of_patient(table: pd.DataFrame, row: int) -> tuple[NDArray[np.int64], str]:
    """Rows of the films of a row's patient, itself among them, the oldest first.

    Returns:
        The rows (n,), and the column of ORDERS that they are sorted by; "" where the table has
        none that tells of them all, so that they are in the order of the table.

    >>> films = pd.DataFrame({"id": list("abc"), "patient_id": list("ppq"), "follow_up": [9, 2, 1]})
    >>> films_of_patient(films, 0)
    (array([1, 0]), 'follow_up')
    """
    patients = patient_groups(table)
    rows = np.flatnonzero(patients == patients[row])
    column = next((name for name in ORDERS if name in table.columns), "")
    if not column or len(rows) < 2:
        return rows, ""
    values = table[column].iloc[rows]
    numbers = pd.to_numeric(values, errors="coerce")
    times = pd.to_datetime(values.astype(str), errors="coerce", format="ISO8601")
    for told in (numbers, times):
        if told.notna().all():
            return rows[np.argsort(told.to_numpy(), kind="stable")], column
    return rows, ""
