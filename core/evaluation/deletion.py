"""Deletion: how far a finding's score falls when the patches that a map ranks first are hidden."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet
from core.inference.zero_shot import zero_shot
from core.precision import fast_towers

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Of the patches, hidden in turn."""


@torch.no_grad()
def deletion(
    predictor: Predictor, inputs: Tensor, maps: NDArray[np.float32], prompts: PromptSet,
    seed: int = 0,
) -> NDArray[np.float64]:  # fmt: skip
    """Mean over SHARES of the mixed score less that of the whole image, (B,); lower is better.

    After the deletion curve of RISE (Petsiuk et al., BMVC 2018), by patches and over the half that
    is ranked first. In units of the mixed score, whose parts have unit spread over studies.

    Args:
        inputs: (B, ...), what `Backbone.image_tokens` takes.
        maps: (B, h, w); they are ranked on the model's grid, equal values in random order: by
            place a map that is flat, or zero outside a few patches, would hide the top of the film.
        prompts: of one finding.
        seed: of the order of equal values.
    """
    model, grid = predictor.model, predictor.model.backbone.grid
    texts = predictor.encode_texts(prompts.all_texts())
    fitted = torch.nn.functional.interpolate(torch.from_numpy(maps)[:, None], size=grid)[:, 0]
    rank = torch.from_numpy(ranks(fitted.numpy(), seed)).to(inputs.device)

    def score(given: Tensor) -> NDArray[np.float64]:
        with fast_towers(model.device):
            images = model.encode_image(given)
        return zero_shot(model, images, texts, prompts)["lrclr"][:, 0].astype(np.float64)

    count = grid[0] * grid[1]
    after = [score(model.backbone.hide(inputs, rank < share * count)) for share in SHARES]
    return np.mean(after, axis=0) - score(inputs)


def ranks(maps: NDArray[np.float32], seed: int) -> NDArray[np.int64]:
    """Rank of each place of maps (B, h, w), 0 for the highest; equal values in random order.

    >>> ranks(np.array([[[0.1, 0.9, 0.5]]], np.float32), seed=0).tolist()
    [[[2, 0, 1]]]
    """
    flat = maps.reshape(len(maps), -1)
    order = np.lexsort((np.random.default_rng(seed).random(flat.shape), -flat), axis=1)
    return np.argsort(order, axis=1).reshape(maps.shape)
