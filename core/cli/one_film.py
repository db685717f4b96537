"""What commands of one film share: a study of a set, or a file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ExplorerError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.inference.predictor import Predictor
    from core.lrclr.encodings import ImageEncoding
    from core.studies import StudySet


@dataclass(frozen=True)
class OneFilm:
    """A film and what is known of it."""

    encoding: "ImageEncoding"
    shape: Callable[[], tuple[int, int]]  # rows and columns; embeddings outlive their images
    row: int | None = None  # in its set
    labels: dict[str, int] = field(default_factory=dict)


def check_one(study: str | None, image: Path | None) -> None:
    """Refuse none of the two, and both.

    Raises:
        ExplorerError: it is so.
    """
    if (study is None) == (image is None):
        raise ExplorerError("Give one of --study and --image.")


def one_film(
    predictor: "Predictor", studies: "StudySet", study: str | None, image: Path | None
) -> OneFilm:
    """The study of a set by its id, or the film of a file.

    Raises:
        ExplorerError: there is no such study, or the film cannot be read.
    """
    from core.films.read import read_image

    if image is not None:
        pixels = read_image(image).pixels
        return OneFilm(predictor.encode_image(pixels), lambda: _shape(pixels))
    row = studies.position(str(study))
    encoding, labels = predictor.encode_row(studies, row), studies.study(row).labels
    return OneFilm(encoding, lambda: _shape(studies.image(row)), row, labels)


def _shape(pixels: "NDArray[np.float32]") -> tuple[int, int]:
    return pixels.shape[0], pixels.shape[1]
