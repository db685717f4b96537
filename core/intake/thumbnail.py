"""A small picture of a file that is to be imported, to know it by."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import ExplorerError
from core.films.read import read_image

SIDE = 96


def thumbnail(path: Path, side: int = SIDE) -> NDArray[np.uint8] | None:
    """The film (h, w) uint8, its longer side `side` pixels; None where it cannot be read."""
    try:
        pixels = read_image(path).pixels
    except (ExplorerError, OSError):
        return None
    picture = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    picture.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(picture)
