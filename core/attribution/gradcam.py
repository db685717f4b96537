"""Grad-CAM on the patch tokens that enter the last block (Selvaraju et al., ICCV 2017)."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.attribution.layer import layer_gradient
from core.attribution.target import Target
from core.lrclr.model import LRCLR


def gradcam(model: LRCLR, inputs: Tensor, target: Target, seed: int = 0) -> NDArray[np.float32]:
    """Maps (B, h, w), the positive part of the channels weighted by their mean gradient.

    The grid is the model's own; CLS is left out. Patches that the selection dropped took no part.

    Raises:
        ExplorerError: the gradient is zero, so that a map would be flat and say nothing.
    """
    layer = layer_gradient(model, inputs, target)
    weights = layer.gradients.mean(dim=(2, 3), keepdim=True)  # (B, D, 1, 1)
    signed = (weights * layer.activations).sum(dim=1)
    return signed.clamp(min=0).cpu().numpy().astype(np.float32)
