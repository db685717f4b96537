"""CheXpert (Irvin et al., AAAI 2019): labels mined from reports, those of valid by radiologists."""

import os
from pathlib import Path

import pandas as pd

from core.films.view import FRONTAL
from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import chexpert_labels, views

LAYOUT = (
    "chexpert: wants train.csv and valid.csv with the folders train and valid, or the batches as "
    "they are downloaded, see docs/data/chexpert.md."
)
TRAIN_TABLES = {"chexpert": "train.csv", "chexbert": "train_cheXbert.csv",
                "visualchexbert": "train_visualCheXbert.csv"}  # fmt: skip
"""The table of each labeller of the training images."""


def open_chexpert(root: Path, labels: str = "chexpert") -> PublicSet:
    """Open the folder.

    Args:
        labels: whose labels the training images have, a key of TRAIN_TABLES.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    parts = []
    for split, name in (("train", TRAIN_TABLES[labels]), ("val", "valid.csv")):
        path = tables.find(root, name)
        if path is not None:
            parts.append(read_rows(path).assign(split=split))
    if not parts or labels != "chexpert":
        tables.require(root, LAYOUT, TRAIN_TABLES[labels])
    rows = pd.concat(parts, ignore_index=True)
    found = chexpert_labels(rows)
    rows = rows.drop(columns=list(PATHOLOGIES))
    rows["image"] = locate(root, rows["wanted"])
    return build(root, rows, found, LAYOUT)


def read_rows(path: Path) -> pd.DataFrame:
    """Rows of a table of CheXpert's form, with its labels as text.

    Columns: id, wanted (patient/study/view), view, patient_id and the labels.
    """
    table = tables.read_table(path, ["Path", *PATHOLOGIES], ["Frontal/Lateral", "AP/PA"])
    rows = image_keys(table["Path"])
    lateral = table["Frontal/Lateral"].eq("Lateral") | rows["wanted"].str.contains("_lateral")
    view = views(table["AP/PA"].mask(lateral, "L"))
    rows["view"] = view.mask(view.eq("") & table["Frontal/Lateral"].eq("Frontal"), FRONTAL)
    return rows.join(table[list(PATHOLOGIES)])


def image_keys(paths: pd.Series) -> pd.DataFrame:
    """Columns id, wanted (patient/study/view) and patient_id from paths of any beginning."""
    ends = [str(path).split("/")[-3:] for path in paths]
    return pd.DataFrame(
        {
            "id": [os.path.splitext("_".join(end))[0] for end in ends],
            "wanted": ["/".join(end) for end in ends],
            "patient_id": [end[0] for end in ends],
        },
        index=paths.index,
    )


def locate(root: Path, wanted: pd.Series, suffixes: tuple[str, ...] = ()) -> pd.Series:
    """Path under `root` of each patient/study/view file, NaN where there is none.

    The folders of patients are looked for, since the release comes as one tree or as batches;
    patients have numbers of their own in each split.

    Args:
        suffixes: tried in place of the table's own.
    """
    homes: dict[str, str] = {}
    for folder in _folders(root, "", 3):
        for name in _patients(root / folder):
            homes.setdefault(name, f"{folder}/{name}" if folder else name)
    parted = [str(path).partition("/") for path in wanted]
    paths = pd.Series([f"{homes[p]}/{rest}" if p in homes else None for p, _, rest in parted],
                      index=wanted.index, dtype="str")  # fmt: skip
    found = tables.existing(root, paths)
    for suffix in suffixes:
        other = paths.where(found.isna()).str.replace(r"\.\w+$", suffix, regex=True)
        found = found.fillna(tables.existing(root, other))
    return found


def _folders(root: Path, under: str, depth: int) -> list[str]:
    """The folder and those below it down to the folders of patients, which are not entered."""
    found = [under]
    if depth and not _patients(root / under):
        for name in sorted(_names(root / under)):
            path = f"{under}/{name}" if under else name
            if (root / path).is_dir():
                found += _folders(root, path, depth - 1)
    return found


def _patients(folder: Path) -> list[str]:
    return [name for name in _names(folder) if name.startswith("patient")]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
