"""A map over a radiograph as a picture to keep: colours, boxes, a line that says what it is."""

from collections.abc import Iterable
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.preprocessing import Rectangle

NOTICE = "Research and teaching only, not for clinical use"
_DRAWN = "turquoise"
_SIDE = 768  # longer side of the picture, unless the image is larger
# Inferno at nine places, of equal steps in lightness: readable in grey and for the colour-blind.
_INFERNO = np.array([
    (0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85),
    (227, 89, 51), (249, 140, 10), (249, 201, 50), (252, 255, 164),
], dtype=np.float32)  # fmt: skip


def colour(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Values in 0..1, any shape, as RGB in 0..255."""
    places = np.linspace(0, 1, len(_INFERNO))
    channels = [np.interp(values, places, _INFERNO[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def overlay(
    image: NDArray[np.floating],
    saliency: NDArray[np.floating],
    title: str,
    boxes: list[Rectangle] | None = None,
    opacity: float = 0.6,
    drawn: Iterable[Rectangle] = (),
) -> Image.Image:
    """Paint a map over an image; a stronger value hides more of it.

    Args:
        image: (H, W) in 0..255.
        saliency: (H, W), any range; a constant map is not painted.
        boxes: (x, y, w, h) in pixels of the image.
        opacity: of the map's maximum, 0..1.
        drawn: boxes that people drew, in another colour.
    """
    low, high = float(saliency.min()), float(saliency.max())
    unit = (saliency - low) / (high - low) if high > low else np.zeros_like(saliency)
    cover = (opacity * unit)[..., None]
    mixed = (1 - cover) * np.clip(image, 0, 255)[..., None] + cover * colour(unit)
    picture = Image.fromarray(np.rint(mixed).astype(np.uint8))
    scale = max(_SIDE / max(picture.size), 1.0)
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for outline, some in (("white", boxes or []), (_DRAWN, drawn)):
        for x, y, w, h in some:
            corners = (x * scale, y * scale, (x + w) * scale, (y + h) * scale)
            pen.rectangle(corners, outline=outline, width=2)
    return _with_caption(picture, title)


def _with_caption(picture: Image.Image, title: str) -> Image.Image:
    """The picture with its title and the notice below it."""
    size = max(picture.width // 45, 14)
    font = ImageFont.load_default(size=size)
    lines = [*wrap(title, max(picture.width * 2 // size, 20)), NOTICE]
    step = round(size * 1.4)
    framed = Image.new("RGB", (picture.width, picture.height + step * len(lines) + size))
    framed.paste(picture, (0, 0))
    pen = ImageDraw.Draw(framed)
    for number, line in enumerate(lines):
        place = (size // 2, picture.height + size // 2 + step * number)
        pen.text(place, line, fill="white", font=font)
    return framed
