"""VinDr-CXR (Nguyen et al., Scientific Data 2022): findings and boxes by radiologists."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build

LAYOUT = (
    "vindr: wants annotations/annotations_train.csv and image_labels_train.csv with the DICOM "
    "files in train, and the same of test, or the challenge's train.csv, see docs/data/vindr.md."
)
NAMES = {
    "No finding": "No Finding", "Atelectasis": "Atelectasis", "Cardiomegaly": "Cardiomegaly",
    "Consolidation": "Consolidation", "Edema": "Edema", "Pleural effusion": "Pleural Effusion",
    "Pneumonia": "Pneumonia", "Pneumothorax": "Pneumothorax", "Nodule/Mass": "Lung Lesion",
    "Lung tumor": "Lung Lesion", "Pleural thickening": "Pleural Other",
    "Lung Opacity": "Lung Opacity", "Infiltration": "Lung Opacity", "Rib fracture": "Fracture",
    "Clavicle fracture": "Fracture",
}  # fmt: skip
"""CheXpert names of VinDr's."""
_OTHERS = (
    "Aortic enlargement", "Calcification", "COPD", "Emphysema", "Enlarged PA", "ILD",
    "Lung cavity", "Lung cyst", "Mediastinal shift", "Other disease", "Other diseases",
    "Other lesion", "Pulmonary fibrosis", "Tuberculosis",
)  # fmt: skip
_CORNERS = ["x_min", "y_min", "x_max", "y_max"]


def open_vindr(root: Path) -> PublicSet:
    """Open the folder.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    parts, boxes = [], []
    for split in ("train", "test"):
        drawn_path = tables.find(root, f"annotations_{split}.csv")
        if drawn_path is None and split == "train":
            drawn_path = tables.find(root, "train.csv")  # of the challenge
        if drawn_path is None:
            continue
        drawn = tables.read_table(drawn_path, ["image_id", "class_name", *_CORNERS], ["rad_id"])
        boxes.append(drawn)
        labels_path = tables.find(root, f"image_labels_{split}.csv")
        votes = _votes(labels_path) if labels_path else _votes_of_boxes(drawn)
        parts.append(_judge(votes).assign(split=split))
    if not parts:
        tables.require(root, LAYOUT, "annotations_train.csv", "annotations_test.csv", "train.csv")
    rows = pd.concat(parts).rename_axis("id").reset_index()
    rows["wanted"] = rows["id"] + ".dicom"
    rows["patient_id"] = rows["id"]  # none is published
    rows["image"] = rows["id"].map(
        tables.files_by_stem(root, (".dicom", ".dcm", ".png", ".jpg"), depth=2)
    )
    labels = rows.reindex(columns=list(PATHOLOGIES))
    return build(
        root, rows.drop(columns=list(PATHOLOGIES)), labels, LAYOUT, boxes=_boxes(pd.concat(boxes))
    )


def _votes(path: Path) -> pd.DataFrame:
    """One row a reader and image: what the reader found, as 1 or 0, under VinDr's names."""
    names = [name for name in (*NAMES, *_OTHERS) if name != "No finding"]
    table = tables.read_table(path, ["image_id", "No finding"], names)
    given = tables.numbers(table.drop(columns="image_id")).dropna(axis=1, how="all")
    return given.set_axis(pd.Index(table["image_id"]), axis=0)


def _votes_of_boxes(drawn: pd.DataFrame) -> pd.DataFrame:
    """The same from boxes: a reader found what the reader drew."""
    keys = [drawn["image_id"], drawn["rad_id"].fillna("consensus")]
    counts = pd.crosstab(keys, drawn["class_name"]).clip(upper=1)
    return counts.droplevel(1)


def _judge(votes: pd.DataFrame) -> pd.DataFrame:
    """Labels and findings by image: 1 for most readers, 0 for none of them, else unknown."""
    mapped = {
        name: votes[[own for own, given in NAMES.items() if given == name and own in votes]]
        .max(axis=1)
        for name in dict.fromkeys(NAMES.values())
    }  # fmt: skip
    share = pd.DataFrame(mapped).groupby(level=0).mean()
    labels = share.where(share == 0).mask(share > 0.5, 1.0).reindex(columns=list(PATHOLOGIES))
    named = votes.groupby(level=0).mean() > 0.5
    names = np.array(named.columns, dtype=object)
    labels["findings"] = ["|".join(names[row]) for row in named.to_numpy()]
    return labels


def _boxes(drawn: pd.DataFrame) -> pd.DataFrame:
    """Boxes of every reader."""
    corners = tables.numbers(drawn[_CORNERS])
    boxes = pd.DataFrame(
        {
            "id": drawn["image_id"],
            "label": drawn["class_name"].map(NAMES).fillna(drawn["class_name"]),
            "x": corners["x_min"],
            "y": corners["y_min"],
            "w": corners["x_max"] - corners["x_min"],
            "h": corners["y_max"] - corners["y_min"],
        }
    )
    return boxes.dropna().reset_index(drop=True)
