"""What LRCLR itself says: the weights of its selected regions, and the cosine of every patch."""

import numpy as np
import torch
from numpy.typing import NDArray

from core.attribution.target import Target
from core.inference.regions import weight_map
from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR


def region_weights(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w) of the region weights, mean over the texts; patches not selected are zero."""
    return weight_map(model, images, target.texts)


@torch.no_grad()
def similarity(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w) of the cosine of each patch with the texts, mean over the texts."""
    cosine = model.similarity(images, target.texts).mean(dim=1)
    return cosine.view(-1, *images.grid).cpu().numpy().astype(np.float32)
