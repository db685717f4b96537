"""What an archive's own prompts say of its films, beside its shards.

A model that reads regions with each text takes milliseconds a film for all default prompts, which
nobody who opens a page of 20,000 films should wait for: `embed` reads them once. The files can be
deleted; scores are then read when they are asked for.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.archive.archive import Archive
from core.archive.read_texts import read_texts
from core.errors import ExplorerError
from core.files import write_whole
from core.inference.predictor import Predictor

Columns = NDArray[np.float32]


def texts_path(folder: Path, shard: int) -> Path:
    """Where a shard's are: (P, M + 2, n) float32, P texts in the order of `Archive.prompts`."""
    return folder / f"texts-{shard:05d}.npy"


class OwnTexts:
    """What is kept of an archive's own prompts."""

    def __init__(self, archive: Archive) -> None:
        """Nothing read yet."""
        self._archive = archive
        self._rows: dict[str, int] | None = None

    def columns(self, texts: Sequence[str]) -> dict[str, Columns]:
        """Cosines, local score and match logit of texts with every study, (M + 2, n) each.

        Those that are none of the prompts are left out; where a shard has no file of them, or a
        damaged one, all are. Each file is opened once, whatever the number of texts.
        """
        archive = self._archive
        if not texts or not texts_path(archive.folder, archive.shards[0]).is_file():
            return {}
        if self._rows is None:
            try:
                self._rows = {text: row for row, text in enumerate(archive.prompts())}
            except ExplorerError:
                return {}
        own = {text: self._rows[text] for text in texts if text in self._rows}
        whole = {text: np.empty((archive.description.members + 2, len(archive)), np.float32)
                 for text in own}  # fmt: skip
        for place, shard in enumerate(archive.shards if own else ()):
            told = _open(archive, place, shard, len(self._rows))
            if told is None:
                return {}
            studies = slice(int(archive.starts[place]), int(archive.starts[place + 1]))
            for text, row in own.items():
                whole[text][:, studies] = told[row]
        return whole


def missing_texts(archive: Archive) -> list[int]:
    """Places among `archive.shards` of those without a sound file of what the prompts say."""
    count = len(archive.prompts())
    return [place for place, shard in enumerate(archive.shards)
            if _open(archive, place, shard, count) is None]  # fmt: skip


def write_texts(
    predictor: Predictor, archive: Archive, places: list[int],
    progress: Callable[[int], None] = lambda studies: None,
) -> None:  # fmt: skip
    """Read the archive's prompts in the films of some shards, and write what they say.

    Args:
        places: of the shards among `archive.shards`.
        progress: called with how many studies are done.
    """
    texts, done = predictor.encode_texts(list(archive.prompts())), 0
    for place in places:
        studies = range(int(archive.starts[place]), int(archive.starts[place + 1]))
        told = read_texts(archive, predictor.model, texts, studies, partial(_from, progress, done))
        columns = np.ascontiguousarray(told.transpose(0, 1).numpy())
        write_whole(texts_path(archive.folder, archive.shards[place]), partial(_save, columns))
        done += len(studies)


def _open(archive: Archive, place: int, shard: int, count: int) -> Columns | None:
    """A shard's file, mapped; None where it is missing, damaged or of other texts or studies."""
    studies = int(archive.starts[place + 1] - archive.starts[place])
    try:
        whole: Columns = np.load(texts_path(archive.folder, shard), mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    shape = (count, archive.description.members + 2, studies)
    return whole if whole.shape == shape and whole.dtype == np.float32 else None


def _from(progress: Callable[[int], None], before: int, done: int, _total: int) -> None:
    progress(before + done)


def _save(array: Columns, path: Path) -> None:
    with path.open("wb") as file:  # by name np.save would add a suffix
        np.save(file, array, allow_pickle=False)
