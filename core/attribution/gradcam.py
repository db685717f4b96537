"""Grad-CAM and its family (`core.attribution.cam`) at any layer of the image tower."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attribution.cam import VARIANTS
from core.attribution.layer import layer_gradient
from core.attribution.target import Target
from core.inference.map_choice import Layer
from core.lrclr.model import LRCLR

_AT_ONCE = 16  # images whose graph is kept


def gradcam(
    model: LRCLR, inputs: Tensor, target: Target, seed: int = 0, variant: str = "gradcam",
    layer: Layer | None = None,
) -> NDArray[np.float32]:  # fmt: skip
    """Maps (B, h, w) of what speaks for the score; one pass and one backward pass an image.

    The grid is the model's own; CLS is left out. Patches that the selection dropped took no part.

    Args:
        variant: of `VARIANTS`.
        layer: by default what enters the last block.

    Raises:
        ExplorerError: the gradient is zero, so that a map would be flat and say nothing.
    """
    maps = []
    for part in inputs.split(_AT_ONCE):
        read = layer_gradient(model, part, target, layer)
        maps.append(VARIANTS[variant].maps(read.activations, read.gradients))
    return torch.cat(maps).cpu().numpy().astype(np.float32)
