"""Augmentation that keeps every report true: no flip (reports say left and right), small moves."""

import torch
from torch import Tensor
from torch.nn import functional as F


def augment(pixels: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Shift, scale, contrast and brightness, drawn per image.

    Args:
        pixels: (B, C, S, S), preprocessed.
        generator: source of the draws.
        strength: 0 leaves the images alone; 1 shifts by up to 4 %, scales by 5 %, changes contrast
            by 15 % and brightness by 0.15 standard deviations.
    """
    if strength == 0:
        return pixels
    batch = len(pixels)
    draw = (torch.rand(batch, 5, generator=generator) * 2 - 1) * strength
    draw = draw.to(pixels.device)
    theta = torch.zeros(batch, 2, 3, device=pixels.device)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 + 0.05 * draw[:, 0]
    theta[:, :, 2] = 0.08 * draw[:, 1:3]  # affine units span the image with 2
    where = F.affine_grid(theta, list(pixels.shape), align_corners=False)
    moved = F.grid_sample(pixels, where, align_corners=False, padding_mode="border")
    return moved * (1 + 0.15 * draw[:, 3, None, None, None]) + 0.15 * draw[:, 4, None, None, None]
