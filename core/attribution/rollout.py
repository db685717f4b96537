"""Attention rollout: where the image tower looks, whatever the text (Abnar & Zuidema, 2020)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attribution.target import Target
from core.errors import ExplorerError
from core.lrclr import selection
from core.lrclr.model import LRCLR


@torch.no_grad()
def rollout(model: LRCLR, inputs: Tensor, target: Target, seed: int = 0) -> NDArray[np.float32]:
    """Maps (B, h, w) of the blocks before the last.

    Raises:
        ExplorerError: the image tower has no CLS token, or a single block.
    """
    selection.check_scorer("rollout", model.backbone.prefix)
    layers = selection.attn_layers("rollout", model.backbone.depth)
    if not layers:
        raise ExplorerError(
            "The image tower has a single block, and rollout reads those before the last; choose "
            "another method."
        )
    tokens = model.backbone.image_tokens(inputs, tuple(layers))
    scores = selection.rollout([tokens.attn_weights[layer] for layer in layers])[:, 0]
    return scores.view(-1, *tokens.grid).cpu().numpy().astype(np.float32)
