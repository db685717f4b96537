"""Zero-shot scores of findings from prompts (docs/method.md, section 5).

None is a probability of disease: rank by them, and fit thresholds on validation cases.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.inference.prompts import PromptSet
from core.inference.score_names import SCORES as SCORES
from core.lrclr.config import LRCLRConfig
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.losses import lse_pool
from core.lrclr.model import LRCLR

Scores = dict[str, NDArray[np.float32]]
_IMAGES = 32  # scored at once: kept regions take memory for each image and text


@torch.no_grad()
def zero_shot(
    model: LRCLR, images: ImageEncoding, texts: TextEncoding, prompts: PromptSet
) -> Scores:
    """Scores of every image for every finding.

    Args:
        images: B images, at least one.
        texts: the encoding of `prompts.all_texts()`, in that order.
        prompts: F findings.

    Returns:
        One (B, F) float32 array for each of SCORES; higher means more likely.
    """
    chunks = [
        scores_of(model, images.rows(slice(start, start + _IMAGES)), texts, prompts)
        for start in range(0, len(images), _IMAGES)
    ]
    joined = {name: torch.cat([chunk[name] for chunk in chunks]) for name in SCORES}
    return {name: value.cpu().numpy().astype(np.float32) for name, value in joined.items()}


def scores_of(
    model: LRCLR, images: ImageEncoding, texts: TextEncoding, prompts: PromptSet
) -> dict[str, Tensor]:
    """`zero_shot` of some images as tensors, which can be differentiated by what they came from."""
    each = model.cosines(images, texts.text_features)
    reading = model.read(images, texts)
    return combine(each, reading.local, reading.match, texts, prompts, model.config)


def reads_words(config: LRCLRConfig) -> bool:
    """Whether scores hang on trained cross-modality, which needs the model and a text's words."""
    return config.added_layers and (config.fusion != "none" or config.local_form != "lse")


def combine(
    each: Tensor,
    local: Tensor,
    matched: Tensor,
    texts: TextEncoding,
    prompts: PromptSet,
    config: LRCLRConfig,
) -> dict[str, Tensor]:
    """Scores (B, F) of findings from those of each text.

    Args:
        each: (M, B, P), as `LRCLR.cosines` gives them.
        local, matched: (B, P), of images with `texts`.
        texts: P texts, all those of `prompts` among them.
    """
    # Texts first: images then lie side by side, and few texts are reduced over many images.
    of_text, cosine = each.movedim(-1, 0), each.mean(dim=0).T  # (P, M, B), (P, B)
    column = {text: number for number, text in enumerate(texts.texts)}
    parts: dict[str, list[Tensor]] = {name: [] for name in SCORES if name != "lrclr"}
    for finding in prompts.values():
        sides = [[column[text] for text in side] for side in (finding.positive, finding.negative)]
        # Averaged as embeddings, as CheXzero and CLIP do.
        length = texts.text_features[sides[0]].mean(dim=0).norm().clamp(min=1e-12)
        odds = of_text[sides[0], None] - of_text[None, sides[1]]  # (P+, P-, M, B)
        parts["positive"].append(cosine[sides[0]].mean(dim=0) / length)
        parts["pair"].append(odds.sigmoid().mean(dim=(0, 1, 2)))
        for name, values in (("global", cosine), ("local", local.T), ("match", matched.T)):
            yes, no = (lse_pool(values[side], config.gamma, dim=0) for side in sides)
            parts[name].append(yes - no)
    stacked = {name: torch.stack(values, dim=1) for name, values in parts.items()}
    return {**stacked, "lrclr": mix(stacked, config.mix, config.spread)}


def mix(
    parts: Mapping[str, Tensor], weights: Mapping[str, float], spread: Mapping[str, float]
) -> Tensor:
    """Weighted sum (B, F) of the parts, each divided by its `spread` so that they compare."""
    return torch.stack(
        [weight * parts[name] / spread.get(name, 1.0) for name, weight in weights.items() if weight]
    ).sum(dim=0)


def remixed(scores: Scores, config: LRCLRConfig) -> Scores:
    """The same scores with their parts mixed as another configuration says; no model is asked."""
    parts = {name: torch.from_numpy(value) for name, value in scores.items()}
    mixed = mix(parts, config.mix, config.spread)
    return {**scores, "lrclr": mixed.numpy().astype(np.float32)}
