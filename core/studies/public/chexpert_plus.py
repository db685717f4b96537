"""CheXpert Plus (Chambon et al., 2024): CheXpert's images with their reports."""

import json
from pathlib import Path

import pandas as pd

from core.errors import ExplorerError
from core.films.view import FRONTAL
from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.chexpert import image_keys, locate
from core.studies.public.naming import chexpert_labels, views

LAYOUT = (
    "chexpert-plus: wants df_chexpert_plus_240401.csv and the images in PNG/train and PNG/valid "
    "(or DICOM, or CheXpert's own folders), see docs/data/chexpert-plus.md."
)
SECTIONS = ("impression", "findings", "report")
"""What the labels were read from: the files in chexbert_labels."""
_PARTS = {"valid": "val"}
_TEXTS = ["section_findings", "section_impression"]


def open_chexpert_plus(
    root: Path, labels: str = SECTIONS[0], images: Path | None = None
) -> PublicSet:
    """Open the folder; text is findings and impression, the whole report where both lack.

    Args:
        labels: one of SECTIONS; without chexbert_labels there are none.
        images: folder of the images where they are elsewhere.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    path = tables.require(root, LAYOUT, "df_chexpert_plus_*.csv")
    table = tables.read_table(
        path, ["path_to_image", "report", *_TEXTS],
        ["frontal_lateral", "ap_pa", "deid_patient_id", "split"],
    )  # fmt: skip
    place = images or root
    rows = image_keys(table["path_to_image"])
    rows["image"] = locate(place, rows["wanted"], (".png", ".dcm", ".jpg"))
    rows["text"] = _texts(table)
    lateral = table["frontal_lateral"].str.lower() == "lateral"
    view = views(table["ap_pa"].mask(lateral, "L"))
    frontal = table["frontal_lateral"].str.lower() == "frontal"
    rows["view"] = view.mask(view.eq("") & frontal, FRONTAL)
    rows["patient_id"] = table["deid_patient_id"].fillna(rows["patient_id"])
    rows["split"] = table["split"].fillna("").replace(_PARTS)
    found = _labels(root, labels, table["path_to_image"])
    return build(place, rows, found, LAYOUT)


def _texts(table: pd.DataFrame) -> pd.Series:
    findings, impression = (_lines_joined(table[column]) for column in _TEXTS)
    both = (findings + "\n" + impression).str.strip("\n")
    return both.where(both != "", _lines_joined(table["report"]))


def _lines_joined(texts: pd.Series) -> pd.Series:
    return texts.fillna("").str.replace(r"\s+", " ", regex=True).str.strip()


def _labels(root: Path, section: str, images: pd.Series) -> pd.DataFrame:
    path = tables.find(root, f"{section}_fixed.json")
    if path is None:
        return chexpert_labels(pd.DataFrame(index=images.index))
    try:
        with path.open(encoding="utf-8") as lines:
            read = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        read = read.drop_duplicates("path_to_image").set_index("path_to_image")
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        raise ExplorerError(f"{path.name} has no labels, line by line; {LAYOUT}") from None
    return chexpert_labels(read.reindex(columns=list(PATHOLOGIES)).reindex(images))
