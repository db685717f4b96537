"""What a training step minimises; each part has a weight, and a weight of zero switches it off."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.losses import contrastive_loss, hard_negatives, sigmoid_loss
from core.lrclr.model import LRCLR
from core.training.settings import Weights

_ROWS = 256
"""Images, or pairs of image and text, whose scores are computed at once."""


@dataclass(frozen=True)
class Batch:
    """B images with P sentences."""

    inputs: Tensor  # (B, ...), what `Backbone.image_tokens` takes
    texts: list[str]  # P
    positive: Tensor  # (B, P) bool
    own: Tensor  # (B,) column of one sentence of each image
    blanked: Tensor | None = None  # (B, N) bool, patches that were blanked in `inputs`


def lrclr_losses(
    model: LRCLR,
    images: ImageEncoding,
    texts: TextEncoding,
    batch: Batch,
    weights: Weights,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """The loss terms of a batch's encodings, each already weighted; absent where switched off."""
    terms = {}
    if weights.global_:
        cosine = _cosine(images.image_features, texts)
        scale = model.backbone.logit_scale.exp()
        loss = _contrast(cosine, scale, model.global_bias, batch.positive, weights.form)
        terms["global"] = weights.global_ * loss
    if weights.local or weights.match:
        local = _in_parts(  # (B, P)
            lambda rows: model.local_scores(images.rows(rows), texts), len(images)
        )
        if weights.local:
            loss = _contrast(
                local, model.local_scale.exp(), model.local_bias, batch.positive, weights.form
            )
            terms["local"] = weights.local * loss
        if weights.match:
            sharp = model.local_scale.exp().detach() * local.detach()
            terms["match"] = weights.match * _match(model, images, texts, batch, sharp, generator)
    if batch.blanked is not None:
        terms["blank"] = weights.blank * _blank(model, images, texts, batch)
    return terms


def _blank(model: LRCLR, images: ImageEncoding, texts: TextEncoding, batch: Batch) -> Tensor:
    """Share of the local weight that true texts leave on blanked patches, mean over the pairs.

    A patch that still answers to a text when nothing is left of it speaks for its neighbours.
    """
    assert batch.blanked is not None
    with torch.autocast(images.patch_features.device.type, enabled=False):
        weight = (model.config.gamma * model.similarity(images, texts)).softmax(dim=-1)  # (B, P, N)
        share = (weight * batch.blanked[:, None]).sum(dim=-1)  # (B, P)
        return (share * batch.positive).sum() / batch.positive.sum()


def _cosine(image_features: Tensor, texts: TextEncoding) -> Tensor:
    # The towers may run in bfloat16; similarities are small differences and do not.
    with torch.autocast(image_features.device.type, enabled=False):
        return image_features @ texts.text_features.T


def _contrast(cosine: Tensor, scale: Tensor, bias: Tensor, positive: Tensor, form: str) -> Tensor:
    if form == "sigmoid":
        return sigmoid_loss(scale * cosine + bias, positive)
    return contrastive_loss(scale * cosine, positive)


def _match(
    model: LRCLR,
    images: ImageEncoding,
    texts: TextEncoding,
    batch: Batch,
    similarity: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Cross-entropy of the matching head on true pairs and one hard negative for each."""
    wrong, valid = hard_negatives(similarity, batch.positive, generator)
    rows = torch.arange(len(images), device=wrong.device)
    pair_rows = torch.cat([rows, rows[valid]])
    pair_texts = torch.cat([batch.own.to(wrong.device), wrong[valid]])
    target = torch.cat([torch.ones(len(rows)), torch.zeros(int(valid.sum()))]).to(wrong.device)

    def logits(part: slice) -> Tensor:
        return model.fuse(images.rows(pair_rows[part]), texts.rows(pair_texts[part])).match_logit

    found = _in_parts(logits, len(pair_rows))
    return F.binary_cross_entropy_with_logits(found.float(), target)


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
