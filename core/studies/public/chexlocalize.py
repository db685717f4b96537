"""CheXlocalize (Saporta et al., Nature Machine Intelligence 2022): masks by radiologists."""

import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.films.limits import MAX_PIXELS
from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.chexpert import locate, read_rows
from core.studies.public.naming import chexpert_labels
from core.studies.study import Mask

LAYOUT = (
    "chexlocalize: wants CheXpert/val_labels.csv and CheXpert/val with the images, "
    "CheXlocalize/gt_segmentations_val.json, and the same of test, see docs/data/chexlocalize.md."
)
NAMES = {"Airspace Opacity": "Lung Opacity"}
_TABLES = {"val": ("val_labels.csv", "valid.csv"), "test": ("test_labels.csv",)}


def open_chexlocalize(root: Path) -> PublicSet:
    """Open the folder; masks are decoded when a study is looked at.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    parts, files = [], []
    for split, names in _TABLES.items():
        path = tables.find(root, *names)
        if path is None:
            continue
        parts.append(read_rows(path).assign(split=split))
        files.append(tables.require(root, LAYOUT, f"gt_segmentations_{split}.json"))
    if not parts:
        tables.require(root, LAYOUT, "val_labels.csv", "test_labels.csv")
    rows = pd.concat(parts, ignore_index=True)
    labels = chexpert_labels(rows)
    rows = rows.drop(columns=list(PATHOLOGIES))
    rows["image"] = locate(root, rows["wanted"])
    return build(root, rows, labels, LAYOUT, masks=Segmentations(files))


class Segmentations:
    """Masks of the files gt_segmentations_*.json: COCO's runs by image and finding."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files

    @cached_property
    def _runs(self) -> dict[str, dict[str, Any]]:
        runs: dict[str, dict[str, Any]] = {}
        for path in self._files:
            content = tables.read_json(path)
            if not isinstance(content, dict):
                raise ExplorerError(f"{path.name} holds no segmentations; {LAYOUT}")
            runs.update(content)
        return runs

    def __call__(self, row: pd.Series) -> dict[str, Mask]:
        """Masks of a row; findings that are not there have an empty one, which is left out."""
        entry = self._runs.get(str(row["id"]), {})
        found = {}
        for name, runs in entry.items() if isinstance(entry, dict) else ():
            mask = decode_coco(runs)
            if mask is not None and mask.any():
                found[NAMES.get(name, name)] = mask
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {"_files": self._files}


def decode_coco(runs: Any) -> Mask | None:
    """The mask (H, W) of COCO's compressed runs, or None if they are damaged.

    pycocotools leaves pixels that the runs do not reach as the memory happened to be, so what it
    decodes counts only if it encodes to the same runs again.
    """
    from pycocotools import mask as coco

    try:
        height, width = (int(side) for side in runs["size"])
        if not 0 < height * width <= MAX_PIXELS or min(height, width) < 1:
            return None
        counts = str(runs["counts"]).encode("ascii")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy, about its own call
            pixels = coco.decode({"size": [height, width], "counts": counts})
        whole = coco.encode(pixels)["counts"] == counts
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return np.asarray(pixels == 1) if whole else None
