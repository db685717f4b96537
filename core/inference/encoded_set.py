"""What a study set offers that has encodings of its images already, as an archive does.

Whoever encodes or scores a set asks `encodings_of` first; where encodings lie, and how scores are
read from them, is known only to the room that keeps them.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.inference.prompts import PromptSet
from core.progress import Progress
from core.studies.study import StudySet

if TYPE_CHECKING:  # torch, which whoever asks whether a set has encodings may do without
    from core.inference.zero_shot import Scores
    from core.lrclr.encodings import ImageEncoding, TextEncoding
    from core.lrclr.model import LRCLR


class EncodedSet(StudySet):
    """A study set with encodings by one model."""

    @property
    @abstractmethod
    def model(self) -> str:
        """Spec of the model that made the encodings."""

    @abstractmethod
    def check_model(self, name: str, model_hash: str) -> None:
        """Refuse a model that did not make the encodings.

        Args:
            name: what to call the refused model.

        Raises:
            ExplorerError: naming the model that did.
        """

    @abstractmethod
    def encoding(self, rows: NDArray[np.int64]) -> "ImageEncoding":
        """Encodings of some rows, a batch of as many."""

    @abstractmethod
    def image_features(self) -> NDArray[np.float32]:
        """Global features (N, d) of all rows."""

    @abstractmethod
    def whole_encoding(self) -> "ImageEncoding":
        """Encodings of all rows, in memory.

        Raises:
            ExplorerError: they would take too much of it.
        """

    @abstractmethod
    def scores(
        self, model: "LRCLR", texts: "TextEncoding", prompts: PromptSet,
        progress: Progress | None = None,
    ) -> "Scores":  # fmt: skip
        """Scores as `zero_shot` gives them, (B, F) each, without all encodings in memory.

        Args:
            model: the one that made the encodings.
            texts: the encoding of `prompts.all_texts()`.
            progress: called with (done, total) studies.
        """

    @abstractmethod
    def scores_alone(self, prompts: PromptSet, progress: Progress | None = None) -> "Scores | None":
        """`scores` without the model; None where they need it."""


def encodings_of(studies: StudySet) -> EncodedSet | None:
    """The set itself where it has encodings; None where its images must be read."""
    return studies if isinstance(studies, EncodedSet) else None
