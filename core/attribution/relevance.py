"""Relevance through attention, weighed by its gradient (Chefer, Gur & Wolf, ICCV 2021)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attribution.target import Target
from core.errors import ExplorerError
from core.lrclr.model import LRCLR


def relevance(model: LRCLR, inputs: Tensor, target: Target, seed: int = 0) -> NDArray[np.float32]:
    """Maps (B, h, w): what CLS gathers of each patch, as far as it moves the score.

    R = I; for each block R = R + E_h[(dS/dA * A)^+] R; the map is the row of CLS (equations 5 and
    6). Regions that are read before any block are not in it.

    Raises:
        ExplorerError: the tower has no CLS token, or no attention moves the score.
    """
    backbone = model.backbone
    if not backbone.prefix:
        raise ExplorerError(
            "The image tower has no CLS token, whose row relevance reads; choose another method."
        )
    last: list[Tensor] = []
    with torch.enable_grad():
        before = tuple(range(backbone.depth - 1))
        tokens = backbone.image_tokens(inputs.detach(), before, entering=(0,))
        images = model.encode_tokens(tokens, inputs, last)
        scores = target(model, images)
    attention = [*(tokens.attn_weights[layer] for layer in before), *last]
    slopes: tuple[Tensor | None, ...] = (None,) * len(attention)
    if scores.requires_grad:
        by = [_multiplied(weights) for weights in attention]
        slopes = torch.autograd.grad(scores.sum(), by, allow_unused=True)
    gathered = torch.eye(tokens.tokens.shape[1], device=inputs.device).expand(len(inputs), -1, -1)
    moved = False
    for weights, slope in zip(attention, slopes, strict=True):
        if slope is None or not slope.abs().sum() > 0:
            continue
        moved = True
        share = (slope.view_as(weights) * weights.detach()).clamp(min=0).mean(dim=1)  # (B, n, n)
        gathered = gathered + _all_places(share, images.selected, gathered) @ gathered
    if not moved:
        raise ExplorerError(
            "There is no gradient: this model's score does not use the attention of its image "
            "tower; choose another score or another method."
        )
    row = gathered[:, 0, 1:]
    return row.reshape(len(row), *tokens.grid).cpu().numpy().astype(np.float32)


def _multiplied(weights: Tensor) -> Tensor:
    """The weights that the values were multiplied by: torch's own attention returns a view of them,
    which moves nothing."""
    return weights if weights._base is None else weights._base


def _all_places(share: Tensor, selected: Tensor | None, like: Tensor) -> Tensor:
    """(B, n, n) of CLS and the selected patches as (B, 1 + N, 1 + N), zero elsewhere."""
    if share.shape == like.shape or selected is None:
        return share
    places = torch.cat([torch.zeros_like(selected[:, :1]), 1 + selected], dim=1)  # (B, n)
    whole = torch.zeros_like(like)
    batch = torch.arange(len(share), device=share.device)[:, None, None]
    whole[batch, places[:, :, None], places[:, None]] = share
    return whole
