"""A model whose image side forgets what it learned, from the top to the bottom.

Cascading randomisation (Adebayo et al., NeurIPS 2018): a map that stays the same where the weights
mean nothing any more does not show what the model learned. Texts stay as they are: they are the
question. Each tensor's entries are shuffled, so that its mean and spread, and with them the size of
what a layer gives, stay as they were.
"""

import re
from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch

from core.lrclr.encodings import TextEncoding
from core.lrclr.model import LRCLR


def cascade(
    model: LRCLR, pixels: torch.Tensor, texts: TextEncoding, steps: int = 3, seed: int = 0
) -> Iterator[tuple[str, LRCLR]]:
    """Copies of a model with more and more of its image side shuffled; the last one with all.

    Args:
        pixels: (1, C, S, S), one film, to see what a reading of it passes through.
        texts: at least one.
        steps: copies, at least 1; the layers are shared out among them evenly.
        seed: of the shuffles.

    Yields:
        What is shuffled ("the top 4 of 12 layers"), and the copy, in eval mode. One copy is
        changed from step to step: use it before the next.
    """
    copy = deepcopy(model).eval()
    layers = image_layers(copy, pixels, texts)
    parameters = dict(copy.named_parameters())
    rng = np.random.default_rng(seed)
    ends = np.unique(np.linspace(0, len(layers), steps + 1).round().astype(int))
    for start, end in zip(ends[:-1], ends[1:], strict=True):
        for names in layers[start:end]:
            for name in names:
                _shuffle(parameters[name], rng)
        told = "all" if end == len(layers) else f"the top {end} of {len(layers)}"
        yield f"{told} layers", copy.requires_grad_(False)


def image_layers(
    model: LRCLR, pixels: torch.Tensor, texts: TextEncoding
) -> list[list[str]]:
    """Names of the parameters that a reading of an image passes through, by layer, the top first.

    A layer is a block of a row of blocks, else a part of the model or of its backbone. They are
    found by the gradient of a reading; a frozen stem, which none passes, comes last.
    """
    named = dict(model.named_parameters())
    for parameter in named.values():
        parameter.requires_grad_(True)
    with torch.enable_grad():
        images = model.encode_image(pixels.to(model.device))
        reading = model.read(images, texts)
        total = images.image_features.sum() + images.patch_features.sum()
        total = total + reading.local.sum() + reading.match.sum() + (reading.weights**2).sum()
        slopes = torch.autograd.grad(total, list(named.values()), allow_unused=True)
    model.requires_grad_(False)
    used = [name for name, slope in zip(named, slopes, strict=True) if slope is not None]
    stem = [name for name in named if name.startswith("backbone.stem.") and name not in used]
    layers: dict[str, list[str]] = {}
    for name in reversed([*stem, *used]):  # as they are built: from the pixels on
        layers.setdefault(_layer(name), []).append(name)
    return [names for names in layers.values() if any(named[name].numel() > 1 for name in names)]


def _layer(name: str) -> str:
    """The name of a parameter's layer.

    >>> _layer("backbone.blocks.3.attn.weight"), _layer("region_head.1.weight")
    ('backbone.blocks.3', 'region_head.1')
    """
    numbered = re.match(r"(.*?\.\d+)\.", name)
    if numbered:
        return numbered[1]
    return ".".join(name.split(".")[: 2 if name.startswith("backbone.") else 1])


@torch.no_grad()
def _shuffle(parameter: torch.Tensor, rng: np.random.Generator) -> None:
    order = torch.from_numpy(rng.permutation(parameter.numel())).to(parameter.device)
    parameter.copy_(parameter.flatten()[order].view_as(parameter))
