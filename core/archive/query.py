"""What is searched for, as a vector: an image, a box on it, or a text."""

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.lrclr.encodings import ImageEncoding
from core.preprocessing import Preprocess, Rectangle

Vector = NDArray[np.float32]


def text_query(predictor: Predictor, text: str) -> Vector:
    """A text's embedding (d,).

    Raises:
        ExplorerError: as `Predictor.encode_texts`.
    """
    return np.asarray(predictor.encode_texts([text]).text_features[0].cpu().numpy())


def image_query(image: ImageEncoding) -> Vector:
    """The embedding (d,) of one image (a batch of 1)."""
    return np.asarray(image.image_features[0].cpu().numpy())


def box_query(
    image: ImageEncoding, preprocess: Preprocess, box: Rectangle, shape: tuple[int, int]
) -> Vector:
    """Mean of the patch features under a box of one image, by area, L2-normalised (d,).

    Args:
        box: (x, y, w, h) in pixels of the image (H, W) = `shape`.

    Raises:
        ExplorerError: the box lies outside what the model saw, or on patches that were not kept.
    """
    left, top, width, height = preprocess.from_image_box(box, shape)
    rows, columns = image.grid
    down = _overlap(top, top + height, rows, preprocess.span)
    across = _overlap(left, left + width, columns, preprocess.span)
    weight = (down[:, None] * across[None]).reshape(-1)
    mean = weight @ image.patch_features[0].float().cpu()
    length = float(mean.norm())
    if not length > 0:
        raise ExplorerError(
            f"The box {tuple(round(value) for value in box)} covers nothing that the model's "
            "regions were kept of; draw it on the picture, or larger."
        )
    return np.asarray((mean / length).numpy())


def _overlap(low: float, high: float, cells: int, size: int) -> torch.Tensor:
    """How much of each cell of a line of `cells` lies between two places, (cells,) in pixels."""
    edges = torch.linspace(0, size, cells + 1)
    return (edges[1:].clamp(max=high) - edges[:-1].clamp(min=low)).clamp(min=0)
