"""A published set as a study set; what differs between sets is built by the files beside this."""

import os
from collections.abc import Callable, Hashable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.films.loaded import LoadedImage
from core.films.read import file_version, read_image
from core.films.view import LATERAL_NOTE, is_lateral
from core.labels import PATHOLOGIES
from core.studies.study import Box, Mask, Study, StudySet, masks_from_boxes
from core.studies.truth import fit_mask

MaskReader = Callable[[pd.Series], dict[str, Mask]]
"""A row of the table to its masks, each in the size it was drawn in; can be pickled."""
ReportReader = Callable[[pd.Series], str]
"""A row of the table to its report; can be pickled."""

_COLUMNS = ("id", "text", "view", "patient_id", "split", "findings", "image")


class PublicSet(StudySet):
    """Rows of a published set whose images are there.

    The table has, besides what every set has, `split` (train, val, test or empty), `findings` (the
    publisher's own names, joined by |) and `image` (path under the folder).
    """

    def __init__(
        self,
        root: Path,
        table: pd.DataFrame,
        problems: tuple[str, ...] = (),
        boxes: pd.DataFrame | None = None,
        masks: MaskReader | None = None,
        report: ReportReader | None = None,
    ) -> None:
        """Take what `build` made.

        Args:
            root: the folder that the paths of the images start from.
            boxes: one row a box: id, label, x, y, w, h, and as far as known `phrase`, and `width`
                and `height` of the picture they were drawn on.
            masks, report: what is read only when a study is looked at.
        """
        self.spec, self.root = str(root), root
        self.table, self.problems = table, problems
        self._boxes, self._masks, self._report = boxes, masks, report
        self._box_rows = {} if boxes is None else boxes.groupby("id").indices

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
        notes = super().notes(row)
        lateral = is_lateral(self.table["view"].iloc[row])
        return (*notes, LATERAL_NOTE) if lateral else notes

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`; cut at the picture's edges, scaled where it has another size."""
        rows = self._box_rows.get(str(self.table["id"].iloc[row]))
        if rows is None or self._boxes is None:
            return ()
        height, width = self.image(row).shape
        found = (_box(b, width, height) for _, b in self._boxes.iloc[rows].iterrows())
        return tuple(box for box in found if box is not None)

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`; other findings stay under the publisher's name."""
        drawn = self._masks(self.table.iloc[row]) if self._masks else {}
        boxes = self.boxes(row)
        if not drawn and not boxes:
            return {}
        height, width = self.image(row).shape
        masks = masks_from_boxes(boxes, (height, width))
        return masks | {name: fit_mask(mask, (height, width)) for name, mask in drawn.items()}

    def study(self, row: int) -> Study:
        """See `StudySet.study`."""
        self._read_reports([row])
        return super().study(row)

    def report(self, row: int) -> list[str]:
        """See `StudySet.report`."""
        self._read_reports([row])
        return super().report(row)

    @property
    def reports(self) -> list[list[str]]:
        """See `StudySet.reports`; reads those that lie in files of their own, once."""
        self._read_reports(range(len(self)))
        return super().reports

    def _read_reports(self, rows: Sequence[int]) -> None:
        if self._report is None:
            return
        column = self.table.columns.get_loc("text")
        for row in rows:
            if pd.isna(self.table.iat[row, column]):
                self.table.iat[row, column] = self._report(self.table.iloc[row])

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`; files count by size and time, not by content."""
        digest = sha256(str(self.root).encode())
        base = f"{self.root}{os.sep}"  # paths of pathlib would take most of the time
        for identifier, image in zip(self.table["id"], self.table["image"], strict=True):
            try:
                seen = os.stat(base + image)
                digest.update(f"{identifier}|{image}|{seen.st_size}|{seen.st_mtime_ns}\n".encode())
            except OSError:
                digest.update(f"{identifier}|{image}|gone\n".encode())
        return f"public:{digest.hexdigest()[:24]}"

    def subset(self, rows: Sequence[int]) -> "PublicSet":
        """See `StudySet.subset`; a set of its own, so that its fingerprint looks at its files."""
        if list(rows) == list(range(len(self))):
            return self
        table = self.table.iloc[list(rows)].reset_index(drop=True)
        part = PublicSet(self.root, table, self.problems, None, self._masks, self._report)
        part._boxes, part._box_rows, part.spec = self._boxes, self._box_rows, self.spec
        return part


def build(
    root: Path,
    rows: pd.DataFrame,
    labels: pd.DataFrame,
    layout: str,
    problems: Sequence[str] = (),
    boxes: pd.DataFrame | None = None,
    masks: MaskReader | None = None,
    report: ReportReader | None = None,
) -> PublicSet:
    """Keep the rows that have an id and an image, and list the others as problems.

    Args:
        rows: at least `id` and `image`, NaN where there is no file; `wanted` names that file in
            the problem, and further columns stay in the table.
        labels: (n, 14) for the same rows.
        layout: what the folder should hold, as the end of a sentence.

    Raises:
        ExplorerError: no row is left.
    """
    rows = pd.concat([rows.reset_index(drop=True), labels.reset_index(drop=True)], axis=1)
    wanted = rows["wanted"] if "wanted" in rows.columns else rows["id"]
    rows = rows.drop(columns="wanted", errors="ignore")
    for column in _COLUMNS:
        if column not in rows.columns:
            rows[column] = np.nan if column == "text" else ""
    rows["text"] = rows["text"].astype(object)
    unnamed = rows["id"].isna()
    twice = rows["id"].duplicated() & ~unnamed
    absent = rows["image"].isna() & ~unnamed & ~twice
    found = [*problems]
    found += [f"Row {row + 2} names no image." for row in np.flatnonzero(unnamed)]
    found += [f"The id {name} is there twice; its first row counts." for name in rows["id"][twice]]
    found += [f"{name} is not there." for name in wanted[absent]]
    table = rows[~(unnamed | twice | absent)].reset_index(drop=True)
    if table.empty:
        raise ExplorerError(
            f"None of the {len(rows)} images listed is in the folder {root.name}: {layout}"
        )
    others = [c for c in table.columns if c not in _COLUMNS and c not in PATHOLOGIES]
    table = table[[*_COLUMNS, *PATHOLOGIES, *others]]
    return PublicSet(root, table, tuple(found), boxes, masks, report)


def _box(row: pd.Series, width: int, height: int) -> Box | None:
    """A box in the pixels of the picture; None where none of it lies inside."""
    wide, high = row.get("width", np.nan), row.get("height", np.nan)
    across = width / wide if wide > 0 else 1.0
    down = height / high if high > 0 else 1.0
    left, right = (float(np.clip(e * across, 0, width)) for e in (row["x"], row["x"] + row["w"]))
    top, low = (float(np.clip(e * down, 0, height)) for e in (row["y"], row["y"] + row["h"]))
    if not (right > left and low > top):  # also where a number is missing
        return None
    return Box(str(row["label"]), left, top, right - left, low - top, str(row.get("phrase", "")))
