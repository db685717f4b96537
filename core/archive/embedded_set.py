"""An archive of embeddings as a study set: texts and labels at once, images only if looked at."""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from os.path import isdir
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.archive.layout import (
    DESCRIPTION,
    PROMPTS,
    STUDIES,
    finished,
    read_description,
    shard_path,
)
from core.archive.shard import Head, Patches, Problem, read_head
from core.errors import ExplorerError
from core.films.film import Film
from core.lrclr.encodings import ImageEncoding
from core.preprocessing import Preprocess
from core.studies.study import Box, Mask, StudySet

if TYPE_CHECKING:
    from core.archive.rescore import TextColumns

PREFIX = "shards:"
_WHOLE = 4 * 2**30  # bytes of encodings that may be taken into memory at once


class Archive:
    """The shards of a folder that are finished, as they are when it is opened.

    Attributes:
        rows: (n,) of the source set, of the studies that have an embedding, in order.
        image_features: (n, d) float32.
        problems: studies without an embedding.
    """

    def __init__(self, folder: Path) -> None:
        """Read all but the patches.

        Raises:
            ExplorerError: no archive, none of its shards is finished, or a file is damaged.
        """
        description = read_description(folder) if isdir(folder) else None
        if description is None:
            raise ExplorerError(
                f"{folder} holds no embeddings ({DESCRIPTION} is missing); make them with "
                "`python -m core embed`."
            )
        self.folder, self.description = folder, description
        self.shards = finished(folder, description)
        heads = [read_head(shard_path(folder, n), description.width) for n in self.shards]
        if not sum(len(head.rows) for head in heads):
            raise ExplorerError(f"{folder} has no finished shard with an image; run `embed` again.")
        self.rows = np.concatenate([head.rows for head in heads])
        self.ids = [name for head in heads for name in head.ids]
        self.image_features = _joined(heads)
        self.problems: tuple[Problem, ...] = tuple(p for head in heads for p in head.problems)
        self._starts = np.concatenate([[0], np.cumsum([len(head.rows) for head in heads])])

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def preprocess(self) -> Preprocess:
        """What the images passed through."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.description.preprocess.items()
        }
        return Preprocess(**values)

    @cached_property
    def columns(self) -> "TextColumns":
        """What texts say of the studies, remembered."""
        from core.archive.rescore import TextColumns

        return TextColumns(self)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the embeddings, and as shards are finished."""
        made = self.description
        digest = sha256(f"{made.model_hash}|{made.fingerprint}|{made.precision}".encode())
        digest.update(f"{made.patches}|{self.rows.tobytes()!r}".encode())
        return f"{PREFIX}{digest.hexdigest()[:24]}"

    def patches(self, places: NDArray[np.int64]) -> tuple[Tensor, Tensor | None]:
        """Patch features (m, K, d) float16 of some studies, and their cells (m, K) or None.

        Args:
            places: (m,), of the n studies of this archive, in any order.

        Raises:
            ExplorerError: a shard is damaged or gone.
        """
        shard_of = np.searchsorted(self._starts, places, side="right") - 1
        found: list[tuple[NDArray[np.int64], Tensor, Tensor | None]] = []
        for number in np.unique(shard_of):
            chosen = np.flatnonzero(shard_of == number)
            path = shard_path(self.folder, self.shards[int(number)])
            file = Patches(path, self.description.width)
            try:
                read = file.read(places[chosen] - self._starts[number])
            finally:
                file.close()
            found.append((chosen, *read))
        back = torch.from_numpy(np.argsort(np.concatenate([chosen for chosen, _, _ in found])))
        cells = [each for _, _, each in found if each is not None]
        patches = torch.cat([each for _, each, _ in found])[back]
        return patches, torch.cat(cells)[back] if cells else None

    def prompts(self) -> dict[str, NDArray[np.float32]]:
        """Embeddings (d,) of the default prompts, by text.

        Raises:
            ExplorerError: their file is gone or damaged.
        """
        path = self.folder / PROMPTS
        try:
            table = pd.read_parquet(path)
            found = np.stack(table["features"].to_list()).astype(np.float32)
            return dict(zip(table["text"].astype(str), found, strict=True))
        except (OSError, ValueError, KeyError):
            raise ExplorerError(
                f"{path} is missing or damaged; embed again into another folder."
            ) from None

    def encoding(self, places: NDArray[np.int64]) -> ImageEncoding:
        """Encodings of some studies, as the model gave them; patches not kept are zero.

        Where only some patches were kept, these are `selected`, so that whatever selects regions
        selects among them.
        """
        patches, cells = self.patches(places)
        grid = self.description.grid
        count = grid[0] * grid[1]
        patches = patches.float()
        if patches.shape[1] < count:
            assert cells is not None
            index = cells[..., None].expand(-1, -1, patches.shape[-1])
            whole = patches.new_zeros(len(patches), count, patches.shape[-1])
            patches = whole.scatter(1, index, patches)
        return ImageEncoding(self.image_features[torch.from_numpy(places)], patches, cells, grid)


class EmbeddedSet(StudySet):
    """Studies of an archive; `places` are theirs among the archive's."""

    def __init__(self, archive: Archive, table: pd.DataFrame, places: NDArray[np.int64]) -> None:
        self.archive, self.places = archive, places
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
                from core.specs import open_studies

                try:
                    self._opened = open_studies(made.data)
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

    def image(self, row: int) -> NDArray[np.float32]:
        """See `StudySet.image`; from the set that was embedded."""
        return self.source.image(self._row(row))

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
        return EmbeddedSet(self.archive, table, self.places[list(rows)])

    def encoding(self, rows: NDArray[np.int64]) -> ImageEncoding:
        """Encodings of some rows; see `Archive.encoding`."""
        return self.archive.encoding(self.places[rows])

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

    def __reduce__(self) -> tuple[object, ...]:
        # Another process opens the folder, rather than be sent what is in it.
        return _reopened, (self.archive.folder, self.places)


def _reopened(folder: Path, places: NDArray[np.int64]) -> EmbeddedSet:
    return open_embedded(folder).subset(places.tolist())


def open_embedded(folder: Path) -> EmbeddedSet:
    """The set of an archive.

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
    return EmbeddedSet(archive, table, np.arange(len(archive)))


def _joined(heads: list[Head]) -> Tensor:
    return torch.from_numpy(np.concatenate([head.image_features for head in heads])).float()
