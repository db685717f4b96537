"""VinDr-CXR (Nguyen et al., Scientific Data 2022): findings and boxes by radiologists."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.truth import mask_size

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
_SIZE = ["width", "height"]  # of the DICOM file, in some copies of the challenge's table
_META = {"width": "dim1", "height": "dim0"}  # columns of train_meta.csv, in other copies
_SMALLER = 1024  # pixels of the longer side: pictures up to this are smaller copies
_FILES = (".dicom", ".dcm", ".png", ".jpg", ".jpeg")


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
        drawn = tables.read_table(
            drawn_path, ["image_id", "class_name", *_CORNERS], ["rad_id", *_SIZE]
        )
        boxes.append(_sized(root, split, drawn))
        labels_path = tables.find(root, f"image_labels_{split}.csv")
        votes = _votes(labels_path) if labels_path else _votes_of_boxes(drawn)
        parts.append(_judge(votes).assign(split=split))
    if not parts:
        tables.require(root, LAYOUT, "annotations_train.csv", "annotations_test.csv", "train.csv")
    rows = pd.concat(parts).rename_axis("id").reset_index()
    rows["wanted"] = rows["id"] + ".dicom"
    rows["patient_id"] = rows["id"]  # none is published
    rows["image"] = rows["id"].map(tables.files_by_stem(root, _FILES, depth=2))
    labels = rows.reindex(columns=list(PATHOLOGIES))
    images = dict(zip(rows["id"], rows["image"], strict=True))
    placed, problems = _placed(root, _boxes(pd.concat(boxes, ignore_index=True)), images)
    rows = rows.drop(columns=list(PATHOLOGIES))
    return build(root, rows, labels, LAYOUT, problems, boxes=placed)


def _sized(root: Path, split: str, drawn: pd.DataFrame) -> pd.DataFrame:
    """The boxes with width and height of the picture they were drawn on, NaN where unknown."""
    path = tables.find(root, f"{split}_meta.csv")
    if path is not None:
        meta = tables.read_table(path, ["image_id"], list(_META.values()))
        meta = meta.drop_duplicates("image_id").set_index("image_id")
        for side, column in _META.items():
            drawn[side] = drawn[side].fillna(drawn["image_id"].map(meta[column]))
    return drawn


def _placed(
    root: Path, boxes: pd.DataFrame, images: dict[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """The boxes that can be placed on their pictures, and a sentence for each picture without.

    Boxes are in pixels of the DICOM file. A PNG or JPEG is mostly a smaller copy, on which they
    can be placed only where the size of the DICOM file is known.
    """
    unsized = boxes[~(boxes["width"] > 0) | ~(boxes["height"] > 0)]
    sizes: dict[str, tuple[int, int]] = {}
    for name in unsized["id"].unique():
        image = images.get(name)
        if isinstance(image, str) and not image.lower().endswith((".dicom", ".dcm")):
            sizes[name] = mask_size(root / image) or (0, 0)
    inside = [
        box.x + box.w <= sizes[box.id][1] and box.y + box.h <= sizes[box.id][0]
        for box in unsized.itertuples() if box.id in sizes
    ]  # fmt: skip
    whole = all(inside)  # of a set of smaller copies some boxes lie outside
    lost = {name for name, size in sizes.items() if not whole or max(size) <= _SMALLER}
    problems = [
        f"The boxes of {name} are left out: they are in pixels of its DICOM file, whose size is in "
        "no table here (train_meta.csv has it)." for name in sorted(lost)
    ]  # fmt: skip
    return boxes[~boxes["id"].isin(lost)].reset_index(drop=True), problems


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
    boxes = boxes.join(tables.numbers(drawn[_SIZE]))
    return boxes.dropna(subset=["x", "y", "w", "h"]).reset_index(drop=True)
