"""The Grad-CAM family: how a layer's activations and gradients become one map.

Each takes activations and gradients (B, D, h, w) to maps (B, h, w), none below zero. They equal
pytorch-grad-cam's on the same layer (`tests/test_cam.py`), its guard against zero included.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_GUARD = 1e-6  # pytorch-grad-cam's, in the denominator of Grad-CAM++


def gradcam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by their mean gradient (Selvaraju et al., ICCV 2017).

    >>> gradcam(torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[1.0, 3.0]]]])).tolist()
    [[[2.0, 4.0]]]
    """
    weights = gradients.mean(dim=(2, 3), keepdim=True)  # (B, D, 1, 1)
    return (weights * activations).sum(dim=1).clamp(min=0)


def gradcam_plus_plus(activations: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by their positive gradients, where few of them count more each.

    Chattopadhay et al., WACV 2018, with the score's exponential as the class score, so that the
    higher derivatives are powers of the first.

    >>> maps = gradcam_plus_plus(torch.tensor([[[[1.0, 1.0]]]]), torch.tensor([[[[-2.0, 2.0]]]]))
    >>> [round(value, 3) for value in maps.flatten().tolist()]  # 4 / (2 * 4 + 2 * 8) * 2
    [0.333, 0.333]
    """
    squared = gradients**2
    summed = activations.sum(dim=(2, 3), keepdim=True)  # (B, D, 1, 1)
    share = squared / (2 * squared + summed * squared * gradients + _GUARD)
    share = torch.where(gradients != 0, share, torch.zeros_like(share))
    weights = (share * gradients.clamp(min=0)).sum(dim=(2, 3), keepdim=True)
    return (weights * activations).sum(dim=1).clamp(min=0)


def hirescam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Activation times gradient, place by place (Draelos & Carin, arXiv 2011.08891).

    >>> hirescam(torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[-1.0, 3.0]]]])).tolist()
    [[[0.0, 6.0]]]
    """
    return (gradients * activations).sum(dim=1).clamp(min=0)


def layercam(activations: Tensor, gradients: Tensor) -> Tensor:
    """As HiResCAM, of the positive gradients (Jiang et al., IEEE TIP 2021).

    >>> layercam(torch.tensor([[[[1.0]], [[-2.0]]]]), torch.tensor([[[[3.0]], [[-9.0]]]])).tolist()
    [[[3.0]]]
    """
    return (gradients.clamp(min=0) * activations).sum(dim=1).clamp(min=0)


@dataclass(frozen=True)
class Variant:
    """A member of the family; an entry of `VARIANTS`."""

    title: str
    maps: Callable[[Tensor, Tensor], Tensor]


VARIANTS: dict[str, Variant] = {
    "gradcam": Variant("Grad-CAM", gradcam),
    "gradcam++": Variant("Grad-CAM++", gradcam_plus_plus),
    "hirescam": Variant("HiResCAM", hirescam),
    "layercam": Variant("LayerCAM", layercam),
}
