"""AdamW's parameter groups and the learning rate over a run."""

import math
import re
from typing import Any

import torch
from torch import nn

from core.errors import ExplorerError
from core.lrclr.model import LRCLR
from core.training.freeze import freeze_towers
from core.training.settings import ALL


def make_optimiser(
    model: LRCLR,
    learning_rate: float,
    weight_decay: float = 0.05,
    freeze: tuple[str, ...] = (),
    layer_decay: float = 1.0,
    stem: float = 0.0,
    last_blocks: int = ALL,
) -> torch.optim.AdamW:
    """AdamW on what trains, and no gradient for what does not.

    Biases, norms, scales and embeddings of one row do not decay.

    Args:
        freeze: beginnings of parameter names (`backbone.text`) that stay as they are.
        layer_decay: learning rate of a backbone's block over that of the block after it (BEiT,
            Bao et al., ICLR 2022); what comes before the blocks goes with the first of them.
        stem: learning rate of a convolutional stem over that of the rest; 0 leaves it frozen.
        last_blocks: of the image tower, which alone train of the towers (`freeze_towers`).

    Raises:
        ExplorerError: a beginning that no name has, more blocks than there are, or nothing is left
            to train.
    """
    names = [name for name, _ in model.named_parameters()]
    for start in freeze:
        if not any(name.startswith(start) for name in names):
            raise ExplorerError(
                f"freeze: no parameter of this model begins with '{start}'; there are "
                f"{', '.join(sorted({'.'.join(name.split('.')[:2]) for name in names}))}."
            )
    if last_blocks != ALL:
        freeze_towers(model.backbone, last_blocks)
    if stem:
        train_stem(model)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    depth = 1 + max((_block(name) for name in names), default=-1)
    for name, parameter in model.named_parameters():
        if name.startswith(tuple(freeze)):
            parameter.requires_grad_(False)
        if not parameter.requires_grad:
            continue
        below = depth - 1 - max(_block(name), 0) if name.startswith(_TOWER) else 0
        decay = weight_decay if parameter.ndim >= 2 else 0.0
        factor = stem if name.startswith("backbone.stem.") else layer_decay**below
        groups.setdefault((factor, decay), []).append(parameter)
    if not groups:
        raise ExplorerError("freeze: nothing is left to train; name fewer parts.")
    settings: list[dict[str, Any]] = [
        {"params": parameters, "lr": learning_rate * factor, "weight_decay": decay}
        for (factor, decay), parameters in groups.items()
    ]
    # Fused: on a CPU five times faster than one operation after the other over all weights.
    return torch.optim.AdamW(settings, fused=True)


def train_stem(model: nn.Module) -> None:
    """Let the later stages of a convolutional stem train; what sees edges and spots stays.

    Half of the cost of a step lies in the gradient of the first stages, at full size. Batch norms
    keep ImageNet's statistics.

    Raises:
        ExplorerError: the model has no such stem.
    """
    stem = getattr(getattr(model, "backbone", None), "stem", None)
    if stem is None:
        raise ExplorerError("stem: the image tower has no convolutional stem; leave it at 0.")
    for stage in list(stem.blocks)[2:]:
        for layer in stage.modules():
            if isinstance(layer, nn.Conv2d):
                layer.requires_grad_(True)


def rate_at(step: int, steps: int, warmup: int) -> float:
    """Share of the learning rate at a 0-based step: linear warm-up, then a cosine to zero.

    Args:
        warmup: steps; at most a tenth of the run.

    >>> [round(rate_at(step, 40, 2), 2) for step in (0, 1, 2, 21, 39)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    warmup = min(warmup, max(steps // 10, 1))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


# The image tower's part before its projection: compact's, open_clip's and transformers'.
_TOWER = ("backbone.patch_projection", "backbone.position", "backbone.blocks.",
          "backbone.model.visual.", "backbone.model.vision_model.")  # fmt: skip


def _block(name: str) -> int:
    """Number of the block of the image tower a parameter is in, -1 outside the blocks."""
    found = re.search(r"(?:blocks|layers)\.(\d+)\.", name)
    return int(found.group(1)) if found and name.startswith(_TOWER) else -1
