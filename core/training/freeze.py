"""What of pretrained towers trains where two cores have to do: the last blocks of the image tower.

What no gradient reaches keeps no activations, no gradient and no state of the optimiser, so that a
step of a ViT-B fits into the memory and the patience of a laptop.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from core.backbones.base import Backbone
from core.errors import ExplorerError


def freeze_towers(backbone: Backbone, last_blocks: int) -> None:
    """Leave the temperature, the last blocks of the image tower and what reads them out to train.

    Args:
        last_blocks: how many; 0 leaves the temperature alone, so that only added layers train.

    Raises:
        ExplorerError: the tower has fewer blocks.
    """
    blocks = _blocks(backbone)
    if last_blocks > len(blocks):
        raise ExplorerError(
            f"last_blocks is {last_blocks}, and the image tower has {len(blocks)} blocks; take at "
            f"most {len(blocks)}, or -1 to train all of both towers."
        )
    training = [backbone.logit_scale]
    if last_blocks:
        training += _read_out(backbone)
        training += [p for block in blocks[-last_blocks:] for p in block.parameters()]
    chosen = {id(parameter) for parameter in training if parameter.requires_grad}
    for parameter in backbone.parameters():
        parameter.requires_grad_(id(parameter) in chosen)


def _blocks(backbone: Backbone) -> Sequence[nn.Module]:
    """Blocks of the image tower: of a library's, opened up as `trunk`, or its own."""
    tower: Any = getattr(backbone, "trunk", backbone)
    return list(tower.blocks)


def _read_out(backbone: Backbone) -> list[nn.Parameter]:
    """Parameters behind the last block, whatever the library calls them: those with a gradient."""
    parameters = [p for p in backbone.parameters() if p.requires_grad]
    places = backbone.prefix + backbone.grid[0] * backbone.grid[1]
    probe = torch.ones(1, places, backbone.width, device=backbone.logit_scale.device)
    with torch.enable_grad():
        total = sum(part.sum() for part in backbone.read_out(probe))
        assert isinstance(total, torch.Tensor)
        grads = torch.autograd.grad(total, parameters, allow_unused=True)
    return [p for p, grad in zip(parameters, grads, strict=True) if grad is not None]
