"""A layer's map and the gradient of a score by it, without a hook on the model.

The tokens are handed through (`LRCLR.image_tokens(entering=...)`) and differentiated, so that other
threads may use the same model meanwhile.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from core.attribution.target import Target
from core.errors import ExplorerError
from core.lrclr.model import LRCLR

Layer = int | Literal["stem"]
"""The 0-based block whose entering tokens are read, or the output of a frozen stem."""


class LayerGradient(NamedTuple):
    """A layer on its grid and the gradient of the scores by it; channels of an ensemble's members
    side by side, CLS left out."""

    activations: Tensor  # (B, D, h, w)
    gradients: Tensor  # (B, D, h, w)


def layer_gradient(
    model: LRCLR, inputs: Tensor, target: Target, layer: Layer | None = None
) -> LayerGradient:
    """Activations of a layer and the gradient of each image's score by them.

    Args:
        inputs: (B, ...) as `LRCLR.image_tokens` takes them.
        layer: by default the last block.

    Raises:
        ExplorerError: no such layer, or the score does not read it: the gradient is zero.
    """
    layer = model.backbone.depth - 1 if layer is None else layer
    check_layer(model, layer)
    with torch.enable_grad():
        if layer == "stem":
            maps = _stem_maps(model, inputs).detach().requires_grad_()
            images = model.encode_tokens(model.image_tokens(maps), inputs)
            slopes = _slopes(target(model, images), (maps,))
            found = LayerGradient(maps.detach(), slopes[0])
        else:
            tokens = model.image_tokens(inputs.detach(), entering=(layer,))
            entering = tokens.entering[layer]
            images = model.encode_tokens(tokens, inputs)
            slopes = _slopes(target(model, images), entering)
            found = LayerGradient(_on_grid(model, entering), _on_grid(model, slopes))
    if not found.gradients.abs().sum() > 0:
        where = "the stem's maps" if layer == "stem" else f"the tokens that enter block {layer}"
        raise ExplorerError(
            f"There is no gradient: this model's score does not use {where}; choose another layer "
            "or another score."
        )
    return found


def check_layer(model: LRCLR, layer: Layer) -> None:
    """Refuse a layer that the model does not have.

    Raises:
        ExplorerError: naming those that it has.
    """
    depth, has_stem = model.backbone.depth, model.backbone.stem is not None
    if not (has_stem if layer == "stem" else type(layer) is int and 0 <= layer < depth):
        also = ", and 'stem'" if has_stem else ""
        raise ExplorerError(
            f"This model has no layer '{layer}'; it has the blocks 0 to {depth - 1}{also}."
        )


def _stem_maps(model: LRCLR, inputs: Tensor) -> Tensor:
    """What the stem makes of pixels; of what it made already, the same."""
    stem = model.backbone.stem
    if stem is None or inputs.shape[1] != model.backbone.preprocess.channels:
        return inputs
    with torch.no_grad():
        maps: Tensor = stem(inputs)
    return maps


def _slopes(scores: Tensor, by: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Gradient of each score by its own image's tensors; zero where it does not read them."""
    if not scores.requires_grad:  # nothing of the score comes from these
        return tuple(torch.zeros_like(each) for each in by)
    found = torch.autograd.grad(scores.sum(), by, allow_unused=True)
    return tuple(
        torch.zeros_like(each) if slope is None else slope
        for each, slope in zip(by, found, strict=True)
    )


def _on_grid(model: LRCLR, tokens: tuple[Tensor, ...]) -> Tensor:
    patches = torch.cat([each.detach()[:, model.backbone.prefix :] for each in tokens], dim=-1)
    return patches.transpose(1, 2).unflatten(2, model.backbone.grid)  # (B, D, h, w)
