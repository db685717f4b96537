"""Path lengths of simple solids under a parallel beam: the phantom's geometry, in centimetres.

The beam runs along z. x grows to the image's right (the patient's left), y grows downwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

FIELD_CM = 37.0
"""Side of the square detector field around an average adult."""


@dataclass(frozen=True)
class Raster:
    """Pixel centres of a square detector."""

    size: int
    field_cm: float = FIELD_CM  # what the field covers of the patient

    @property
    def pixel(self) -> float:
        """Side of a pixel in cm."""
        return self.field_cm / self.size

    def axes(self) -> tuple[Field, Field]:
        """x (1, S) about the midline and y (S, 1) from the top edge."""
        line = (np.arange(self.size, dtype=np.float32) + np.float32(0.5)) * np.float32(self.pixel)
        return (line - np.float32(self.field_cm / 2))[None], line[:, None]

    def zeros(self) -> Field:
        """An empty field (S, S)."""
        return np.zeros((self.size, self.size), np.float32)


def ellipsoid(
    raster: Raster,
    centre: tuple[float, float],
    radii: tuple[float, float, float],
    angle: float = 0.0,
    power: float = 2.0,
) -> Field:
    """Chord (S, S) of a super-ellipsoid with radii across, down and along the beam.

    Args:
        angle: turn in the image plane, radians, clockwise as seen.
        power: 2 for an ellipsoid, more for a boxier outline.
    """
    x, y = raster.axes()
    dx, dy = x - centre[0], y - centre[1]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    across, down = (dx * cos + dy * sin) / radii[0], (dy * cos - dx * sin) / radii[1]
    if power == 2.0:
        inside = 1 - across**2 - down**2
    else:
        inside = 1 - np.abs(across) ** power - np.abs(down) ** power
    return (2 * radii[2] * np.sqrt(np.maximum(inside, 0))).astype(np.float32)


def tube_along_x(
    raster: Raster, x0: float, x1: float, height: Field, slope: Field, radius: float
) -> tuple[Field, Field]:
    """Distance to a tube that is a function of x, and the ends' mask.

    Args:
        x0, x1: extent in x.
        height, slope: (1, S), centre line y(x) and its derivative.
        radius: of the tube.

    Returns:
        chord (S, S) of the solid tube, and its (1, S) extent as 0..1 with soft ends.
    """
    x, y = raster.axes()
    low, high = min(x0, x1), max(x0, x1)
    soft = np.clip(np.minimum(x - low, high - x) / 0.3 + 0.5, 0, 1)
    distance = (y - height) / np.sqrt(1 + slope**2)
    chord = 2 * np.sqrt(np.maximum(radius**2 - distance**2, 0)) * soft
    return chord.astype(np.float32), soft.astype(np.float32)


def tubes(raster: Raster, segments: Field, profile: str = "chord") -> Field:
    """Largest chord (S, S) of many short tubes; short ones are cheap, long ones are cut up first.

    Args:
        segments: (n, 5): x0, y0, x1, y1, radius.
        profile: "chord" of a solid cylinder, or "inside" (1 within the tube, soft at its edge).
    """
    out = raster.zeros()
    if not len(segments):
        return out
    pixel = raster.pixel
    pieces = _cut(np.asarray(segments, np.float32), 1.5)
    # Tubes of like radius share one window size, so that they are drawn as one array.
    level = np.ceil(np.log2(np.maximum(pieces[:, 4], pixel / 2) / pixel)).astype(int)
    for value in np.unique(level):
        _splat(raster, out, pieces[level == value], profile)
    return out


def _cut(segments: Field, longest: float) -> Field:
    length = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    parts = np.maximum(np.ceil(length / longest), 1).astype(int)
    which = np.repeat(np.arange(len(segments)), parts)
    order = np.arange(len(which)) - np.repeat(np.cumsum(parts) - parts, parts)
    start, step = segments[which, :2], (segments[which, 2:4] - segments[which, :2])
    share = (order / parts[which])[:, None].astype(np.float32)
    next_share = ((order + 1) / parts[which])[:, None].astype(np.float32)
    ends = [start + step * share, start + step * next_share, segments[which, 4:5]]
    return np.concatenate(ends, axis=1)


def _splat(raster: Raster, out: Field, pieces: Field, profile: str) -> None:
    pixel, size = raster.pixel, raster.size
    middle = (pieces[:, :2] + pieces[:, 2:4]) / 2
    length = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    half = int(np.ceil((length.max() / 2 + pieces[:, 4].max()) / pixel)) + 1
    offset = np.arange(-half, half + 1)
    column = np.floor((middle[:, 0] + raster.field_cm / 2) / pixel).astype(int)[:, None] + offset
    row = np.floor(middle[:, 1] / pixel).astype(int)[:, None] + offset
    x = ((column + 0.5) * pixel - raster.field_cm / 2)[:, None, :]  # (n, 1, w)
    y = ((row + 0.5) * pixel)[:, :, None]  # (n, w, 1)
    ax, ay = pieces[:, 0, None, None], pieces[:, 1, None, None]
    bx, by = pieces[:, 2, None, None] - ax, pieces[:, 3, None, None] - ay
    share = ((x - ax) * bx + (y - ay) * by) / np.maximum(bx**2 + by**2, 1e-6)
    share = np.clip(share, 0, 1)
    squared = (x - ax - share * bx) ** 2 + (y - ay - share * by) ** 2
    radius = pieces[:, 4, None, None]
    if profile == "chord":
        # A tube thinner than a pixel keeps its mean path instead of vanishing between centres.
        wide = np.maximum(radius, 0.6 * pixel)
        value = 2 * np.sqrt(np.maximum(wide**2 - squared, 0)) * (radius / wide) ** 2
    else:
        value = np.clip((radius - np.sqrt(squared)) / pixel + 0.5, 0, 1)
    flat = (np.clip(row, 0, size - 1) * size)[:, :, None] + np.clip(column, 0, size - 1)[:, None, :]
    outside = ((row < 0) | (row >= size))[:, :, None] | ((column < 0) | (column >= size))[:, None]
    value = np.where(outside, 0, value).astype(np.float32)
    np.maximum.at(out.reshape(-1), flat.reshape(-1), value.reshape(-1))
