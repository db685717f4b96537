"""NIH ChestX-ray14 (Wang et al., CVPR 2017): labels mined from reports, boxes for some images."""

from pathlib import Path

import pandas as pd

from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import labels_from_findings, split_findings, views

LAYOUT = (
    "nih: wants Data_Entry_2017_v2020.csv (or Data_Entry_2017.csv), BBox_List_2017.csv and "
    "the PNGs in images_001/images to images_012/images or images, see docs/data/nih.md."
)
NAMES = {
    "No Finding": "No Finding", "Atelectasis": "Atelectasis", "Cardiomegaly": "Cardiomegaly",
    "Consolidation": "Consolidation", "Edema": "Edema", "Effusion": "Pleural Effusion",
    "Pneumonia": "Pneumonia", "Pneumothorax": "Pneumothorax", "Mass": "Lung Lesion",
    "Nodule": "Lung Lesion", "Pleural_Thickening": "Pleural Other", "Infiltration": "Lung Opacity",
    "Infiltrate": "Lung Opacity", "Fracture": "Fracture",
}  # fmt: skip
"""CheXpert names of NIH's; Emphysema, Fibrosis, Hernia and Calcification have none."""
SIDE = 1024  # pixels of the published PNGs, which the boxes are drawn on
_DENIED = set(NAMES.values()) - {"Lung Opacity", "Fracture"}
_BOX = ["Image Index", "Finding Label", "Bbox [x", "y", "w", "h]"]
_SPLITS = {"train": "train_val_list.txt", "test": "test_list.txt"}


def open_nih(root: Path) -> PublicSet:
    """Open the folder.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    names = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
    path = tables.require(root, LAYOUT, *names)
    table = tables.read_table(
        path, ["Image Index", "Finding Labels", "Patient ID"], ["View Position"]
    )
    name = table["Image Index"].str.strip()
    findings = split_findings(table["Finding Labels"], "|")
    read = table["Finding Labels"].notna().to_numpy()
    rows = pd.DataFrame(
        {
            "id": name.str.removesuffix(".png"),
            "wanted": name,
            "view": views(table["View Position"]),
            "patient_id": table["Patient ID"],
            "split": _split(root, name),
            "findings": table["Finding Labels"].fillna(""),
        }
    )
    rows["image"] = rows["id"].map(tables.files_by_stem(root, (".png",), depth=3))
    labels = labels_from_findings(findings, NAMES, read, _DENIED, ("Lung Opacity",))
    return build(root, rows, labels, LAYOUT, boxes=_boxes(root))


def _split(root: Path, name: pd.Series) -> pd.Series:
    split = pd.Series("", index=name.index)
    for part, list_name in _SPLITS.items():
        path = tables.find(root, list_name)
        if path is not None:
            listed = set(path.read_text(encoding="utf-8-sig", errors="replace").split())
            split[name.isin(listed)] = part
    return split


def _boxes(root: Path) -> pd.DataFrame | None:
    path = tables.find(root, "BBox_List_2017.csv")
    if path is None:
        return None
    table = tables.read_table(path, _BOX)
    boxes = tables.numbers(table[_BOX[2:]]).set_axis(["x", "y", "w", "h"], axis=1)
    boxes["id"] = table["Image Index"].str.removesuffix(".png")
    boxes["label"] = table["Finding Label"].map(NAMES).fillna(table["Finding Label"])
    return boxes.assign(width=SIDE, height=SIDE, phrase="")
