"""A study set is a table with one row per image; this is what every source must offer."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.films.film import Film
from core.films.loaded import LoadedImage
from core.films.recent import RecentFilms
from core.labels import PATHOLOGIES
from core.language.facts import Facts, read_report
from core.studies.patients import patient_groups
from core.studies.sentences import split_sentences

Mask = NDArray[np.bool_]

_recent = RecentFilms(256 * 2**20)  # of all sets together: some four large films


@dataclass(frozen=True)
class Box:
    """A finding's box in pixels of its image."""

    label: str
    x: float
    y: float
    w: float
    h: float
    phrase: str = ""  # the words the box was drawn for, where a set has them

    @classmethod
    def drawn(cls, box: Mapping[str, str | float]) -> "Box":
        """A box as a drawing of a film has it: label, x, y, w, h."""
        x, y, w, h = (float(box[side]) for side in "xywh")
        return cls(str(box["label"]), x, y, w, h)


@dataclass(frozen=True)
class Study:
    """One row of a set, without its pixels."""

    id: str
    text: str
    sentences: tuple[str, ...]
    view: str
    patient_id: str
    labels: dict[str, int]  # 1 or 0; unknown labels are absent
    boxes: tuple[Box, ...] = ()
    notes: tuple[str, ...] = ()  # what a reader should know of the image, in sentences
    text_derived: bool = False  # the text was made from the labels


