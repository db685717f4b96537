"""Integrated gradients over the model's pixels, by captum (Sundararajan et al., ICML 2017)."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from core.attribution.target import Target
from core.lrclr.model import LRCLR

STEPS = 16
_SMOOTH = 0.02  # of the side: single pixels say nothing to a reader


def integrated_gradients(
    model: LRCLR, pixels: Tensor, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, S, S) against a black image: channels summed, smoothed, the positive part.

    Signed as the other methods are: what speaks against the text is no evidence for it, and noise
    of both signs cancels when it is smoothed.
    """
    from captum.attr import IntegratedGradients  # imports matplotlib: only where somebody asks

    explainer = IntegratedGradients(lambda given: target(model, model.encode_image(given)))
    baseline = pixels.amin(dim=(1, 2, 3), keepdim=True).expand_as(pixels)
    with torch.enable_grad():
        found = explainer.attribute(
            pixels.detach().clone().requires_grad_(), baselines=baseline, n_steps=STEPS,
            internal_batch_size=max(len(pixels), 8),
        )  # fmt: skip
    maps = found.sum(dim=1).detach().cpu().numpy()
    sigma = _SMOOTH * maps.shape[-1]
    smooth = np.stack([gaussian_filter(one, sigma) for one in maps])
    return np.maximum(smooth, 0).astype(np.float32)
