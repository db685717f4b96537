"""Colours as grey, a strip of rows at a time: the parts between take many times the picture."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_STRIP = 4_000_000  # pixels


def grey_of_colours(
    colours: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Luminance (ITU-R 601) of (H, W, 3) as (H, W) in 0..255, and a word where they are no grey."""
    grey, spread = np.empty(colours.shape[:2], np.float32), 0.0
    for rows in _strips(*colours.shape[:2]):
        grey[rows], strays = _luminance(colours[rows])
        spread += strays
    return grey, _notes(spread, grey.size)


def grey_of_picture(picture: Image.Image) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The same of a decoded picture of any mode of 8 bits; transparency lies on black."""
    grey, spread = np.empty((picture.height, picture.width), np.float32), 0.0
    for rows in _strips(*grey.shape):
        strip = picture.crop((0, rows.start, picture.width, rows.stop))
        if strip.mode in ("RGBA", "LA", "PA") or "transparency" in strip.info:
            black = Image.new("RGBA", strip.size, (0, 0, 0, 255))
            strip = Image.alpha_composite(black, strip.convert("RGBA"))
        grey[rows], strays = _luminance(np.asarray(strip.convert("RGB")))
        spread += strays
    return grey, _notes(spread, grey.size)


def _strips(height: int, width: int) -> Iterator[slice]:
    rows = max(_STRIP // max(width, 1), 1)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def _luminance(colours: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """Grey of a strip, and the sum over its pixels of how far their colours lie apart."""
    grey = np.asarray(Image.fromarray(colours).convert("L"))
    return grey, float(np.ptp(colours, axis=2).sum(dtype=np.int64))


def _notes(spread: float, pixels: int) -> tuple[str, ...]:
    coloured = spread > 12 * pixels
    return ("The image is in colour, unlike a radiograph.",) if coloured else ()
