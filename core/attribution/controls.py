"""Maps that know nothing of the image: what any method must beat."""

import numpy as np
from numpy.typing import NDArray

from core.attribution.target import Target
from core.lrclr import selection
from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR


def random(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Uniform noise on the grid, (B, h, w)."""
    rng = np.random.default_rng(seed)
    return rng.random((len(images), *images.grid), dtype=np.float32)


def centre(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """A bump in the middle, (B, h, w)."""
    closeness = selection.centre_scores(len(images), images.grid)[:, 0].view(-1, *images.grid)
    return np.exp(8 * closeness.numpy()).astype(np.float32)


def mean_location(masks: list[NDArray[np.bool_]]) -> NDArray[np.float32]:
    """Where a finding usually is: the mean of training masks of one size, (H, W)."""
    return np.asarray(np.mean(masks, axis=0), np.float32)
