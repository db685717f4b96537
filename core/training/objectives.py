"""What a training step minimises; each part has a weight, and a weight of zero switches it off."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.losses import balanced_loss, contrastive_loss, sigmoid_loss
from core.lrclr.model import LRCLR
from core.training.settings import Weights

_ROWS = 64
"""Images whose scores are computed at once."""


@dataclass(frozen=True)
class Batch:
    """B images with P texts."""

    inputs: Tensor  # (B, ...), what `Backbone.image_tokens` takes
    texts: list[str]  # P
    truth: Tensor  # (B, P), 1 where a text is true of an image, 0 where false, NaN where unknown
    present: Tensor  # (P,) bool, texts that say something is there, which can have a place
    blanked: Tensor | None = None  # (B, N) bool, patches that were blanked in `inputs`


def lrclr_losses(
    model: LRCLR, images: ImageEncoding, texts: TextEncoding, batch: Batch, weights: Weights
) -> dict[str, Tensor]:
    """The loss terms of a batch's encodings, each already weighted; absent where switched off."""
    terms = {}
    truth = batch.truth
    if weights.global_:
        cosine = _cosine(images.image_features, texts)
        scale = model.backbone.logit_scale.exp()
        terms["global"] = weights.global_ * _contrast(
            cosine, scale, model.global_bias, truth, weights.form
        )
    if weights.local or weights.match or weights.nowhere:
        local, match, nowhere = _readings(model, images, texts)
        placed = truth if not batch.present.any() else truth[:, batch.present]
        if weights.local:  # of texts that can have a place; a denial has none
            scores = local if not batch.present.any() else local[:, batch.present]
            terms["local"] = weights.local * _contrast(
                scores, model.local_scale.exp(), model.local_bias, placed, weights.form
            )
        if weights.match and model.config.fusion != "none":
            terms["match"] = weights.match * _contrast(match, None, None, truth, weights.form)
        if weights.nowhere and model.config.fusion == "reader":
            terms["nowhere"] = weights.nowhere * _nowhere(nowhere, truth, batch.present)
    if batch.blanked is not None:
        terms["blank"] = weights.blank * _blank(model, images, texts, batch)
    return terms


def _readings(
    model: LRCLR, images: ImageEncoding, texts: TextEncoding
) -> tuple[Tensor, Tensor, Tensor]:
    """Local score, match and weight on no region, (B, P) each."""

    def part(rows: slice) -> Tensor:
        reading = model.read(images.rows(rows), texts)
        return torch.stack([reading.local, reading.match, reading.nowhere], dim=-1)

    local, match, nowhere = _in_parts(part, len(images)).unbind(dim=-1)
    return local, match, nowhere


def _nowhere(nowhere: Tensor, truth: Tensor, present: Tensor) -> Tensor:
    """A text that is true and says something is there has a place; any other known one has none.

    What is somewhere follows from truth alone; no box or mask says where.
    """
    somewhere = truth * present  # NaN stays NaN
    certain = nowhere.clamp(1e-6, 1 - 1e-6)
    return balanced_loss(torch.log1p(-certain) - certain.log(), somewhere)


def _blank(model: LRCLR, images: ImageEncoding, texts: TextEncoding, batch: Batch) -> Tensor:
    """Share of the local weight that true texts leave on blanked patches, mean over the pairs.

    A patch that still answers to a text when nothing is left of it speaks for its neighbours.
    """
    assert batch.blanked is not None
    true = batch.truth == 1
    with torch.autocast(images.patch_features.device.type, enabled=False):
        weight = (model.config.gamma * model.similarity(images, texts)).softmax(dim=-1)  # (B, P, N)
        share = (weight * batch.blanked[:, None]).sum(dim=-1)  # (B, P)
        return (share * true).sum() / true.sum().clamp(min=1)


def _cosine(image_features: Tensor, texts: TextEncoding) -> Tensor:
    # The towers may run in bfloat16; similarities are small differences and do not.
    with torch.autocast(image_features.device.type, enabled=False):
        return image_features @ texts.text_features.T


def _contrast(
    score: Tensor, scale: Tensor | None, bias: Tensor | None, truth: Tensor, form: str
) -> Tensor:
    """Contrast of scores (B, P) that are scaled first, where they are no logits yet."""
    scaled = score.float() if scale is None else scale * score
    if form == "infonce":
        return contrastive_loss(scaled, truth == 1)
    logits = scaled if bias is None else scaled + bias
    return balanced_loss(logits, truth) if form == "balanced" else sigmoid_loss(logits, truth)


def _in_parts(work: Callable[[slice], Tensor], count: int) -> Tensor:
    """`work` on every row; a large batch part by part, each computed again for its gradient.

    Scores of every region with every text, and the layers on pairs, would fill the memory that
    encoding in chunks has saved.
    """
    if count <= _ROWS:
        return work(slice(0, count))
    parts = [slice(start, start + _ROWS) for start in range(0, count, _ROWS)]
    return torch.cat(
        [checkpoint(work, part, use_reentrant=False, preserve_rng_state=False) for part in parts]
    )