class StudySet(ABC):
    """Images in 0..255 with reports and labels; images load when asked for.

    A source says how an image is read (`loaded`). Picture, film and notes follow from what was read
    lately (`recalled`), so that who looks at a study reads its file once; what goes through a whole
    set asks `loaded`, and pushes nothing out of memory.

    Attributes:
        spec: the string that opens the set again.
        table: one row per image, at least `id`, `text`, `view`, `patient_id` and the label columns
            (1, 0 or NaN).
        problems: rows that could not be used and why, one sentence each.
    """

    spec: str
    table: pd.DataFrame
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    @property
    def ids(self) -> list[str]:
        """The studies' ids, in order; made of the whole table each time, see `study_id`."""
        return [str(value) for value in self.table["id"]]

    def study_id(self, row: int) -> str:
        """The id of one study."""
        return str(self.table["id"].iloc[row])

    @property
    def labels(self) -> pd.DataFrame:
        """One float column for each of PATHOLOGIES, NaN where unknown."""
        return self.table.reindex(columns=list(PATHOLOGIES)).astype(float)

    @property
    def patients(self) -> NDArray[np.int64]:
        """Number of each row's patient (n,); rows of one patient are not independent."""
        table, groups = self.__dict__.get("_patients", (None, None))
        if groups is None or table is not self.table:  # a page asks several times
            groups = patient_groups(self.table)
            groups.flags.writeable = False
            self.__dict__["_patients"] = self.table, groups
        return groups

    @property
    def reports(self) -> list[list[str]]:
        """The sentences of each report; made of the whole table each time, see `report`."""
        return [split_sentences(str(text)) for text in self.table["text"].astype(object).fillna("")]

    def report(self, row: int) -> list[str]:
        """The sentences of one report; empty where there is none."""
        text = self.table["text"].iloc[row]
        return split_sentences(str(text)) if pd.notna(text) else []

    def facts(self) -> list[Facts]:
        """What is known of each study: what its report claims, read by rule."""
        return [Facts(read_report(report)) for report in self.reports]

    def position(self, study_id: str) -> int:
        """Row of a study.

        Raises:
            ExplorerError: the set has no such id.
        """
        try:
            return self.ids.index(study_id)
        except ValueError:
            raise ExplorerError(f"'{self.spec}' has no study '{study_id}'.") from None

    def study(self, row: int) -> Study:
        """The study of a row."""
        values = self.table.iloc[row]
        told = {name: values[name] for name in PATHOLOGIES if name in values.index}
        text = str(values["text"]) if pd.notna(values["text"]) else ""
        return Study(
            id=str(values["id"]),
            text=text,
            sentences=tuple(split_sentences(text)),
            view=str(values["view"]) if pd.notna(values["view"]) else "",
            patient_id=str(values["patient_id"]) if pd.notna(values["patient_id"]) else "",
            labels={name: int(value) for name, value in told.items() if pd.notna(value)},
            boxes=self.boxes(row),
            notes=self.notes(row),
            text_derived=bool(values.get("text_derived", False)),
        )

    @abstractmethod
    def loaded(self, row: int) -> LoadedImage:
        """The image of a row, read anew.

        Raises:
            ExplorerError: the file cannot be read.
        """

    def version(self, row: int) -> Hashable:
        """Changes with the file of a row, where it has one: what was read before is then stale."""
        return None

    def recalled(self, row: int) -> LoadedImage:
        """`loaded`, or what it gave lately; its arrays cannot be written to.

        Raises:
            ExplorerError: as `loaded`.
        """
        return self._remembered((row, self.version(row)), lambda: self.loaded(row))

    def _remembered(self, key: Hashable, read: Callable[[], LoadedImage]) -> LoadedImage:
        return _recent.get((self._token, key), read)

    def image_key(self, row: int) -> str:
        """Identity of a film by its pixels: the same in every set, folder and archive, always.

        The film is decoded once at most, and not at all where it was read lately.

        Raises:
            ExplorerError: the file cannot be read.
        """
        place = (row, self.version(row))
        if place not in self._keys:
            self._keys[place] = self.recalled(row).key
        return self._keys[place]

    @cached_property
    def _keys(self) -> dict[Hashable, str]:
        return {}

    @cached_property
    def _token(self) -> object:
        """What its films are remembered by: this set's own, whatever becomes of its address."""
        return object()

    def image(self, row: int) -> NDArray[np.float32]:
        """Pixels (H, W) float32 in 0..255, dense is bright.

        Raises:
            ExplorerError: the file cannot be read.
        """
        return self.recalled(row).pixels

    def display_image(self, row: int) -> NDArray[np.uint8]:
        """The image to look at; may be finer than `image`, never another field of view."""
        return np.clip(np.rint(self.image(row)), 0, 255).astype(np.uint8)

    def film(self, row: int) -> Film:
        """What `display_image` shows, before its window.

        Raises:
            ExplorerError: the file cannot be read.
        """
        return self.recalled(row).film

    def masks(self, row: int) -> dict[str, Mask]:
        """Truth by CheXpert name (H, W) in the pixels of `image`; boxes fill in for masks."""
        return {}

    def boxes(self, row: int) -> tuple[Box, ...]:
        """Truth as boxes in the pixels of `image`."""
        return ()

    def notes(self, row: int) -> tuple[str, ...]:
        """What is unusual about the image of a row."""
        return self.recalled(row).notes

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Changes when any image, id or order of the set does."""

    def subset(self, rows: Sequence[int]) -> "StudySet":
        """Some rows of the set, in that order; all of them are the set itself."""
        whole = len(rows) == len(self) and list(rows) == list(range(len(self)))
        return self if whole else Subset(self, list(rows))


class Subset(StudySet):
    """Rows of another set."""

    def __init__(self, parent: StudySet, rows: list[int]) -> None:
        self.parent, self.rows = parent, rows
        self.spec, self.problems = parent.spec, parent.problems
        self.table = parent.table.iloc[rows].reset_index(drop=True)

    def loaded(self, row: int) -> LoadedImage:
        """See `StudySet.loaded`."""
        return self.parent.loaded(self.rows[row])

    def recalled(self, row: int) -> LoadedImage:
        """See `StudySet.recalled`; the parent remembers."""
        return self.parent.recalled(self.rows[row])

    def image_key(self, row: int) -> str:
        """See `StudySet.image_key`; the parent remembers."""
        return self.parent.image_key(self.rows[row])

    def display_image(self, row: int) -> NDArray[np.uint8]:
        """See `StudySet.display_image`."""
        return self.parent.display_image(self.rows[row])

    def film(self, row: int) -> Film:
        """See `StudySet.film`."""
        return self.parent.film(self.rows[row])

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`."""
        return self.parent.masks(self.rows[row])

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`."""
        return self.parent.boxes(self.rows[row])

    def notes(self, row: int) -> tuple[str, ...]:
        """See `StudySet.notes`."""
        return self.parent.notes(self.rows[row])

    def facts(self) -> list[Facts]:
        """See `StudySet.facts`."""
        whole = self.parent.facts()
        return [whole[row] for row in self.rows]

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`."""
        return f"{self.parent.fingerprint}[{','.join(map(str, self.rows))}]"


def masks_from_boxes(boxes: Sequence[Box], shape: tuple[int, int]) -> dict[str, Mask]:
    """The union of each label's boxes as a mask (H, W)."""
    masks: dict[str, Mask] = {}
    for box in boxes:
        mask = masks.setdefault(box.label, np.zeros(shape, bool))
        top, left = max(round(box.y), 0), max(round(box.x), 0)
        mask[top : max(round(box.y + box.h), top), left : max(round(box.x + box.w), left)] = True
    return masks
