"""Does a saliency map point at the finding? Measures on a map (H, W) and a bool mask (H, W).

A constant map says nothing: it never hits and its CNR is 0. Where the mask is empty or full the
question has no answer and the value is NaN.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

Map = NDArray[np.floating]
Mask = NDArray[np.bool_]

TOLERANCE = 0.03
"""Of the image's longer side (TorchRay's 15 px on images of about 500, Fong et al., ICCV 2019)."""


def _answerable(saliency: Map, mask: Mask) -> bool:
    if saliency.shape != mask.shape:
        raise ValueError(f"map {saliency.shape} and mask {mask.shape} differ in size")
    if not np.isfinite(saliency).all():
        raise ValueError("the map holds values that are not finite")
    return bool(mask.any() and not mask.all())


def pointing_game(saliency: Map, mask: Mask, tolerance: float = TOLERANCE) -> float:
    """1 where the map's maximum lies within the tolerance of the mask, else 0 (Zhang et al., 2018).

    Of several equal maxima the share that hit counts.

    >>> pointing_game(np.array([[0.0, 1.0]]), np.array([[True, False]]), tolerance=0.0)
    0.0
    """
    if not _answerable(saliency, mask):
        return float("nan")
    if saliency.max() == saliency.min():
        return 0.0
    rows, columns = np.nonzero(saliency == saliency.max())
    limit = tolerance * max(mask.shape)
    if len(rows) == 1:  # one maximum: the distance of its own surroundings is enough
        reach = int(np.ceil(limit))
        row, column = int(rows[0]), int(columns[0])
        top, left = max(row - reach, 0), max(column - reach, 0)
        near = mask[top : row + reach + 1, left : column + reach + 1]
        y, x = np.nonzero(near)
        return float((np.hypot(y + top - row, x + left - column) <= limit).any())
    distance = distance_transform_edt(~mask)
    return float((distance[rows, columns] <= limit).mean())


def energy(saliency: Map, mask: Mask) -> float:
    """Share of the map's positive mass inside the mask (energy pointing game, Score-CAM).

    >>> energy(np.array([[3.0, 1.0]]), np.array([[True, False]]))
    0.75
    """
    if not _answerable(saliency, mask):
        return float("nan")
    mass = np.maximum(saliency, 0).astype(np.float64)
    total = mass.sum()
    return float(mass[mask].sum() / total) if total > 0 else 0.0


def cnr(saliency: Map, mask: Mask) -> float:
    """Signed contrast-to-noise ratio, (mean_in - mean_out) / sqrt(var_in + var_out) (BioViL).

    >>> cnr(np.array([[3.0, 1.0, 1.0, 3.0]]), np.array([[True, True, False, False]]))
    0.0
    """
    if not _answerable(saliency, mask):
        return float("nan")
    inside, outside = saliency[mask].astype(np.float64), saliency[~mask].astype(np.float64)
    spread = float(np.sqrt(inside.var() + outside.var()))
    return float((inside.mean() - outside.mean()) / spread) if spread > 0 else 0.0


def otsu_threshold(saliency: Map, bins: int = 256) -> float:
    """Threshold of the largest between-class variance (Otsu, 1979)."""
    counts, edges = np.histogram(saliency, bins)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = sums / below - (sums[-1] - sums) / above
    variance = np.nan_to_num(below * above * gap**2)
    return float(edges[int(variance.argmax()) + 1])


def iou(saliency: Map, mask: Mask) -> float:
    """Intersection over union of the mask with the map above its own Otsu threshold.

    >>> iou(np.array([[1.0, 1.0, 0.0, 0.0]]), np.array([[True, False, False, False]]))
    0.5
    """
    if not _answerable(saliency, mask):
        return float("nan")
    if saliency.max() == saliency.min():
        return 0.0
    chosen = saliency >= otsu_threshold(saliency)
    return float((chosen & mask).sum() / (chosen | mask).sum())


def dice(saliency: Map, mask: Mask) -> float:
    """Dice coefficient, 2 IoU / (1 + IoU), of the same two as `iou`.

    >>> dice(np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([[True, False, False, False]]))
    1.0
    """
    shared = iou(saliency, mask)
    return 2 * shared / (1 + shared)


def box_iou(saliency: Map, mask: Mask) -> float:
    """Intersection over union of two boxes: around the map above its Otsu threshold, and the mask.

    >>> box_iou(np.array([[1.0, 1.0, 0.0, 0.0]]), np.array([[True, False, False, False]]))
    0.5
    """
    if not _answerable(saliency, mask):
        return float("nan")
    if saliency.max() == saliency.min():
        return 0.0
    one, two = _box(saliency >= otsu_threshold(saliency)), _box(mask)
    sides = np.minimum(one[2:], two[2:]) - np.maximum(one[:2], two[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    areas = sum(float(np.prod(box[2:] - box[:2])) for box in (one, two))
    return shared / (areas - shared)


def _box(mask: Mask) -> NDArray[np.int64]:
    """Top, left, bottom, right; the last two are outside."""
    rows, columns = np.nonzero(mask)
    return np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1])


MEASURES = {
    "pointing_game": pointing_game, "energy": energy, "cnr": cnr, "iou": iou, "dice": dice,
}  # fmt: skip
"""By the name the command's JSON uses."""

TITLES = {
    "pointing_game": "Pointing game", "energy": "Energy", "cnr": "CNR", "iou": "IoU",
    "dice": "Dice",
}  # fmt: skip
"""As tables say them."""
