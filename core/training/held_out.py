"""What a run is checked on: the set that was named, or patients of its own that it does not see.

Phantoms say nothing of a model that trains on films: by them the untouched start is the best.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

from core.specs import open_studies
from core.studies import StudySet

PHANTOMS = "phantom:val,n=100"
"""Checks runs on phantoms, and those on films that cannot be checked on themselves."""

_SHARE, _MOST = 0.1, 200  # of the labelled films, and films: a check must stay quick
_PATIENTS = 10  # fewer are not parted


@dataclass(frozen=True)
class Parts:
    """A set to train on and one to check on, which share no patient."""

    training: StudySet
    check: StudySet
    remark: str = ""  # how the check was chosen, where nobody named it


def training_and_check(data: str, check_data: str = "") -> Parts:
    """Open what a run trains and is checked on.

    Args:
        check_data: spec of a set; empty for phantoms where the training set is phantoms, else a
            tenth of its labelled films by whole patients, 200 at most, the same ones every time.

    Raises:
        ExplorerError: a set cannot be opened.
    """
    studies = open_studies(data)
    if check_data or data.strip().startswith("phantom:"):
        return Parts(studies, open_studies(check_data or PHANTOMS))
    held = held_out_rows(studies)
    if held is None:
        return Parts(
            studies, open_studies(PHANTOMS),
            f"Checked on phantoms ({PHANTOMS}), which says little of films: '{studies.spec}' has "
            "too few patients, or no finding with both classes, to hold patients out; name a set "
            "with labels as check_data.",
        )  # fmt: skip
    patients = studies.patients
    seen = np.flatnonzero(~np.isin(patients, patients[held]))
    count = len(np.unique(patients[held]))
    return Parts(
        studies.subset([int(row) for row in seen]), studies.subset([int(row) for row in held]),
        f"Checked on {len(held)} films of {count} patients of '{studies.spec}', who are not "
        "trained on.",
    )  # fmt: skip


def held_out_rows(studies: StudySet, seed: int = 0) -> np.ndarray | None:
    """Labelled rows (m,) of the patients held out; None where they could tell nothing."""
    labels = studies.labels
    labelled = labels.notna().any(axis=1).to_numpy()
    patients = studies.patients
    names = np.unique(patients[labelled])
    if len(names) < _PATIENTS:
        return None
    wanted = min(ceil(_SHARE * labelled.sum()), _MOST)
    drawn = np.random.default_rng(seed).permutation(names)
    films = np.bincount(patients[labelled], minlength=int(patients.max()) + 1)[drawn]
    chosen = drawn[: int(np.searchsorted(np.cumsum(films), wanted)) + 1]
    rows = np.flatnonzero(labelled & np.isin(patients, chosen))
    tells = (labels.iloc[rows].nunique(dropna=True) == 2).any()
    return rows if tells and len(chosen) < len(names) else None
