"""ChestX-Det10 (Liu et al., 2020): boxes by radiologists on NIH images, ten findings."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import labels_from_findings, split_findings
from core.studies.public.nih import NAMES, SIDE

LAYOUT = (
    "chestx-det10: wants train.json and test.json beside the PNGs of train_data and test_data, or "
    ",images=FOLDER with those of NIH ChestX-ray14, see docs/data/chestx-det10.md."
)
_DENIED = ("Atelectasis", "Consolidation", "Pleural Effusion", "Fracture", "Lung Lesion",
           "Pneumothorax")  # fmt: skip


def open_chestx_det10(root: Path, images: Path | None = None) -> PublicSet:
    """Open the folder.

    Args:
        images: folder of the PNGs where they are elsewhere.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    found: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for split in ("train", "test"):
        path = tables.find(root, f"{split}.json")
        for entry in _entries(path) if path else []:
            name = entry["file_name"]
            study, symptoms = name.removesuffix(".png"), [str(s) for s in entry["syms"]]
            found.append({"id": study, "wanted": name, "patient_id": study.split("_")[0],
                          "split": split, "findings": "|".join(symptoms)})  # fmt: skip
            for label, corners in zip(symptoms, entry["boxes"], strict=False):
                boxes.append({"id": study, "label": NAMES.get(label, label), **_corners(corners)})
    if not found:
        tables.require(root, LAYOUT, "train.json", "test.json")
    rows = pd.DataFrame(found, columns=["id", "wanted", "patient_id", "split", "findings"])
    place = images or root
    rows["image"] = rows["id"].map(tables.files_by_stem(place, (".png",), depth=3))
    findings = split_findings(rows["findings"], "|")
    labels = labels_from_findings(findings, NAMES, np.ones(len(rows), bool), _DENIED)
    labels.loc[labels[list(_DENIED)].eq(1).any(axis=1), "No Finding"] = 0.0
    columns = ["id", "label", "x", "y", "w", "h"]
    drawn = pd.DataFrame(boxes, columns=columns).assign(width=SIDE, height=SIDE, phrase="")
    return build(place, rows, labels, LAYOUT, boxes=drawn)


def _entries(path: Path) -> list[dict[str, Any]]:
    entries = tables.read_json(path)
    kinds = {"file_name": str, "syms": list, "boxes": list}
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and all(isinstance(entry.get(k), kinds[k]) for k in kinds)
        for entry in entries
    ):
        raise ExplorerError(f"{path.name} is not a list of file_name, syms and boxes; {LAYOUT}")
    return entries


def _corners(corners: Any) -> dict[str, float]:
    """x, y, w, h of x1, y1, x2, y2; NaN, which no box survives, for anything else."""
    try:
        left, top, right, low = (float(corner) for corner in corners)
    except (TypeError, ValueError):
        return dict.fromkeys("xywh", float("nan"))
    return {"x": left, "y": top, "w": right - left, "h": low - top}
