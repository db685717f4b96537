"""The ceiling of a grid: the best that any set of its cells could score, measure by measure."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import center_of_mass, distance_transform_edt

from core.metrics.localisation import MEASURES, TOLERANCE
from core.preprocessing import Preprocess

Mask = NDArray[np.bool_]


def cells_of(
    preprocess: Preprocess, grid: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Which cell of the model's grid each pixel of an image (H, W) lies in, row by row."""
    numbers = np.arange(grid[0] * grid[1], dtype=np.float32).reshape(grid)
    found = preprocess.map_to_image(numbers, shape, mode="nearest")
    return np.rint(found).astype(np.int64)


def oracle_values(mask: Mask, cells: NDArray[np.int64]) -> dict[str, float]:
    """The best values of each measure for a mask (H, W) on cells (H, W).

    Each measure has its own best set: one cell for the pointing game and the energy, the cells
    covered most for CNR and IoU. NaN where the mask is empty or full, as the measures themselves.

    >>> mask = np.array([[True, False, False, False]])
    >>> oracle_values(mask, np.array([[0, 0, 1, 1]]))["iou"]
    0.5
    """
    if not mask.any() or mask.all():
        return dict.fromkeys(MEASURES, float("nan"))
    names, flat = np.unique(cells, return_inverse=True)
    size = np.bincount(flat.reshape(-1))
    covered = np.bincount(flat.reshape(-1), mask.reshape(-1), minlength=len(size))
    order = np.argsort(-covered / size, kind="stable")
    inside, area = np.cumsum(covered[order]), np.cumsum(size[order])
    centres = np.rint(center_of_mass(np.ones(mask.shape), cells, names)).astype(int)
    near = distance_transform_edt(~mask)[centres[:, 0], centres[:, 1]]
    best = float((inside / (area + mask.sum() - inside)).max())
    return {
        "pointing_game": float((near <= TOLERANCE * max(mask.shape)).any()),
        "energy": float((covered / size).max()),
        "cnr": _cnr(inside / mask.sum(), (area - inside) / (~mask).sum()),
        "iou": best,
        "dice": 2 * best / (1 + best),
    }


def _cnr(share_in: NDArray[np.float64], share_out: NDArray[np.float64]) -> float:
    """Best CNR of maps of 0 and 1 by the shares of ones; NaN where only a perfect map is left."""
    spread = np.sqrt(share_in * (1 - share_in) + share_out * (1 - share_out))
    known = spread > 0
    if not known.any():
        return float("nan")
    return float(((share_in - share_out)[known] / spread[known]).max())
