"""Several study sets as one: `A + B`, say films and phantoms that one model learns from."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.films.film import Film
from core.films.loaded import LoadedImage
from core.language.facts import Facts
from core.studies.study import Box, Mask, StudySet

SEPARATOR = " + "
"""Between the specs of the parts."""


class JoinedSet(StudySet):
    """The studies of each part, one part after the other.

    Args:
        parts: at least one set.
    """

    def __init__(self, parts: Sequence[StudySet]) -> None:
        self.parts = list(parts)
        self.spec = SEPARATOR.join(part.spec for part in self.parts)
        self.problems = tuple(problem for part in self.parts for problem in part.problems)
        self.table = pd.concat([part.table for part in self.parts], ignore_index=True)
        self._ends = np.cumsum([len(part) for part in self.parts])

    def _at(self, row: int) -> tuple[StudySet, int]:
        number = int(np.searchsorted(self._ends, row, side="right"))
        return self.parts[number], row - int(self._ends[number]) + len(self.parts[number])

    @property
    def reports(self) -> list[list[str]]:
        """See `StudySet.reports`."""
        return [report for part in self.parts for report in part.reports]

    def facts(self) -> list[Facts]:
        """See `StudySet.facts`."""
        return [facts for part in self.parts for facts in part.facts()]

    def report(self, row: int) -> list[str]:
        """See `StudySet.report`."""
        part, own = self._at(row)
        return part.report(own)

    def loaded(self, row: int) -> LoadedImage:
        """See `StudySet.loaded`."""
        part, own = self._at(row)
        return part.loaded(own)

    def recalled(self, row: int) -> LoadedImage:
        """See `StudySet.recalled`; the parts remember."""
        part, own = self._at(row)
        return part.recalled(own)

    def image_key(self, row: int) -> str:
        """See `StudySet.image_key`; the parts remember."""
        part, own = self._at(row)
        return part.image_key(own)

    def display_image(self, row: int) -> NDArray[np.uint8]:
        """See `StudySet.display_image`."""
        part, own = self._at(row)
        return part.display_image(own)

    def film(self, row: int) -> Film:
        """See `StudySet.film`."""
        part, own = self._at(row)
        return part.film(own)

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`."""
        part, own = self._at(row)
        return part.masks(own)

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`."""
        part, own = self._at(row)
        return part.boxes(own)

    def notes(self, row: int) -> tuple[str, ...]:
        """See `StudySet.notes`."""
        part, own = self._at(row)
        return part.notes(own)

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`."""
        return SEPARATOR.join(part.fingerprint for part in self.parts)

    def subset(self, rows: Sequence[int]) -> StudySet:
        """See `StudySet.subset`; rows in order stay parts, whose prepared images are kept."""
        order = np.asarray(rows, int)
        if (np.diff(order) <= 0).any():
            return super().subset(rows)
        starts = self._ends - [len(part) for part in self.parts]
        chosen = [order[(order >= low) & (order < high)] - low
                  for low, high in zip(starts, self._ends, strict=True)]  # fmt: skip
        return JoinedSet([part.subset(own.tolist())
                          for part, own in zip(self.parts, chosen, strict=True)])  # fmt: skip
