"""Occlusion: hide a window, see what the score loses, by captum (Zeiler & Fergus, ECCV 2014)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from core.attribution.target import Target
from core.lrclr.model import LRCLR


@torch.no_grad()
def occlusion(model: LRCLR, pixels: Tensor, target: Target, seed: int = 0) -> NDArray[np.float32]:
    """Maps (B, h, w): the score lost when a window of two patches a side turns grey, if any."""
    from captum.attr import Occlusion  # imports matplotlib: only where somebody asks for it

    channels, size = pixels.shape[1], pixels.shape[-1]
    height, width = model.backbone.grid
    step = (size // height, size // width)
    window = (channels, 2 * step[0], 2 * step[1])
    explainer = Occlusion(lambda given: target(model, model.encode_image(given)))
    found = explainer.attribute(
        pixels, sliding_window_shapes=window, strides=(channels, *step),
        baselines=pixels.mean(dim=(1, 2, 3), keepdim=True).expand_as(pixels),
        perturbations_per_eval=16,
    )  # fmt: skip
    lost = F.adaptive_avg_pool2d(found.sum(dim=1, keepdim=True), (height, width))[:, 0]
    return lost.clamp(min=0).cpu().numpy().astype(np.float32)
