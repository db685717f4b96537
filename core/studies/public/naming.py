"""From a publisher's names of findings and views to those of the project."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.films.view import is_lateral
from core.labels import PATHOLOGIES

_VIEWS = {
    "POSTEROANTERIOR": "PA", "ANTEROPOSTERIOR": "AP", "AP_HORIZONTAL": "AP", "AP SUPINE": "AP",
    "APS": "AP", "LATERAL": "L", "LL": "L", "RL": "L", "LARGE LATERAL": "L", "LLD": "L",
    "LEFT LATERAL": "L", "UNK": "", "EXCLUDE": "", "UNKNOWN": "",
    "NA": "", "NAN": "", "NONE": "", "NULL": "",
}  # fmt: skip
_ABNORMAL = [name for name in PATHOLOGIES if name not in ("No Finding", "Support Devices")]


def views(values: pd.Series) -> pd.Series:
    """PA, AP and L where that is what is meant; other views as published, empty for unknown."""
    plain = values.fillna("").str.strip().str.upper()
    lateral = plain.map({view: is_lateral(view) for view in plain.unique()}).astype(bool)
    return plain.map(_VIEWS).where(plain.isin(_VIEWS), plain).mask(lateral, "L")


def split_findings(values: pd.Series, separator: str) -> list[list[str]]:
    """Names of findings in each row, such as "Mass|Nodule" or "['nodule', ' pneumonia', '']".

    >>> split_findings(pd.Series(["['nodule', ' pneumonia', '']", None]), ",")
    [['nodule', 'pneumonia'], []]
    """
    parts = (v.strip("[] ").split(separator) if isinstance(v, str) else () for v in values)
    return [[name for part in row if (name := part.strip(" '\""))] for row in parts]


def labels_from_findings(
    findings: Sequence[Sequence[str]],
    names: Mapping[str, str],
    read: NDArray[np.bool_],
    denied: Collection[str],
    denied_if_normal: Collection[str] = (),
) -> pd.DataFrame:
    """Labels from lists of what was found.

    Args:
        findings: the publisher's names in each row.
        names: the CheXpert name of each that has one; others give no label.
        read: rows (n,) whose list is complete for the names in `denied`.
        denied: CheXpert names that such a list denies by leaving them out.
        denied_if_normal: those denied only where the list says that nothing was found.

    Returns:
        (n, 14) floats: 1, 0, or NaN for unknown.
    """
    values = np.full((len(read), len(PATHOLOGIES)), np.nan)
    for name in denied:
        values[read, PATHOLOGIES.index(name)] = 0
    columns = {own: PATHOLOGIES.index(name) for own, name in names.items()}
    for row, found in enumerate(findings):
        values[row, [columns[own] for own in found if own in columns]] = 1
    normal = values[:, PATHOLOGIES.index("No Finding")] == 1
    for name in denied_if_normal:
        column = values[:, PATHOLOGIES.index(name)]
        column[normal & np.isnan(column)] = 0
    return pd.DataFrame(values, columns=list(PATHOLOGIES))


def chexpert_labels(table: pd.DataFrame) -> pd.DataFrame:
    """Labels of a CheXpert labeller or reader: 1 and 0 stay; -1 (uncertain) and empty are unknown.

    The labeller writes No Finding only where it found nothing (Irvin et al., AAAI 2019), so that
    it is 0 where another finding is 1.
    """
    given = table.reindex(columns=list(PATHOLOGIES)).astype(str).reset_index(drop=True)
    labels = pd.DataFrame(np.nan, index=given.index, columns=given.columns)
    labels = labels.mask(given.isin(["1", "1.0"]), 1.0).mask(given.isin(["0", "0.0"]), 0.0)
    found = labels[_ABNORMAL].eq(1).any(axis=1)
    labels.loc[labels["No Finding"].isna() & found, "No Finding"] = 0.0
    return labels
