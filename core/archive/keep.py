"""Which patches of an image an archive keeps, where it does not keep them all."""

import torch

from core.inference.predictor import Predictor
from core.inference.prompts import default_prompts
from core.lrclr.encodings import ImageEncoding, TextEncoding


def prompts_to_keep_by(predictor: Predictor) -> TextEncoding:
    """The positive default prompts: a patch that answers to one of them is worth its place."""
    texts = [text for each in default_prompts().values() for text in each.positive]
    return predictor.encode_texts(list(dict.fromkeys(texts)))


def keep_patches(images: ImageEncoding, count: int | None, texts: TextEncoding) -> ImageEncoding:
    """Encodings with the K patches (B, K, d) that are kept, their cells in `selected`.

    A model that selects without a text keeps what it selected, the best `count` of it; for others
    each patch counts by its best cosine with `texts`.

    Args:
        count: patches of each image; None keeps all (B, N, d).
    """
    if count is None:
        return images
    if images.selected is not None:
        cells = images.selected[:, :count]
    else:
        cosine = images.patch_features @ texts.text_features.T  # (B, N, P)
        best = cosine.amax(dim=-1)
        cells = best.topk(min(count, best.shape[1]), dim=1).indices
    index = cells[..., None].expand(-1, -1, images.patch_features.shape[-1])
    kept = torch.gather(images.patch_features, 1, index)
    return ImageEncoding(images.image_features, kept, cells, images.grid)
