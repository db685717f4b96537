"""What notes change of a study set: films left out for their labels, drawn shapes as truth."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from pycocotools import mask as coco_mask

from core.progress import Progress
from core.records.note import BOTH_WRONG, BOX, LABEL_WRONG, Note, Shape
from core.records.notebook import Notebook, Wanted
from core.studies.keys import image_keys
from core.studies.study import Box, Mask, StudySet, Subset, masks_from_boxes

WRONG_LABEL = (LABEL_WRONG, BOTH_WRONG)


def notes_by_row(
    studies: StudySet, notes: Sequence[Note], progress: Progress | None = None
) -> dict[int, list[Note]]:
    """The notes of each row of a set that has some; no film is read where there are no notes."""
    if not notes:
        return {}
    by_film: dict[str, list[Note]] = {}
    for note in notes:
        by_film.setdefault(note.film.key, []).append(note)
    keys = image_keys(studies, progress)
    return {row: by_film[key] for row, key in enumerate(keys) if key in by_film}


def trusted(
    studies: StudySet, notebook: Notebook, authors: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> StudySet:  # fmt: skip
    """A set without the films of which somebody called a label wrong.

    Args:
        authors: whose verdicts count; empty for everybody's.
    """
    notes = notebook.notes(Wanted(authors=authors, verdicts=WRONG_LABEL))
    doubted = notes_by_row(studies, notes, progress)
    return studies.subset([row for row in range(len(studies)) if row not in doubted])


def drawn_truth(
    studies: StudySet, notebook: Notebook, authors: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> "DrawnSet":  # fmt: skip
    """A set whose truth is what was drawn in notes, and nothing else.

    Args:
        authors: whose shapes count; empty for everybody's, joined where several drew one finding.
    """
    notes = [note for note in notebook.notes(Wanted(authors=authors))
             if note.said.finding and note.said.shapes]  # fmt: skip
    return DrawnSet(studies, notes_by_row(studies, notes, progress))


class DrawnSet(Subset):
    """All rows of a set, with the shapes of notes in place of its own masks and boxes."""

    def __init__(self, parent: StudySet, notes: dict[int, list[Note]]) -> None:
        super().__init__(parent, list(range(len(parent))))
        self._drawn = {
            row: [(note.said.finding, shape) for note in some for shape in note.said.shapes]
            for row, some in notes.items()
        }

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`."""
        if row not in self._drawn:
            return {}
        height, width = self.image(row).shape
        masks: dict[str, Mask] = {}
        for finding, shape in self._drawn[row]:
            mask = shape_mask(shape, (height, width))
            masks[finding] = np.logical_or(masks[finding], mask) if finding in masks else mask
        return masks

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`; of a polygon the box around it."""
        return tuple(
            Box(finding, *shape.bounds) for finding, shape in self._drawn.get(row, ())
        )

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`; changes with what is drawn."""
        told = repr(sorted(self._drawn.items())).encode()
        return f"{self.parent.fingerprint}/drawn {sha256(told).hexdigest()[:24]}"

    def subset(self, rows: Sequence[int]) -> StudySet:
        """See `StudySet.subset`; what is drawn on the rows stays."""
        return Subset(self, list(rows))


def shape_mask(shape: Shape, size: tuple[int, int]) -> Mask:
    """The pixels (H, W) inside a shape, polygons as COCO fills them."""
    if shape.kind == BOX:
        return masks_from_boxes([Box("", *shape.bounds)], size)[""]
    outline = [side for point in shape.points for side in point]
    parts = coco_mask.frPyObjects([outline], *size)
    return np.asarray(coco_mask.decode(coco_mask.merge(parts)), bool)
