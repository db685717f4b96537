"""Masks from files: what is not zero, in any mode and of any size."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.films.limits import MAX_PIXELS

Mask = NDArray[np.bool_]

_LOSSY_SHARE = 0.3  # of the largest value: what a JPEG's edges ring to stays below
_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


def read_mask(path: Path) -> Mask | None:
    """A mask (H, W) in its own size; None where the file is no picture or damaged.

    0 and 1, 0 and 255, greys, 16 bits, palettes, colours and transparency all count by what is not
    zero; in a JPEG, which blurs, by what is well above it.
    """
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return None
            lossy = picture.format == "JPEG"
            upright = ImageOps.exif_transpose(picture) if lossy else picture
            return _marked(upright, lossy)
    except _ERRORS:
        return None


def mask_size(path: Path) -> tuple[int, int] | None:
    """Height and width of a mask by its header alone; None where it is no picture."""
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            width, height = picture.size
            turned = picture.format == "JPEG" and picture.getexif().get(0x0112, 1) > 4
            return (width, height) if turned else (height, width)
    except _ERRORS:
        return None


def fit_mask(mask: Mask, shape: tuple[int, int]) -> Mask:
    """A mask in another size: pixels that are half marked or more, or any if none would be left."""
    if mask.shape == shape:
        return mask
    size = (shape[1], shape[0])
    shares = np.asarray(
        Image.fromarray(mask.astype(np.float32)).resize(size, Image.Resampling.BOX)
    )
    fitted = shares >= 0.5
    return fitted if fitted.any() or not mask.any() else np.asarray(shares > 0)


def _marked(picture: Image.Image, lossy: bool) -> Mask:
    if picture.mode in ("P", "PA"):
        return _of_palette(picture)
    clear = "transparency" in picture.info and picture.mode in ("1", "L", "RGB")
    if picture.mode in ("RGBA", "LA") or clear:
        return _of_layers(np.asarray(picture.convert("RGBA")))
    values = np.asarray(picture)
    if values.ndim == 3:
        values = values.max(axis=2)
    if lossy:
        return np.asarray(values > _LOSSY_SHARE * max(int(values.max(initial=0)), 1))
    return np.asarray(values != 0)


def _of_layers(layers: NDArray[np.uint8]) -> Mask:
    """Of colours (H, W, 3) and their opacity: where both are; either alone if the other is one."""
    seen, opaque = layers[..., :3].any(axis=2), layers[..., 3] > 0
    if not opaque.any():
        return np.asarray(seen)
    if not seen.any() and not opaque.all():
        return np.asarray(opaque)  # drawn in black on nothing
    return np.asarray(seen & opaque)


def _of_palette(picture: Image.Image) -> Mask:
    """By colour where the background is black, else by index, of which 0 is the background."""
    layers = np.asarray(picture.convert("RGBA"))
    black = ~layers[..., :3].any(axis=2) | (layers[..., 3] == 0)
    if black.any() and not black.all():
        return np.asarray(~black)
    return np.asarray(np.asarray(picture.getchannel(0)) != 0)
