"""RSNA Pneumonia Detection Challenge 2018 (Shih et al., Radiology AI 2019): boxes on NIH images."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import labels_from_findings

LAYOUT = (
    "rsna: wants stage_2_train_labels.csv, stage_2_detailed_class_info.csv and the DICOM files in "
    "stage_2_train_images, see docs/data/rsna.md."
)
NORMAL, OTHER, OPACITY = "Normal", "No Lung Opacity / Not Normal", "Lung Opacity"
SIDE = 1024  # pixels of the published DICOM files, which the boxes are drawn on
_BOX = ["x", "y", "width", "height"]


def open_rsna(root: Path) -> PublicSet:
    """Open the folder; the challenge's test images have no labels and stay out.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    path = tables.require(root, LAYOUT, "stage_2_train_labels.csv")
    table = tables.read_table(path, ["patientId", *_BOX, "Target"])
    first = table.drop_duplicates("patientId").reset_index(drop=True)
    target = pd.to_numeric(first["Target"], errors="coerce")
    classes = target.map({1: OPACITY})
    details = tables.find(root, "stage_2_detailed_class_info.csv")
    if details is not None:
        info = tables.read_table(details, ["patientId", "class"]).drop_duplicates("patientId")
        classes = classes.fillna(first["patientId"].map(info.set_index("patientId")["class"]))
    identifier = first["patientId"]
    rows = pd.DataFrame({"id": identifier, "wanted": identifier + ".dcm",
                         "patient_id": identifier, "split": "train",
                         "findings": classes.fillna("")})  # fmt: skip
    rows["image"] = identifier.map(tables.files_by_stem(root, (".dcm", ".png", ".jpg"), depth=2))
    return build(root, rows, _labels(target, classes), LAYOUT, boxes=_boxes(table))


def _labels(target: pd.Series, classes: pd.Series) -> pd.DataFrame:
    """A box marks an opacity that suggests pneumonia; other opacities were not looked for."""
    labels = labels_from_findings([[str(name)] for name in classes],
                                  {NORMAL: "No Finding", OPACITY: "Lung Opacity"},
                                  np.zeros(len(classes), bool), (),
                                  ("Lung Opacity",))  # fmt: skip
    labels["Pneumonia"] = target.where(target.isin([0, 1])).astype(float)
    labels.loc[classes.isin([OTHER, OPACITY]), "No Finding"] = 0.0
    return labels


def _boxes(table: pd.DataFrame) -> pd.DataFrame:
    boxes = tables.numbers(table[_BOX]).set_axis(["x", "y", "w", "h"], axis=1)
    boxes = boxes.assign(id=table["patientId"], label="Lung Opacity", phrase="")
    return boxes.assign(width=SIDE, height=SIDE).dropna(subset=["x", "y", "w", "h"])
