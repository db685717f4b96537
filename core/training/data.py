"""Training data in memory: preprocessed pixels, and which sentence is true of which image."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.errors import ExplorerError
from core.paths import cache_dir
from core.preprocessing import Preprocess
from core.studies import StudySet, images_in_parallel

Progress = Callable[[int, int], None]


def normalise_sentence(sentence: str) -> str:
    """Lower case, single spaces, no final full stop: equal results count as the same statement."""
    return " ".join(sentence.lower().split()).rstrip(". ")


class SentenceIndex:
    """Distinct sentences of M reports, and the reports each is in.

    A sentence that two reports share is a positive of both images, so that reports that say the
    same thing are not negatives of each other.
    """

    def __init__(self, reports: list[list[str]]) -> None:
        numbers: dict[str, int] = {}
        self.rows: list[list[int]] = []
        for report in reports:
            said = dict.fromkeys(filter(None, map(normalise_sentence, report)))
            self.rows.append([numbers.setdefault(text, len(numbers)) for text in said])
        self.sentences = list(numbers)

    def draw(
        self, images: list[int], per_report: int, generator: torch.Generator
    ) -> tuple[list[str], Tensor, Tensor]:
        """Draw up to `per_report` sentences of each image's report.

        Args:
            images: B rows, each with at least one sentence.

        Returns:
            P distinct sentences; positive (B, P) bool, from the whole reports and not only the
            drawn sentences; and (B,) the column of one drawn sentence of each image.
        """
        columns: dict[int, int] = {}
        own = []
        for image in images:
            row = self.rows[image]
            drawn = torch.randperm(len(row), generator=generator)[:per_report].tolist()
            places = [columns.setdefault(row[number], len(columns)) for number in drawn]
            own.append(places[0])
        positive = torch.zeros(len(images), len(columns), dtype=torch.bool)
        for line, image in enumerate(images):
            for number in self.rows[image]:
                if number in columns:
                    positive[line, columns[number]] = True
        return [self.sentences[number] for number in columns], positive, torch.tensor(own)


@dataclass(frozen=True)
class TrainingData:
    """Images with at least one sentence."""

    pixels: Tensor  # (M, C, S, S) float16, preprocessed; rounding is below an 8-bit grey level
    index: SentenceIndex
    fingerprint: str


def load_training_data(
    studies: StudySet, preprocess: Preprocess, progress: Progress | None = None
) -> TrainingData:
    """Preprocess every image that has a report, through the one preprocessing path.

    Raises:
        ExplorerError: fewer than two studies have report text.
    """
    kept = [row for row, report in enumerate(studies.reports) if any(s.strip() for s in report)]
    if len(kept) < 2:
        raise ExplorerError(
            f"'{studies.spec}' has {len(kept)} studies with report text; training needs at least "
            "two. Choose a set with reports, such as phantom:train."
        )
    reports = [studies.reports[row] for row in kept]
    pixels = load_pixels(studies.subset(kept), preprocess, progress)
    return TrainingData(pixels, SentenceIndex(reports), studies.fingerprint)


def load_pixels(
    studies: StudySet, preprocess: Preprocess, progress: Progress | None = None
) -> Tensor:
    """Preprocessed images (M, C, S, S) float16, kept on disk between runs."""
    key = sha256(f"{studies.fingerprint}|{len(studies)}|{preprocess}".encode()).hexdigest()[:16]
    path = cache_dir() / "pixels" / f"{key}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_pixels(path, studies, preprocess, progress)
    return torch.from_numpy(np.load(path))


def _write_pixels(
    path: Path, studies: StudySet, preprocess: Preprocess, progress: Progress | None
) -> None:
    shape = (len(studies), preprocess.channels, preprocess.size, preprocess.size)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    array = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
    try:
        for row, image in enumerate(images_in_parallel(studies)):
            array[row] = preprocess(image).numpy()
            if progress and (row % 16 == 15 or row + 1 == len(studies)):
                progress(row + 1, len(studies))
        array.flush()
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
