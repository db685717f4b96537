"""A manifest: a CSV with one row per image, as the phantom command and the shared sets write it."""

import json
from hashlib import sha256
from os.path import isfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from core.errors import ExplorerError
from core.films.film import Film
from core.films.read import read_image
from core.films.view import LATERAL_NOTE, is_lateral
from core.labels import PATHOLOGIES
from core.studies.study import Box, Mask, StudySet, masks_from_boxes

REQUIRED = ("id", "image")
_MAX_BYTES, _MAX_COLUMNS, _MAX_HEADER = 200 * 2**20, 1000, 2**20
BURNED_IN = "burned_in"
"""Column of an import: 1 where text may be burned into the picture."""


class ManifestSet(StudySet):
    """Rows of a manifest whose image files are there."""

    def __init__(self, path: Path, table: pd.DataFrame, problems: tuple[str, ...]) -> None:
        self.spec, self.root = str(path), path.resolve().parent
        self.table, self.problems = table, problems

    def image(self, row: int) -> NDArray[np.float32]:
        """See `StudySet.image`."""
        return read_image(self.root / str(self.table["image"].iloc[row])).pixels

    def film(self, row: int) -> Film:
        """See `StudySet.film`."""
        return read_image(self.root / str(self.table["image"].iloc[row])).film

    def notes(self, row: int) -> tuple[str, ...]:
        """See `StudySet.notes`."""
        notes = read_image(self.root / str(self.table["image"].iloc[row])).notes
        table = self.table
        burned_in = BURNED_IN in table and str(table[BURNED_IN].iloc[row]) == "1"
        lateral = is_lateral(table["view"].iloc[row])
        return (
            *notes,
            *([LATERAL_NOTE] if lateral else []),
            *(["Text may be burned into the picture."] if burned_in else []),
        )

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`."""
        found = _json(self.table["boxes"].iloc[row])
        try:
            return tuple(
                Box(str(b["label"]), float(b["x"]), float(b["y"]), float(b["w"]), float(b["h"]))
                for b in (found if isinstance(found, list) else [])
            )
        except (KeyError, TypeError, ValueError):
            return ()

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`; damaged ones and those of another size are left out."""
        shape = self.image(row).shape
        masks = masks_from_boxes(self.boxes(row), (shape[0], shape[1]))
        found = _json(self.table["masks"].iloc[row])
        for name, relative in (found if isinstance(found, dict) else {}).items():
            path = inside(self.root, str(relative))
            if path is None or not isfile(path):
                continue
            try:
                with Image.open(path, formats=("PNG",)) as picture:
                    mask = np.asarray(picture.convert("L")) > 127
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
                continue
            if mask.shape == shape:
                masks[str(name)] = mask
        return masks

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`; files count by size and time, not by content."""
        digest = sha256(str(self.root).encode())
        for identifier, image in zip(self.table["id"], self.table["image"], strict=True):
            seen = (self.root / str(image)).stat()
            digest.update(f"{identifier}|{image}|{seen.st_size}|{seen.st_mtime_ns}\n".encode())
        return f"manifest:{digest.hexdigest()[:24]}"


def open_manifest(path: Path) -> ManifestSet:
    """Read a manifest; rows without their file are dropped and listed as problems.

    Raises:
        ExplorerError: no such file, no table, a column or every image missing.
    """
    table = _read(path)
    missing = [column for column in REQUIRED if column not in table.columns]
    if missing:
        raise ExplorerError(
            f"{path.name} has no column {' and no column '.join(missing)}; a manifest needs id and "
            "image, and may have text, view, patient_id, label columns, boxes and masks."
        )
    root = path.resolve().parent
    problems, kept = [], []
    seen: set[str] = set()
    for row, (identifier, image) in enumerate(zip(table["id"], table["image"], strict=True)):
        problem = _problem(root, str(identifier), image, seen)
        if problem:
            problems.append(f"Row {row + 2}: {problem}")
        else:
            kept.append(row)
    if not kept:
        first = problems[0] if problems else "there are no rows."
        raise ExplorerError(f"{path.name} has no usable row: {first[:1].lower()}{first[1:]}")
    table = _complete(table.iloc[kept].reset_index(drop=True))
    return ManifestSet(path, table, tuple(problems))


def inside(root: Path, relative: str) -> Path | None:
    """The path of a file under `root`, or None where it would leave it or is a network path."""
    if not relative or relative.startswith(("\\\\", "//", "/")) or ":" in relative[:3]:
        return None
    if "\0" in relative:  # no name of a file on any system
        return None
    parts = PurePosixPath(relative.replace("\\", "/")).parts
    path = root.joinpath(*parts).resolve()
    return path if path.is_relative_to(root) else None


def _read(path: Path) -> pd.DataFrame:
    try:
        _refuse_size(path)
        return pd.read_csv(path, dtype=str, keep_default_na=True)
    except ExplorerError:
        raise
    except FileNotFoundError:
        raise ExplorerError(f"There is no manifest {path.name}; check its path.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError,
            ValueError):  # fmt: skip
        raise ExplorerError(
            f"{path.name} is no readable CSV table; save it as UTF-8 CSV with a header line."
        ) from None


def _refuse_size(path: Path) -> None:
    """Refuse a table that no set of radiographs needs and no machine would read in time."""
    with path.open("rb") as file:
        columns = file.readline(_MAX_HEADER).count(b",")
    if path.stat().st_size > _MAX_BYTES or columns > _MAX_COLUMNS:
        raise ExplorerError(
            f"{path.name} is over the limit of {_MAX_BYTES // 2**20} MB and {_MAX_COLUMNS} columns "
            "of a manifest; leave columns out."
        )


def _problem(root: Path, identifier: str, image: Any, seen: set[str]) -> str | None:
    if identifier in seen:
        return f"the id {identifier} is there twice."
    if not isinstance(image, str) or not image:
        return "no image is named."
    path = inside(root, image)
    if path is None:
        return "the image's path leaves the manifest's folder."
    if not isfile(path):  # a name that no system takes is no error
        return f"{image[:100]} is not there."
    seen.add(identifier)
    return None


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    """Add what is missing and turn labels into numbers."""
    table = table.copy()
    if "text_imaging" in table.columns:  # only the sentences that describe the image
        described = table["text_imaging"]
        table["text"] = described.where(described.notna(), table.get("text"))
    for column in ("text", "view", "patient_id", "boxes", "masks"):
        if column not in table.columns:
            table[column] = np.nan
    for column in PATHOLOGIES:
        if column in table.columns:
            numbers = pd.to_numeric(table[column], errors="coerce")
            table[column] = numbers.where(numbers.isin([0, 1]))
    return table


def _json(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):  # brackets in brackets without end
        return None
