"""Words beside regions block by block, and where each head of an image tower looks.

The tokens that enter a block are read by the tower's own last norm and projection and compared
with the words (the "logit lens"). The model itself reads the last ones alone: an early map says
what could be read there already, not what made a score.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from core.inference.predictor import Predictor
from core.inference.prompts import check_prompt
from core.inference.regions import word_features


@dataclass(frozen=True)
class LayerMaps:
    """L blocks of a tower, on one film and one text.

    Attributes:
        words: W, those of the text.
        cosine: (L, 1 + W, h, w), of the tokens that enter a block with the text, then each word.
        attention: (L - 1, H, h, w), of the blocks before the last, from CLS, or from all patches
            where a tower has none; it knows no text.
        seen: (S, S), the film as the tower read it, which the grid covers.
    """

    words: tuple[str, ...]
    cosine: NDArray[np.float32]
    attention: NDArray[np.float32]
    seen: NDArray[np.uint8]

    @property
    def depth(self) -> int:
        """L."""
        return len(self.cosine)

    @property
    def heads(self) -> int:
        """H; those of an ensemble's members side by side."""
        return int(self.attention.shape[1])

    def to_json(self) -> dict[str, Any]:
        """words, and cosine and attention as nested lists."""
        return {"words": list(self.words), "cosine": np.round(self.cosine, 4).tolist(),
                "attention": np.round(self.attention, 5).tolist()}  # fmt: skip


@torch.no_grad()
def layer_maps(predictor: Predictor, image: NDArray[np.float32], text: str) -> LayerMaps:
    """The maps of every block and head.

    Args:
        image: (H, W) in 0..255.

    Raises:
        ExplorerError: an empty or overlong text.
    """
    backbone = predictor.model.backbone
    texts = predictor.encode_texts([check_prompt(text)])
    words, features = word_features(texts)
    told = torch.cat([texts.text_features[:1], features])  # (1 + W, d)
    pixels = backbone.preprocess(image)[None].to(predictor.model.device)
    layers = list(range(backbone.depth))
    found = backbone.image_tokens(pixels, tuple(layers[:-1]), entering=layers)
    height, width = found.grid
    cosines = []
    for layer in layers:
        tokens = torch.cat(found.entering[layer], dim=-1)
        patches = F.normalize(backbone.project(tokens)[0, backbone.prefix :].float(), dim=-1)
        cosines.append((told @ patches.T).view(-1, height, width).cpu().numpy())
    heads = [_looks(found.attn_weights[layer][0], backbone.prefix, found.grid)
             for layer in layers[:-1]]  # fmt: skip
    attention = np.stack(heads) if heads else np.zeros((0, backbone.heads, height, width))
    seen = np.rint(backbone.preprocess.resize(image)[0].numpy()).astype(np.uint8)
    return LayerMaps(tuple(words), np.stack(cosines).astype(np.float32),
                     attention.astype(np.float32), seen)  # fmt: skip


def _looks(attention: torch.Tensor, prefix: int, grid: tuple[int, int]) -> NDArray[np.float32]:
    """Attention (H, C + N, C + N) on the patches (H, h, w)."""
    seen = attention[:, 0, prefix:] if prefix else attention.mean(dim=1)
    maps: NDArray[np.float32] = seen.reshape(len(seen), *grid).float().cpu().numpy()
    return maps
