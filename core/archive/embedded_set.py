"""An archive of embeddings as a study set: texts and labels at once, images only if looked at."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import RLock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.archive.archive import PREFIX, Archive
from core.archive.layout import STUDIES
from core.archive.rescore import TextColumns, archive_scores, scores_alone
from core.errors import ExplorerError
from core.films.film import Film
from core.films.loaded import LoadedImage
from core.inference.encoded_set import EncodedSet
from core.inference.prompts import PromptSet
from core.inference.zero_shot import Scores
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR
from core.progress import Progress
from core.studies.study import Box, Mask, StudySet

OpenSource = Callable[[str], StudySet]
"""Opens the set that was embedded, by its spec; an archive knows none of the forms of a spec."""
_WHOLE = 4 * 2**30  # bytes of encodings that may be taken into memory at once


class EmbeddedSet(EncodedSet):
    """Studies of an archive; `places` are theirs among the archive's."""

    def __init__(
        self, archive: Archive, table: pd.DataFrame, places: NDArray[np.int64],
        open_source: OpenSource, columns: TextColumns | None = None,
    ) -> None:  # fmt: skip
        """Rows of an archive.

        Args:
            columns: what texts say of the archive's studies, where another set of them knows.
        """
        self.archive, self.places = archive, places
        self.open_source = open_source
        self.columns = columns or TextColumns(archive)
        self.spec = f"{PREFIX}{archive.folder}"
        self.table = table
        self._lock = RLock()
        self._opened: StudySet | None = None
        unfinished = archive.description.shards - len(archive.shards)
        self.problems = tuple(f"{p.id} has no embedding: {p.reason}" for p in archive.problems) + (
            (f"{unfinished} of {archive.description.shards} shards are not finished yet.",)
            if unfinished
            else ()
        )

    @property
    def source(self) -> StudySet:
        """The set that was embedded, opened when first asked for.

        Raises:
            ExplorerError: it is not where it was, or is not what was embedded.
        """
        made = self.archive.description
        with self._lock:
            if self._opened is None:
                try:
                    self._opened = self.open_source(made.data)
                except ExplorerError as error:
                    raise ExplorerError(
                        f"The images of '{self.spec}' cannot be shown; its embeddings can be used. "
                        f"{error}"
                    ) from None
            return self._opened

    def _row(self, row: int) -> int:
        """Row of the source set, which must still be the same study."""
        found = int(self.archive.rows[self.places[row]])
        ids = self.source.table["id"]
        if found >= len(ids) or str(ids.iloc[found]) != str(self.table["id"].iloc[row]):
            raise ExplorerError(
                f"'{self.archive.description.data}' is no longer what was embedded in "
                f"'{self.spec}'; embed it again into another folder."
            )
        return found

    def loaded(self, row: int) -> LoadedImage:
        """See `StudySet.loaded`; from the set that was embedded."""
        return self.source.loaded(self._row(row))

    def recalled(self, row: int) -> LoadedImage:
        """See `StudySet.recalled`; the source remembers."""
        return self.source.recalled(self._row(row))

    def image_key(self, row: int) -> str:
        """See `StudySet.image_key`; the source remembers."""
        return self.source.image_key(self._row(row))

    def film(self, row: int) -> Film:
        """See `StudySet.film`."""
        return self.source.film(self._row(row))

    def display_image(self, row: int) -> NDArray[np.uint8]:
        """See `StudySet.display_image`."""
        return self.source.display_image(self._row(row))

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`."""
        return self.source.masks(self._row(row))

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`; none where the source is gone."""
        try:
            return self.source.boxes(self._row(row))
        except ExplorerError:
            return ()

    def notes(self, row: int) -> tuple[str, ...]:
        """See `StudySet.notes`."""
        return self.source.notes(self._row(row))

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`; of the embeddings, without a look at the images."""
        whole = len(self.places) == len(self.archive)
        chosen = "" if whole else f"[{','.join(map(str, self.places.tolist()))}]"
        return self.archive.fingerprint + chosen

    def subset(self, rows: Sequence[int]) -> "EmbeddedSet":
        """See `StudySet.subset`; the rows keep their embeddings."""
        table = self.table.iloc[list(rows)].reset_index(drop=True)
        places = self.places[list(rows)]
        return EmbeddedSet(self.archive, table, places, self.open_source, self.columns)

    @property
    def model(self) -> str:
        """See `EncodedSet.model`."""
        return self.archive.description.model

    def encoding(self, rows: NDArray[np.int64]) -> ImageEncoding:
        """Encodings of some rows; see `Archive.encoding`."""
        return self.archive.encoding(self.places[rows])

    def image_features(self) -> NDArray[np.float32]:
        """See `EncodedSet.image_features`."""
        return np.asarray(self.archive.image_features.numpy()[self.places], np.float32)

    def whole_encoding(self) -> ImageEncoding:
        """Encodings of all rows, in memory.

        Raises:
            ExplorerError: they would take more than 4 GiB.
        """
        made = self.archive.description
        size = 4 * len(self) * made.grid[0] * made.grid[1] * made.width
        if size > _WHOLE:
            raise ExplorerError(
                f"The regions of '{self.spec}' take {size / 2**30:.0f} GiB at once, over the limit "
                f"of {_WHOLE / 2**30:.0f}; use a part of the set, or what needs no regions."
            )
        return self.encoding(np.arange(len(self)))

    def check_model(self, name: str, model_hash: str) -> None:
        """Refuse a model that did not make the embeddings.

        Raises:
            ExplorerError: naming the model that did.
        """
        made = self.archive.description
        if made.model_hash != model_hash:
            raise ExplorerError(
                f"'{self.spec}' was made by the model {made.model} as it then was, not by {name}; "
                f"choose that model, or embed {made.data} with {name} into another folder."
            )

    def scores(
        self, model: LRCLR, texts: TextEncoding, prompts: PromptSet,
        progress: Progress | None = None,
    ) -> Scores:  # fmt: skip
        """See `EncodedSet.scores`."""
        return archive_scores(self.columns, self.places, model, texts, prompts, progress)

    def scores_alone(self, prompts: PromptSet, progress: Progress | None = None) -> Scores | None:
        """See `EncodedSet.scores_alone`; by the prompts that the archive keeps.

        Raises:
            ExplorerError: as `Archive.prompts`.
        """
        return scores_alone(self.columns, self.places, prompts, progress)

    def __reduce__(self) -> tuple[object, ...]:
        # Another process opens the folder, rather than be sent what is in it.
        return _reopened, (self.archive.folder, self.places, self.open_source)


def _reopened(
    folder: Path, places: NDArray[np.int64], open_source: OpenSource
) -> EmbeddedSet:
    return open_embedded(folder, open_source).subset(places.tolist())


def open_embedded(folder: Path, open_source: OpenSource) -> EmbeddedSet:
    """The set of an archive; `core.specs.open_shards` opens it with whatever its images are in.

    Raises:
        ExplorerError: as `Archive`; or the table of the studies is gone or damaged.
    """
    archive = Archive(folder)
    path = folder / STUDIES
    try:
        table = pd.read_parquet(path)
        table = table.iloc[archive.rows].reset_index(drop=True)
        same = table["id"].astype(str).tolist() == archive.ids
    except (OSError, ValueError, IndexError, KeyError):
        same = False
    if not same:
        raise ExplorerError(f"{path} is missing or damaged; embed again into another folder.")
    return EmbeddedSet(archive, table, np.arange(len(archive)), open_source)
