"""Each prompt of an ensemble for one image: its own score, and how much of the pool it makes.

A side of a finding is pooled by log-mean-exp (docs/method.md, section 5): a smooth maximum, so that
the prompts that match best make most of it. Their shares are the softmax that is its derivative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.lrclr.config import LRCLRConfig
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR


@dataclass(frozen=True)
class PromptShare:
    """One prompt of an ensemble, for one image."""

    text: str
    global_score: float  # cosine with the image, mean over the members of an ensemble of models
    local_score: float  # of the best-matching regions
    share: float  # of the side's pool, 0..1; those of a side sum to 1


@torch.no_grad()
def prompt_shares(model: LRCLR, image: ImageEncoding, texts: TextEncoding) -> list[PromptShare]:
    """The prompts of one side of a finding, in order.

    Args:
        image: a batch of 1.
        texts: P prompts, the whole side.
    """
    cosine = model.cosines(image, texts.text_features)
    reading = model.read(image, texts)
    parts = {
        "global": cosine.mean(dim=0)[0], "local": reading.local[0], "match": reading.match[0]
    }  # fmt: skip
    return shared_out(texts.texts, parts, model.config)


def shared_out(
    texts: Sequence[str], parts: Mapping[str, Tensor], config: LRCLRConfig
) -> list[PromptShare]:
    """Each prompt with its scores and its share.

    Args:
        parts: "global", "local" and "match" of each text (P,).
    """
    lines = zip(texts, parts["global"], parts["local"], shares(parts, config), strict=True)
    return [
        PromptShare(text, float(whole), float(local), float(share))
        for text, whole, local, share in lines
    ]


def shares(parts: Mapping[str, Tensor], config: LRCLRConfig) -> Tensor:
    """Share of each prompt in its side's pool (P,): a softmax, averaged over the parts of the mix.

    Args:
        parts: part of the mix -> score of each prompt (P,). A part counts as much as it moves the
            mix: by its weight over its spread.

    >>> shares({"local": torch.tensor([0.5, 0.5])}, LRCLRConfig(mix={"local": 1.0})).tolist()
    [0.5, 0.5]
    """
    weights = {name: config.mix.get(name, 0.0) / config.spread.get(name, 1.0) for name in parts}
    total = sum(abs(weight) for weight in weights.values())
    if not total:  # a mix of nothing: what the global pool would make of it
        return (config.gamma * parts["global"]).softmax(dim=0)
    pooled = [
        abs(weights[name]) / total * (config.gamma * values).softmax(dim=0)
        for name, values in parts.items()
    ]
    return torch.stack(pooled).sum(dim=0)


def as_json(sides: Mapping[str, Sequence[PromptShare]]) -> dict[str, list[dict[str, str | float]]]:
    """side -> [{text, global, local, share}]."""
    return {
        side: [
            {"text": line.text, "global": line.global_score, "local": line.local_score,
             "share": line.share}
            for line in lines
        ]
        for side, lines in sides.items()
    }  # fmt: skip
