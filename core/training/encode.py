"""Encodings of a training batch: at once, in chunks of small memory, or shared by processes.

Chunks are gradient caching (Gao et al., RepL4NLP 2021): encode without a graph, take the gradient
of the loss with respect to the encodings, then encode chunk by chunk again and pass it on. The
gradients are those of the whole batch, since no layer mixes images.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR
from core.ranks import Ranks
from core.training.objectives import Batch

Terms = dict[str, Tensor]
Losses = Callable[[ImageEncoding, TextEncoding], Terms]


def backward(
    model: LRCLR, batch: Batch, losses: Losses, processes: Ranks, keep: float, chunk: int = 0
) -> Terms:
    """Loss terms of the whole batch, and their gradient added to the parameters'.

    Args:
        losses: of the encodings of the whole batch.
        keep: share of patch tokens that attention sees; each call draws anew which.
        chunk: images, and texts, encoded at once; 0 for all.
    """
    inputs = batch.inputs[processes.share(len(batch.inputs))]
    if not chunk or chunk >= len(inputs):
        images = processes.gather(model.encode_image(inputs.float(), keep))
        terms = losses(images, model.encode_text(batch.texts))
        torch.stack(list(terms.values())).sum().backward()
    else:
        terms = _in_chunks(model, inputs, batch.texts, losses, processes, keep, chunk)
    processes.average_gradients(model)
    return terms


def _in_chunks(
    model: LRCLR,
    inputs: Tensor,
    texts: list[str],
    losses: Losses,
    processes: Ranks,
    keep: float,
    chunk: int,
) -> Terms:
    parts = inputs.split(chunk)
    groups = [texts[start : start + chunk] for start in range(0, len(texts), chunk)]
    random = torch.get_rng_state()
    with torch.no_grad():
        images = ImageEncoding.cat([_again(model, part, keep, random) for part in parts])
        encoded = TextEncoding.cat([model.encode_text(group) for group in groups])
    images = replace(images, image_features=_leaf(images.image_features),
                     patch_features=_leaf(images.patch_features))  # fmt: skip
    encoded = replace(encoded, text_features=_leaf(encoded.text_features),
                      words=_leaf(encoded.words))  # fmt: skip
    terms = losses(processes.gather(images), encoded)
    torch.stack(list(terms.values())).sum().backward()
    after = torch.get_rng_state()
    for number, part in enumerate(parts):
        rows = slice(number * chunk, number * chunk + len(part))
        made = _again(model, part, keep, random)
        _pass_on(
            [(made.image_features, _grad(images.image_features)[rows]),
             (made.patch_features, _grad(images.patch_features)[rows])]
        )  # fmt: skip
    for number, group in enumerate(groups):
        rows = slice(number * chunk, number * chunk + len(group))
        texts_again = model.encode_text(group)
        length = texts_again.words.shape[1]
        _pass_on(
            [(texts_again.text_features, _grad(encoded.text_features)[rows]),
             (texts_again.words, _grad(encoded.words)[rows, :length])]
        )  # fmt: skip
    torch.set_rng_state(after)
    return {name: term.detach() for name, term in terms.items()}


def _again(model: LRCLR, part: Tensor, keep: float, random: Tensor) -> ImageEncoding:
    """Encode with the draws of the first time: every chunk drops the same patches, as one batch."""
    torch.set_rng_state(random)
    return model.encode_image(part.float(), keep)


def _leaf(features: Tensor) -> Tensor:
    return features.detach().requires_grad_()


def _grad(leaf: Tensor) -> Tensor:
    return leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)


def _pass_on(pairs: list[tuple[Tensor, Tensor]]) -> None:
    alive = [(made, grad) for made, grad in pairs if made.requires_grad]
    if alive:
        torch.autograd.backward([made for made, _ in alive], [grad for _, grad in alive])
