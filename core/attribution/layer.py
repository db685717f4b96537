"""Layers' maps and the gradient of a score by them, without a hook on the model.

The tokens are handed through (`LRCLR.image_tokens(entering=...)`) and differentiated, so that other
threads may use the same model meanwhile. One pass serves every layer and every score: a `Tape`
keeps its graph, and each backward pass gives the gradients of all layers at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from core.attribution.target import Target
from core.errors import ExplorerError
from core.inference.map_choice import Layer
from core.lrclr.model import LRCLR


class LayerGradient(NamedTuple):
    """A layer on its grid and the gradient of the scores by it; channels of an ensemble's members
    side by side, CLS left out."""

    activations: Tensor  # (B, D, h, w)
    gradients: Tensor  # (B, D, h, w)


class Tape:
    """Some images on their way through the tower, to be differentiated by layers.

    Attributes:
        images: their encoding; scores of it can be differentiated.
    """

    def __init__(self, model: LRCLR, inputs: Tensor, layers: Sequence[Layer]) -> None:
        """One pass.

        Args:
            inputs: (B, ...) as `LRCLR.image_tokens` takes them.

        Raises:
            ExplorerError: no such layer.
        """
        for layer in layers:
            check_layer(model, layer)
        self._model = model
        places = [layer for layer in layers if layer != "stem"]
        given = inputs.detach()
        with torch.enable_grad():
            if "stem" in layers:
                given = _stem_maps(model, inputs).detach().requires_grad_()
            tokens = model.image_tokens(given, entering=places)
            self.images = model.encode_tokens(tokens, inputs)
        self._tensors: dict[Layer, tuple[Tensor, ...]] = {
            layer: (given,) if layer == "stem" else tokens.entering[layer] for layer in layers
        }

    def gradients(self, scores: Tensor, again: bool = False) -> dict[Layer, LayerGradient]:
        """Every layer and the gradient by it of the sum of `scores`, in one backward pass.

        The gradient is zero where they do not read the layer.

        Args:
            again: whether more are to come; the graph is kept for them.
        """
        tensors = [tensor for layer in self._tensors.values() for tensor in layer]
        slopes: tuple[Tensor | None, ...] = (None,) * len(tensors)
        if scores.requires_grad:  # else nothing of them comes from these images
            slopes = torch.autograd.grad(
                scores.sum(), tensors, allow_unused=True, retain_graph=again
            )
        left = iter(slopes)
        read = {}
        for layer, members in self._tensors.items():
            given = [next(left) for _ in members]
            filled = [torch.zeros_like(tensor) if slope is None else slope
                      for tensor, slope in zip(members, given, strict=True)]  # fmt: skip
            read[layer] = LayerGradient(self._on_grid(layer, members), self._on_grid(layer, filled))
        return read

    def _on_grid(self, layer: Layer, tensors: Sequence[Tensor]) -> Tensor:
        if layer == "stem":
            return tensors[0].detach()
        backbone = self._model.backbone
        first = 0 if layer == "local" else backbone.prefix
        patches = torch.cat([tensor.detach()[:, first:] for tensor in tensors], dim=-1)
        return patches.transpose(1, 2).unflatten(2, backbone.grid)  # (B, D, h, w)


def model_layers(model: LRCLR) -> list[Layer]:
    """Every layer of a model, from the pixels on; regions come before the blocks where a stem makes
    them."""
    blocks: list[Layer] = list(range(model.backbone.depth))
    if model.backbone.stem is not None:
        return ["stem", "local", *blocks]
    return [*blocks, "local"]


def layer_name(layer: Layer) -> str:
    """A layer in words."""
    named = {"stem": "the stem's output", "local": "the tokens of regions"}
    return named.get(str(layer), f"what enters block {layer}")


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
    tape = Tape(model, inputs, [layer])
    with torch.enable_grad():
        scores = target(model, tape.images)
    read = tape.gradients(scores)[layer]
    if not read.gradients.abs().sum() > 0:
        raise ExplorerError(
            f"There is no gradient: this model's score does not use {layer_name(layer)}; choose "
            "another layer or another score."
        )
    return read


def check_layer(model: LRCLR, layer: Layer) -> None:
    """Refuse a layer that the model does not have.

    Raises:
        ExplorerError: naming those that it has.
    """
    depth = model.backbone.depth
    named = [str(name) for name in model_layers(model) if isinstance(name, str)]
    if not (layer in named if isinstance(layer, str) else
            type(layer) is int and 0 <= layer < depth):  # fmt: skip
        also = " and ".join(repr(name) for name in named)
        raise ExplorerError(
            f"This model has no layer '{layer}'; it has the blocks 0 to {depth - 1}, and {also}."
        )


def _stem_maps(model: LRCLR, inputs: Tensor) -> Tensor:
    """What the stem makes of pixels; of what it made already, the same."""
    stem = model.backbone.stem
    if stem is None or inputs.shape[1] != model.backbone.preprocess.channels:
        return inputs
    with torch.no_grad():
        maps: Tensor = stem(inputs)
    return maps
