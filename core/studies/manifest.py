"""A manifest: a CSV with one row per image, as the phantom command and the shared sets write it."""

import os
from collections.abc import Hashable
from hashlib import sha256
from os.path import isfile
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Any

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.films.loaded import LoadedImage
from core.films.read import file_version, read_image
from core.films.view import LATERAL_NOTE, is_lateral
from core.labels import PATHOLOGIES
from core.studies.cells import LABEL_WORDS, label_column, label_value, spelled_as, structure
from core.studies.study import Box, Mask, StudySet, masks_from_boxes
from core.studies.text_table import header_width, read_text_table
from core.studies.truth import fit_mask, mask_size, read_mask

REQUIRED = ("id", "image")
_MAX_BYTES, _MAX_COLUMNS = 200 * 2**20, 1000
BURNED_IN = "burned_in"
"""Column of an import: 1 where text may be burned into the picture."""
_OPTIONAL = ("text", "text_imaging", "text_derived", "view", "patient_id", "group_id", "boxes",
             "masks", "split", BURNED_IN)  # fmt: skip
_NO_VIEW = ("", "NA", "N/A", "NAN", "NONE", "NULL", "UNK", "UNKNOWN", "?")
_CANONICAL = {name.lower(): name for name in PATHOLOGIES}


class ManifestSet(StudySet):
    """Rows of a manifest whose image files are there."""

    def __init__(self, path: Path, table: pd.DataFrame, problems: tuple[str, ...]) -> None:
        self.spec, self.root = str(path), path.resolve().parent
        self.table, self.problems = table, problems

    def loaded(self, row: int) -> LoadedImage:
        """See `StudySet.loaded`."""
        return read_image(self._path(row))

    def version(self, row: int) -> Hashable:
        """See `StudySet.version`."""
        return file_version(self._path(row))

    def _path(self, row: int) -> Path:
        return self.root / str(self.table["image"].iloc[row])

    def notes(self, row: int) -> tuple[str, ...]:
        """See `StudySet.notes`."""
        loaded = self.recalled(row)
        table = self.table
        burned_in = BURNED_IN in table and label_value(table[BURNED_IN].iloc[row]) == 1
        lateral = is_lateral(table["view"].iloc[row])
        return (
            *loaded.notes,
            *self._mask_notes(row, (loaded.pixels.shape[0], loaded.pixels.shape[1])),
            *([LATERAL_NOTE] if lateral else []),
            *(["Text may be burned into the picture."] if burned_in else []),
        )

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`; those without a label or a number for each side are left out."""
        told = structure(self.table["boxes"].iloc[row])
        boxes = (_box(entry) for entry in (told if isinstance(told, list) else []))
        return tuple(box for box in boxes if box is not None)

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`; damaged and empty ones are left out, others scaled to the film."""
        boxes, files = self.boxes(row), self._mask_files(row)
        if not boxes and not files:  # nothing is drawn: the film need not be read
            return {}
        height, width = self.image(row).shape
        masks = masks_from_boxes(boxes, (height, width))
        for name, paths in files.items():
            drawn = [mask for path in paths if (mask := read_mask(path)) is not None]
            fitted = [fit_mask(mask, (height, width)) for mask in drawn]
            union = np.logical_or.reduce(fitted) if fitted else np.zeros(0, bool)
            if union.any():  # an empty one says less than a box
                masks[name] = union
        return masks

    def _mask_files(self, row: int) -> dict[str, list[Path]]:
        """Files of each finding's masks, one or a list, that are there."""
        told = structure(self.table["masks"].iloc[row])
        files: dict[str, list[Path]] = {}
        for name, paths in (told if isinstance(told, dict) else {}).items():
            several = paths if isinstance(paths, list) else [paths]
            there = (inside(self.root, str(path)) for path in several)
            files[_finding(name)] = [path for path in there if path is not None and isfile(path)]
        return files

    def _mask_notes(self, row: int, shape: tuple[int, int]) -> list[str]:
        """Which masks are scaled to the film, and which cannot be read, by their headers."""
        notes = []
        for name, paths in self._mask_files(row).items():
            sizes = [mask_size(path) for path in paths]
            others = {size for size in sizes if size not in (None, shape)}
            if None in sizes or not sizes:
                notes.append(f"A mask of {name} cannot be read; it is left out.")
            for height, width in filter(None, others):
                notes.append(f"The mask of {name} has {width} x {height} pixels; it is scaled.")
        return notes

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`; files count by size and time, not by content."""
        root = str(self.root)
        digest = sha256(root.encode())
        for identifier, image in zip(self.table["id"], self.table["image"], strict=True):
            seen = os.stat(os.path.join(root, str(image)))  # as a `Path`, in a tenth of its time
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
    files = _Files(path.resolve().parent)
    problems, kept = [], []
    seen: set[str] = set()
    for row, (identifier, image) in enumerate(zip(table["id"], table["image"], strict=True)):
        problem = _problem(files, identifier, image, seen)
        if problem:
            problems.append(f"Row {row + 2}: {problem}")
        else:
            kept.append(row)
    if not kept:
        first = problems[0] if problems else "there are no rows."
        raise ExplorerError(f"{path.name} has no usable row: {first[:1].lower()}{first[1:]}")
    table, strange = complete(table.iloc[kept].reset_index(drop=True))
    return ManifestSet(path, table, (*problems, *strange))


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
    """A manifest as text, its columns under the names that are known here."""
    try:
        _refuse_size(path)
        table = read_text_table(path)
    except ExplorerError:
        raise
    except FileNotFoundError:
        raise ExplorerError(f"There is no manifest {path.name}; check its path.") from None
    except (OSError, ValueError):  # pandas' own are of the latter
        raise ExplorerError(
            f"{path.name} is no readable CSV table; save it as UTF-8 CSV with a header line."
        ) from None
    known = (*REQUIRED, *_OPTIONAL, *PATHOLOGIES)
    return table.rename(columns=spelled_as(list(map(str, table.columns)), known))


def _refuse_size(path: Path) -> None:
    """Refuse a table that no set of radiographs needs and no machine would read in time."""
    if path.stat().st_size > _MAX_BYTES or header_width(path) > _MAX_COLUMNS:
        raise ExplorerError(
            f"{path.name} is over the limit of {_MAX_BYTES // 2**20} MB and {_MAX_COLUMNS} columns "
            "of a manifest; leave columns out."
        )


class _Files:
    """Files that rows of a manifest name; a folder is resolved once, whatever lies in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, str | None] = {}  # what a name is put behind; None outside

    def problem(self, image: str) -> str | None:
        """Why an image cannot be used, as far as its path tells."""
        if self._plainly_there(image):
            return None
        path = inside(self._root, image)
        if path is None:
            return "the image's path leaves the manifest's folder."
        if not isfile(path):  # a name that no system takes is no error
            return f"{image[:100]} is not there."
        return None

    def _plainly_there(self, image: str) -> bool:
        """Whether it is a file under the root, and no link; where not, `inside` looks closely."""
        relative = image.replace("\\", "/")
        folder, _, name = relative.rpartition("/")
        if relative.startswith("/") or ":" in image:
            return False
        if folder not in self._folders:
            place = inside(self._root, folder) if folder else self._root
            self._folders[folder] = None if place is None else os.path.join(place, "")
        begins = self._folders[folder]
        try:
            return begins is not None and S_ISREG(os.lstat(begins + name).st_mode)
        except (OSError, ValueError):
            return False


def _problem(files: _Files, identifier: Any, image: Any, seen: set[str]) -> str | None:
    if not isinstance(identifier, str):
        return "it has no id."
    if identifier in seen:
        return f"the id {identifier} is there twice."
    if not isinstance(image, str) or not image:
        return "no image is named."
    problem = files.problem(image)
    if problem is None:
        seen.add(identifier)
    return problem


def complete(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The table with what is missing and labels as numbers, and which of these are no labels."""
    table = table.copy()
    if "text_imaging" in table.columns:  # only the sentences that describe the image
        described = table["text_imaging"]
        table["text"] = described.where(described.notna(), table.get("text"))
    for column in ("text", "view", "patient_id", "boxes", "masks"):
        if column not in table.columns:
            table[column] = np.nan
    table["view"] = table["view"].mask(table["view"].astype(str).str.upper().isin(_NO_VIEW))
    if "text_derived" in table.columns:
        table["text_derived"] = label_column(table["text_derived"])[0] == 1
    problems = []
    for column in PATHOLOGIES:
        if column in table.columns:
            table[column], strange = label_column(table[column])
            if strange:
                shown = ", ".join(f"'{word[:30]}'" for word in strange[:3])
                more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
                problems.append(
                    f"{column} has values that are no label ({shown}{more}): they count as "
                    f"unknown; write one of {LABEL_WORDS}."
                )
    return table, problems


def _finding(name: object) -> str:
    """CheXpert's name in any case as it is spelled here; other names stay."""
    return _CANONICAL.get(str(name).strip().lower(), str(name))


def _box(entry: Any) -> Box | None:
    try:
        x, y, w, h = (float(entry[side]) for side in "xywh")
        label = _finding(entry["label"])
    except (KeyError, TypeError, ValueError):
        return None
    return Box(label, x, y, w, h) if np.isfinite([x, y, w, h]).all() else None
