"""MS-CXR (Boecking et al., ECCV 2022): phrases and their boxes on images of MIMIC-CXR."""

from pathlib import Path

import pandas as pd

from core.errors import ExplorerError
from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import labels_from_findings, split_findings

LAYOUT = (
    "ms-cxr: wants MS_CXR_Local_Alignment_v1.1.0.csv (or .json) beside files/ of MIMIC-CXR-JPG, or "
    ",images=FOLDER with files/, see docs/data/ms-cxr.md."
)
_COLUMNS = ["dicom_id", "path", "category_name", "label_text", "x", "y", "w", "h"]
_SIZE = ["image_width", "image_height"]


def open_ms_cxr(root: Path, images: Path | None = None) -> PublicSet:
    """Open the folder; the phrases of an image are its text.

    Args:
        images: folder of MIMIC-CXR-JPG where it is elsewhere.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    path = tables.find(root, "MS_CXR_Local_Alignment_v*.csv")
    if path is not None:
        table = tables.read_table(path, _COLUMNS, [*_SIZE, "split"])
    else:
        table = _read_coco(tables.require(root, LAYOUT, "MS_CXR_Local_Alignment_v*.json"))
    table = table.dropna(subset=["dicom_id", "path"]).reset_index(drop=True)
    place = images or root
    first = table.drop_duplicates("dicom_id").reset_index(drop=True)
    by_image = table.groupby("dicom_id", sort=False)
    phrases = by_image["label_text"].agg(_sentences)
    parts = first["path"].str.extract(r"p(\d+)/s(\d+)/")
    rows = pd.DataFrame(
        {
            "id": first["dicom_id"],
            "wanted": first["path"],
            "image": tables.existing(place, first["path"]),
            "text": first["dicom_id"].map(phrases),
            "patient_id": parts[0].fillna(first["dicom_id"]),
            "study_id": parts[1],
            "split": first["split"].fillna("").replace({"validate": "val"}),
            "findings": first["dicom_id"].map(by_image["category_name"].agg(_joined)),
        }
    )
    findings = split_findings(rows["findings"], "|")
    same = {name: name for name in PATHOLOGIES}
    labels = labels_from_findings(findings, same, rows["id"].isna().to_numpy(), ())
    labels["No Finding"] = 0.0  # every image of the set has a finding
    return build(place, rows, labels, LAYOUT, boxes=_boxes(table))


def _sentences(phrases: pd.Series) -> str:
    said = dict.fromkeys(phrase.strip() for phrase in phrases.dropna())
    return " ".join(
        phrase[:1].upper() + phrase[1:] + ("" if phrase.endswith((".", "!", "?")) else ".")
        for phrase in said
        if phrase
    )


def _joined(names: pd.Series) -> str:
    return "|".join(dict.fromkeys(names.dropna()))


def _boxes(table: pd.DataFrame) -> pd.DataFrame:
    boxes = tables.numbers(table[["x", "y", "w", "h", *_SIZE]])
    boxes = boxes.set_axis(["x", "y", "w", "h", "width", "height"], axis=1)
    phrase = table["label_text"].fillna("").str.strip()
    return boxes.assign(id=table["dicom_id"], label=table["category_name"], phrase=phrase)


def _read_coco(path: Path) -> pd.DataFrame:
    """The same table from the COCO file, which has one annotation a box."""
    content = tables.read_json(path)
    try:
        images = {entry["id"]: entry for entry in content["images"]}
        names = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
        found = []
        for entry in content["annotations"]:
            image = images[entry["image_id"]]
            place = str(image.get("path", image["file_name"]))
            found.append([Path(place).stem, place, names[entry["category_id"]],
                          str(entry["label_text"]), *map(str, entry["bbox"]),
                          str(image["width"]), str(image["height"]),
                          image.get("split")])  # fmt: skip
        return pd.DataFrame(found, columns=[*_COLUMNS, *_SIZE, "split"], dtype=object)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ExplorerError(f"{path.name} is not the COCO file of MS-CXR; {LAYOUT}") from None
