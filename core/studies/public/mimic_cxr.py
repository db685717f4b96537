"""MIMIC-CXR-JPG with the reports of MIMIC-CXR (Johnson et al., Scientific Data 2019)."""

import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import ExplorerError
from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import chexpert_labels, views
from core.studies.public.sections import described

LAYOUT = (
    "mimic-cxr: wants mimic-cxr-2.0.0-metadata.csv.gz, -split.csv.gz and -chexpert.csv.gz beside "
    "files/p10 to files/p19 with the JPEGs, see docs/data/mimic-cxr.md."
)
LABELLERS = ("chexpert", "negbio")
MAX_REPORT = 2**20  # bytes; the longest one has some 10 kB
_PARTS = {"validate": "val"}
_KEYS = ["subject_id", "study_id"]


def open_mimic_cxr(
    root: Path, labels: str = LABELLERS[0], reports: Path | None = None
) -> PublicSet:
    """Open the folder; reports are read when they are asked for.

    Args:
        labels: whose labels, one of LABELLERS.
        reports: folder of MIMIC-CXR, or its mimic-cxr-reports.zip; by default as `root`.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    path = tables.require(root, LAYOUT, _named("metadata"))
    table = tables.read_table(path, ["dicom_id", *_KEYS], ["ViewPosition"])
    table["wanted"] = image_paths(table["subject_id"], table["study_id"], table["dicom_id"])
    rows = pd.DataFrame(
        {
            "id": table["dicom_id"],
            "wanted": table["wanted"],
            "image": tables.existing(path.parent, table["wanted"]),
            "view": views(table["ViewPosition"]),
            "patient_id": table["subject_id"],
            "study_id": table["study_id"],
            "split": _splits(root, table["dicom_id"]),
        }
    )
    found = _labels(root, labels, table)
    reader = Reports(reports or path.parent)
    return build(path.parent, rows, found, LAYOUT, report=reader)


def image_paths(subject: pd.Series, study: pd.Series, dicom: pd.Series) -> pd.Series:
    """Where the JPEGs lie under the folder."""
    return "files/p" + subject.str[:2] + "/p" + subject + "/s" + study + "/" + dicom + ".jpg"


class Reports:
    """Reports by study, from the folders of MIMIC-CXR or from its mimic-cxr-reports.zip."""

    def __init__(self, place: Path) -> None:
        archive = place if place.suffix == ".zip" else place / "mimic-cxr-reports.zip"
        self._archive = archive if archive.is_file() else None
        self._folder = place

    @cached_property
    def _open(self) -> zipfile.ZipFile | None:
        try:
            return zipfile.ZipFile(self._archive) if self._archive else None
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
            raise ExplorerError(
                f"{self._archive and self._archive.name} is no readable zip; download it again."
            ) from None

    def __call__(self, row: pd.Series) -> str:
        """What the study's report says of the image; empty where there is none."""
        patient = str(row["patient_id"])
        name = f"files/p{patient[:2]}/p{patient}/s{row['study_id']}.txt"
        try:
            if self._open is not None:
                with self._open.open(name) as stream:
                    data = stream.read(MAX_REPORT)
            else:
                with (self._folder / name).open("rb") as stream:
                    data = stream.read(MAX_REPORT)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile, NotImplementedError):
            return ""
        return described(data.decode("utf-8", errors="replace"))

    def __getstate__(self) -> dict[str, Any]:
        return {"_archive": self._archive, "_folder": self._folder}  # an open file stays here


def _named(kind: str) -> str:
    return f"mimic-cxr-2.*-{kind}.csv"


def _splits(root: Path, dicom: pd.Series) -> pd.Series:
    path = tables.find(root, _named("split"))
    if path is None:
        return pd.Series("", index=dicom.index)
    table = tables.read_table(path, ["dicom_id", "split"]).drop_duplicates("dicom_id")
    return dicom.map(table.set_index("dicom_id")["split"].replace(_PARTS)).fillna("")


def _labels(root: Path, labeller: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Labels of each image, which are those of its study."""
    path = tables.require(root, LAYOUT, _named(labeller))
    table = tables.read_table(path, _KEYS, list(PATHOLOGIES)).drop_duplicates(_KEYS)
    joined = rows[_KEYS].merge(table, on=_KEYS, how="left")
    return chexpert_labels(joined)
