"""COVID-19 image data collection (Cohen et al., 2020): films from publications, with notes."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import labels_from_findings, views
from core.studies.study import Mask
from core.studies.truth import read_mask

LAYOUT = (
    "covid: wants metadata.csv beside images/ and, for lungs, annotations/, "
    "as the repository has them, see docs/data/covid.md."
)
_INFECTIONS = ("covid", "sars", "mers", "pneumocystis", "streptococcus", "varicella", "influenza")
_NOT_SAID = ("", "todo", "unknown")
LUNGS = "lungs (automatic, lungVAE)"


def open_covid(root: Path) -> PublicSet:
    """Open the folder; CT and other pictures stay out.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    path = tables.require(root, LAYOUT, "metadata.csv")
    table = tables.read_table(path, ["patientid", "finding", "view", "modality", "filename"],
                              ["folder", "clinical_notes"])  # fmt: skip
    table = table[table["modality"].fillna("X-ray") == "X-ray"].reset_index(drop=True)
    home = path.parent
    finding = table["finding"].fillna("").str.strip()
    wanted = table["folder"].fillna("images") + "/" + table["filename"]
    rows = pd.DataFrame(
        {
            "id": table["filename"],
            "wanted": wanted,
            "image": tables.existing(home, wanted),
            "text": table["clinical_notes"].fillna("").str.strip(),
            "view": views(table["view"]),
            "patient_id": table["patientid"],
            "findings": finding.str.replace("/", "|"),
        }
    )
    lungs = _Lungs(home / "annotations" / "lungVAE-masks")
    return build(home, rows, _labels(finding), LAYOUT, boxes=_boxes(home), masks=lungs)


def _labels(finding: pd.Series) -> pd.DataFrame:
    """Pneumonia for every infection of the lung; nothing is denied but by No Finding."""
    lower = finding.str.lower()
    infected = lower.str.startswith("pneumonia") | lower.str.contains("|".join(_INFECTIONS))
    names = finding.mask(infected, "Pneumonia")
    labels = labels_from_findings(
        [[name] for name in names], {"Pneumonia": "Pneumonia", "No Finding": "No Finding"},
        np.zeros(len(finding), bool), (), ("Pneumonia",),
    )  # fmt: skip
    labels.loc[labels["No Finding"].isna() & ~lower.isin(_NOT_SAID), "No Finding"] = 0.0
    return labels


class _Lungs:
    """Masks of both lungs, drawn by a network; damaged ones are left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, row: pd.Series) -> dict[str, Mask]:
        stem = Path(str(row["id"])).stem
        mask = read_mask(self.folder / f"{stem}_mask.png")
        return {} if mask is None else {LUNGS: mask}


def _boxes(home: Path) -> pd.DataFrame | None:
    """Boxes of the lungs, in COCO's form."""
    path = home / "annotations" / "imageannotation_ai_lung_bounding_boxes.json"
    if not path.is_file():
        return None
    content = tables.read_json(path)
    try:
        images = {entry["id"]: entry for entry in content["images"]}
        names = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
        found = [
            [images[entry["image_id"]]["file_name"], names[entry["category_id"]], *entry["bbox"],
             images[entry["image_id"]]["width"], images[entry["image_id"]]["height"]]
            for entry in content["annotations"]
        ]  # fmt: skip
        columns = ["id", "label", "x", "y", "w", "h", "width", "height"]
        return pd.DataFrame(found, columns=columns)
    except (KeyError, TypeError, ValueError):
        return None
