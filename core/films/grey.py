"""Colours as grey."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def grey_of_colours(
    colours: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Luminance (ITU-R 601) of (H, W, 3) as (H, W) in 0..255, and a word where they are no grey."""
    spread = np.ptp(colours, axis=2)
    notes = ("The image is in colour, unlike a radiograph.",) if spread.mean() > 12 else ()
    return np.asarray(Image.fromarray(colours).convert("L"), dtype=np.float32), notes
