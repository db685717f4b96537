"""Occlusion: hide a window, see what the score loses, by captum (Zeiler & Fergus, ECCV 2014)."""

from collections.abc import Callable
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from core.attribution.target import Target
from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR

Encode = Callable[[Tensor], ImageEncoding]


@torch.no_grad()
def occlusion(
    model: LRCLR, pixels: Tensor, target: Target, seed: int = 0, encode: Encode | None = None
) -> NDArray[np.float32]:
    """Maps (B, h, w): the score lost when a window of two patches a side turns grey, if any.

    Args:
        encode: by default the model's; one that `remembered` serves several targets by one pass.
    """
    encode = encode or model.encode_image
    from captum.attr import Occlusion  # imports matplotlib: only where somebody asks for it

    channels, size = pixels.shape[1], pixels.shape[-1]
    height, width = model.backbone.grid
    step = (size // height, size // width)
    window = (channels, 2 * step[0], 2 * step[1])
    explainer = Occlusion(lambda given: target(model, encode(given)))
    found = explainer.attribute(
        pixels, sliding_window_shapes=window, strides=(channels, *step),
        baselines=pixels.mean(dim=(1, 2, 3), keepdim=True).expand_as(pixels),
        perturbations_per_eval=16,
    )  # fmt: skip
    lost = F.adaptive_avg_pool2d(found.sum(dim=1, keepdim=True), (height, width))[:, 0]
    return lost.clamp(min=0).cpu().numpy().astype(np.float32)


def remembered(model: LRCLR) -> Encode:
    """`encode_image` that knows pixels it has seen: windows are the same for every target.

    It keeps an encoding for each window of each image, so that it is for a few images.
    """
    kept: dict[bytes, ImageEncoding] = {}

    def encode(pixels: Tensor) -> ImageEncoding:
        key = sha256(pixels.contiguous().cpu().numpy().data).digest()
        if key not in kept:
            kept[key] = model.encode_image(pixels)
        return kept[key]

    return encode
