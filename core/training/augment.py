"""Augmentation that keeps every report true: no flip (reports say left and right), small moves.

Sharpness is a trait of the archive a film comes from, not of the patient; a model that is shown one
archive's sharp normals and another's blurred ones reads it (METHOD: .09 of AUC lost between blurred
and sharp films of one hospital).
"""

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


def change_sharpness(pixels: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """Blur or sharpen some images, as films of a coarser or an edge-enhanced detector look.

    Args:
        pixels: (B, C, S, S), preprocessed.
        generator: source of the draws.
        share: of the images changed; two in three of these are shown at 0.3 to 1 of their size and
            enlarged again, one is sharpened by an unsharp mask.
    """
    changed = []
    for image in pixels.split(1):
        kind, amount = torch.rand(2, generator=generator).tolist()
        if kind < share * 2 / 3:
            small = max(int(image.shape[-1] * (0.3 + 0.7 * amount)), 1)
            image = resize(resize(image, small), image.shape[-1], "bicubic")
        elif kind < share:
            around = F.avg_pool2d(F.pad(image, (2, 2, 2, 2), mode="replicate"), 5, stride=1)
            image = image + 1.5 * amount * (image - around)
        changed.append(image)
    return torch.cat(changed)


def resize(images: Tensor, side: int, mode: str = "bilinear") -> Tensor:
    """Square images (B, C, S, S) at another side, without aliasing where they shrink."""
    shrinks = side < images.shape[-1]
    return F.interpolate(images, (side, side), mode=mode, align_corners=False, antialias=shrinks)
