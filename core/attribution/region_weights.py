"""What LRCLR itself says: the weights of its regions, their controls, and every patch's cosine."""

import numpy as np
import torch
from numpy.typing import NDArray

from core.attribution.target import Target
from core.inference.regions import on_grid, weight_map
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.losses import lse_pool
from core.lrclr.model import LRCLR, Reading
from core.lrclr.region_reader import RegionReader

DRAWS = 5


def region_weights(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w) of the weights that make the score; patches that were not kept are zero."""
    return weight_map(model, images, target.texts)


@torch.no_grad()
def cosine_topk(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Control: the softmax of the K best cosines, (B, h, w); no trained cross-modality."""
    return on_grid(read_best(model, images, target.texts), model.config.gamma, images.grid)


def read_best(model: LRCLR, images: ImageEncoding, texts: TextEncoding) -> Reading:
    """What the K best cosines say, weighed by their softmax: nothing is trained."""
    cosine = model.similarity(images, texts)
    best, index = cosine.topk(min(model.config.k, cosine.shape[-1]), dim=-1)
    weights = (model.config.gamma * best).softmax(dim=-1)
    local = lse_pool(best, model.config.gamma)
    return Reading(local, local, index, weights, torch.zeros_like(local))


@torch.no_grad()
def fusion_untrained(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Control: weights of the same reader at random weights, (B, h, w), mean of five draws."""
    maps = []
    for draw in range(DRAWS):
        reader = random_reader(model, draw)
        reading = model.read(images, target.texts, reader)
        maps.append(on_grid(reading, model.config.gamma, images.grid))
    return np.asarray(np.mean(maps, axis=0), np.float32)


def random_reader(model: LRCLR, seed: int) -> RegionReader:
    """A reader at random weights, the same for the same seed."""
    config = model.config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = RegionReader(model.backbone.embed_dim, config.queries, config.fusion_heads)
        # A trained query is not zero: one of that size stands in for it.
        torch.nn.init.xavier_uniform_(reader.query.weight)
    return reader.to(model.device).eval()


@torch.no_grad()
def similarity(
    model: LRCLR, images: ImageEncoding, target: Target, seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w) of the cosine of each patch with the texts, mean over the texts."""
    cosine = model.similarity(images, target.texts).mean(dim=1)
    return cosine.view(-1, *images.grid).cpu().numpy().astype(np.float32)
