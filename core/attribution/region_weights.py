"""What LRCLR itself says: the weights of its selected regions, and the cosine of every patch."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.inference.regions import weight_map
from core.lrclr.encodings import TextEncoding
from core.lrclr.model import LRCLR


@torch.no_grad()
def region_weights(
    model: LRCLR, pixels: Tensor, texts: TextEncoding, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w) of the region weights, mean over the texts; patches not selected are zero."""
    return weight_map(model, model.encode_image(pixels), texts)


@torch.no_grad()
def similarity(
    model: LRCLR, pixels: Tensor, texts: TextEncoding, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w) of the cosine of each patch with the texts, mean over the texts."""
    images = model.encode_image(pixels)
    cosine = model.similarity(images, texts).mean(dim=1)
    return cosine.view(-1, *images.grid).cpu().numpy().astype(np.float32)
