"""Parts of a manifest for cross-validation, and sentences for studies that have labels alone."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.labels import PATHOLOGIES
from core.studies.patients import patient_names
from core.studies.study import StudySet

_PART = re.compile(r"(\d{1,2})of(\d{1,2})")


@dataclass(frozen=True)
class ManifestOptions:
    """What follows a manifest's path: `fold=0of5`, `without=0of5`, `derive=labels`."""

    fold: tuple[int, int] | None = None
    inside: bool = True
    derive: bool = False


def parse_options(spec: str, text: str) -> ManifestOptions:
    """The options of a spec string.

    Raises:
        ExplorerError: an unknown option or a fold that cannot be.
    """
    fold, inside, derive = None, True, False
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        found = _PART.fullmatch(value)
        if name in ("fold", "without") and found and fold is None:
            number, count = int(found[1]), int(found[2])
            if not number < count or count < 2:
                raise ExplorerError(f"'{part}' in '{spec}': folds are numbered from 0of{count}.")
            fold, inside = (number, count), name == "fold"
        elif part == "derive=labels":
            derive = True
        else:
            raise ExplorerError(
                f"'{part}' in '{spec}' is not known; known: fold=0of5, without=0of5, derive=labels."
            )
    return ManifestOptions(fold, inside, derive)


def apply_options(studies: StudySet, options: ManifestOptions) -> StudySet:
    """The part of a set that the options name, with the texts they ask for.

    Folds are equal in size as far as groups allow, and the same on every machine.

    Raises:
        ExplorerError: fewer groups than folds.
    """
    if options.derive:
        studies.table = with_derived_text(studies.table)
    if options.fold is None:
        return studies
    number, count = options.fold
    inside = fold_numbers(studies.table, count) == number
    return studies.subset([int(r) for r in np.flatnonzero(inside == options.inside)])


def fold_numbers(table: pd.DataFrame, count: int) -> np.ndarray:
    """Fold of each row (n,); rows of one patient share a fold."""
    # Here, for it takes 1.5 s, and every worker process that reads images comes by this module.
    from sklearn.model_selection import GroupKFold

    # As numbers: of objects, scikit-learn compares every row with every group of a fold.
    groups, names = pd.factorize(patient_names(table), sort=True)
    if len(names) < count:
        raise ExplorerError(f"{len(names)} groups cannot be parted into {count} folds.")
    numbers = np.zeros(len(table), int)
    parts = GroupKFold(n_splits=count, shuffle=True, random_state=0)
    for number, (_, rows) in enumerate(parts.split(table, groups=groups)):
        numbers[rows] = number
    return numbers


def with_derived_text(table: pd.DataFrame) -> pd.DataFrame:
    """Studies without text get a sentence for each label; `text_derived` says which did."""
    table = table.copy()
    lacking = table["text"].isna() | (table["text"].astype(str).str.strip() == "")
    made = pd.Series("", index=table.index, dtype=object)
    for name in (name for name in PATHOLOGIES if name in table.columns):
        made += table[name].map(_said(name)).fillna("").astype(object)
    made = made.str.strip()
    table["text_derived"] = lacking & (made != "")
    table["text"] = table["text"].astype(object).where(~table["text_derived"], made)
    return table


def _said(name: str) -> dict[int, str]:
    """What a label of 1 or 0 says, after a space."""
    if name == "No Finding":
        return {1: " No acute cardiopulmonary abnormality."}
    return {1: f" {name.capitalize()}.", 0: f" No {name.lower()}."}
