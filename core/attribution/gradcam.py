"""Grad-CAM on the patch tokens entering the last block, by captum (Selvaraju et al., ICCV 2017)."""

import numpy as np
import torch
from captum.attr import LayerGradCam
from numpy.typing import NDArray
from torch import Tensor

from core.attribution.score import TextScore
from core.errors import ExplorerError
from core.lrclr.encodings import TextEncoding
from core.lrclr.model import LRCLR


def gradcam(
    model: LRCLR, pixels: Tensor, texts: TextEncoding, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w), the positive part of the channels weighted by their mean gradient.

    The grid is the model's own; CLS is left out. Patches that the selection dropped took no part.

    Raises:
        ExplorerError: the gradient is zero, so that a map would be flat and say nothing.
    """
    explainer = LayerGradCam(TextScore(model, texts), model.patch_map)
    with torch.enable_grad():
        signed = explainer.attribute(pixels.detach().clone().requires_grad_())  # (B, 1, h, w)
    if not signed.abs().sum() > 0:
        raise ExplorerError(
            "Grad-CAM found no gradient: this model's score does not use the patch tokens."
        )
    return signed[:, 0].clamp(min=0).detach().cpu().numpy().astype(np.float32)
