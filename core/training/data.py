"""Training data in memory: what the trained layers take, and which sentence is true of which image.

Notable: where the first layers of a tower are frozen and images are not augmented, their output is
kept instead of pixels, so that a step costs only what trains.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.backbones.base import Backbone
from core.errors import ExplorerError
from core.paths import cache_dir
from core.preprocessing import Preprocess
from core.studies import StudySet, images_in_parallel
from core.weights import weights_hash

Progress = Callable[[int, int], None]


def normalise_sentence(sentence: str) -> str:
    """Lower case, single spaces, no final full stop: equal results count as the same statement."""
    return " ".join(sentence.lower().split()).rstrip(". ")


class SentenceIndex:
    """Distinct sentences of M reports, and the reports each is in.

    A sentence that two reports share is a positive of both images, so that reports that say the
    same thing are not negatives of each other. Rare sentences are drawn more often: most of a
    report says what is not there, in words that thousands of reports share.
    """

    def __init__(self, reports: list[list[str]]) -> None:
        numbers: dict[str, int] = {}
        self.rows: list[list[int]] = []
        for report in reports:
            said = dict.fromkeys(filter(None, map(normalise_sentence, report)))
            self.rows.append([numbers.setdefault(text, len(numbers)) for text in said])
        self.sentences = list(numbers)
        counts = torch.bincount(torch.tensor([number for row in self.rows for number in row]))
        self.weights = counts.float().clamp(min=1).rsqrt()

    def draw(
        self, images: list[int], per_report: int, generator: torch.Generator
    ) -> tuple[list[str], Tensor, Tensor]:
        """Draw up to `per_report` sentences of each image's report, by one over the root of count.

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
            size = min(per_report, len(row))
            drawn = torch.multinomial(self.weights[row], size, generator=generator).tolist()
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

    inputs: Tensor  # (M, C, h, w) float16, from `load_inputs`
    index: SentenceIndex
    fingerprint: str


def load_training_data(
    studies: StudySet, backbone: Backbone, as_pixels: bool, progress: Progress | None = None
) -> TrainingData:
    """Prepare every image that has a report, through the one preprocessing path.

    Args:
        as_pixels: as in `load_inputs`.

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
    inputs = load_inputs(studies.subset(kept), backbone, as_pixels, progress)
    return TrainingData(inputs, SentenceIndex(reports), studies.fingerprint)


def load_inputs(
    studies: StudySet,
    backbone: Backbone,
    as_pixels: bool = False,
    progress: Progress | None = None,
) -> Tensor:
    """What `backbone.image_tokens` takes, (M, C, h, w) float16, kept on disk between runs.

    Args:
        as_pixels: preprocessed pixels even where the backbone has a frozen stem.

    Raises:
        ExplorerError: an image cannot be read.
    """
    stem = None if as_pixels else backbone.stem
    parts = [studies.fingerprint, str(len(studies)), str(backbone.preprocess)]
    if stem is not None:
        parts.append(weights_hash(stem))
    key = sha256("|".join(parts).encode()).hexdigest()[:16]
    path = cache_dir() / "inputs" / f"{key}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_inputs(path, studies, _Prepare(backbone.preprocess, stem), progress)
    return torch.from_numpy(np.load(path))


class _Prepare:
    """One image to what the backbone takes, in a worker process."""

    def __init__(self, preprocess: Preprocess, stem: nn.Module | None) -> None:
        self.preprocess, self.stem = preprocess, stem

    @torch.no_grad()
    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float16]:
        pixels = self.preprocess(image)
        if self.stem is not None:
            pixels = self.stem(pixels[None])[0]
        return np.asarray(pixels.half().numpy())


def _write_inputs(
    path: Path, studies: StudySet, prepare: _Prepare, progress: Progress | None
) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    array: np.memmap[Any, Any] | None = None
    try:
        for done, made in enumerate(images_in_parallel(studies, prepare), start=1):
            if array is None:
                array = np.lib.format.open_memmap(
                    partial, mode="w+", dtype=np.float16, shape=(len(studies), *made.shape)
                )
            array[done - 1] = made
            if progress and (done % 16 == 0 or done == len(studies)):
                progress(done, len(studies))
        if array is not None:
            array.flush()
            os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
