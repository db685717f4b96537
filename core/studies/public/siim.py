"""SIIM-ACR Pneumothorax Segmentation 2019: masks as runs, -1 where there is none."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.labels import PATHOLOGIES
from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.study import Mask

LAYOUT = (
    "siim: wants train-rle.csv (or stage_2_train.csv) and the DICOM files below "
    "dicom-images-train, see docs/data/siim.md."
)
SIDE = 1024  # rows and columns of the pictures the runs are counted on
_NONE = "-1"


def open_siim(root: Path) -> PublicSet:
    """Open the folder.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    names = ("train-rle.csv", "stage_2_train.csv", "train-rle-sample.csv")
    path = tables.require(root, LAYOUT, *names)
    table = tables.read_table(path, ["ImageId", "EncodedPixels"])
    runs = table["EncodedPixels"].str.strip()
    identifier = table["ImageId"].str.strip()
    known = pd.Series(np.where(runs.isna(), np.nan, (runs != _NONE).astype(float)))
    drawn = runs.where(runs != _NONE).dropna().groupby(identifier).agg("|".join)
    first = ~identifier.duplicated()  # an image with several pneumothoraces has several rows
    rows = pd.DataFrame({"id": identifier[first]}).reset_index(drop=True)
    rows["wanted"] = rows["id"] + ".dcm"
    rows["patient_id"] = rows["id"]  # none is published
    rows["split"] = "train"
    rows["runs"] = rows["id"].map(drawn)
    rows["image"] = rows["id"].map(tables.files_by_stem(root, (".dcm", ".png"), depth=4))
    labels = pd.DataFrame(np.nan, index=rows.index, columns=list(PATHOLOGIES))
    labels["Pneumothorax"] = rows["id"].map(known.groupby(identifier).max())
    labels.loc[labels["Pneumothorax"] == 1, "No Finding"] = 0.0
    rows["findings"] = np.where(labels["Pneumothorax"] == 1, "Pneumothorax", "")
    return build(root, rows, labels, LAYOUT, masks=_masks)


def decode_runs(text: str) -> Mask | None:
    """A mask (1024, 1024) from the challenge's runs, or None if they are damaged.

    Pairs of a gap since the end of the run before and a length, down the columns first: unlike
    COCO's runs, and unlike Kaggle's usual ones, whose starts count from the first pixel.

    >>> int(decode_runs("3 2 1022 2").sum()), bool(decode_runs("3 2 1022 2")[4, 0])
    (4, True)
    """
    try:
        numbers = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    gaps, lengths = numbers[::2], numbers[1::2]
    size = SIDE * SIDE
    if len(gaps) != len(lengths) or not len(gaps) or min(gaps.min(), lengths.min()) < 0:
        return None
    if max(gaps.max(), lengths.max()) > size or gaps.sum() + lengths.sum() > size:
        return None
    ends = np.cumsum(gaps + lengths)
    edges = np.zeros(size + 1, np.int32)
    np.add.at(edges, ends - lengths, 1)
    np.add.at(edges, ends, -1)
    return np.asarray(np.cumsum(edges[:-1]) > 0).reshape(SIDE, SIDE).T


def _masks(row: pd.Series) -> dict[str, Mask]:
    texts = row["runs"].split("|") if isinstance(row["runs"], str) else []
    decoded = [mask for mask in map(decode_runs, texts) if mask is not None]
    return {"Pneumothorax": np.logical_or.reduce(decoded)} if decoded else {}
