"""Saliency of an image for texts: one method a file, one signature, the same pixels out.

Gradient methods explain the cosine of the model's global image encoding with the mean of the texts.
A method works on the patch grid or on the model's pixels; `attribute` brings its map to the image.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.attribution.controls import centre, random
from core.attribution.gradcam import gradcam
from core.attribution.integrated_gradients import integrated_gradients
from core.attribution.occlusion import occlusion
from core.attribution.region_weights import region_weights, similarity
from core.attribution.rollout import rollout
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.lrclr.encodings import TextEncoding
from core.lrclr.model import LRCLR

# (model, pixels (B, C, S, S), texts, seed) to maps (B, h, w) over the model's input.
MapMethod = Callable[[LRCLR, Tensor, TextEncoding, int], NDArray[np.float32]]


@dataclass(frozen=True)
class Method:
    """A saliency method."""

    title: str
    maps: MapMethod
    about: str
    # Works on the pixels themselves; the others take what a frozen stem made of them, too.
    on_pixels: bool = False


METHODS: dict[str, Method] = {
    "lrclr": Method("LRCLR regions", region_weights, "Attention of the text over its regions."),
    "similarity": Method("Patch similarity", similarity, "Cosine of each patch with the text."),
    "gradcam": Method("Grad-CAM", gradcam, "Gradient-weighted activation (captum)."),
    "integrated-gradients": Method(
        "Integrated gradients",
        integrated_gradients,
        "Path integral of the gradient (captum).",
        on_pixels=True,
    ),
    "occlusion": Method(
        "Occlusion", occlusion, "Loss of score when a window is hidden (captum).", on_pixels=True
    ),
    "rollout": Method("Attention rollout", rollout, "Attention through all blocks; no text."),
    "random": Method("Random", random, "Control: noise."),
    "centre": Method("Centre", centre, "Control: the middle of the image."),
}


def attribution_maps(
    name: str, predictor: Predictor, pixels: Tensor, texts: list[str], seed: int = 0
) -> NDArray[np.float32]:
    """Maps (B, h, w) of preprocessed images (B, C, S, S) over the model's input.

    Raises:
        ExplorerError: an unknown method, a text that is no prompt, or a gradient that is zero.
    """
    if name not in METHODS:
        raise ExplorerError(f"There is no method '{name}'; known: {', '.join(METHODS)}.")
    encoded = predictor.encode_texts(texts)
    with predictor.lock:  # hooks and gradients on a model that others share
        return METHODS[name].maps(predictor.model, pixels, encoded, seed)


def attribute(
    name: str, predictor: Predictor, image: NDArray[np.floating], texts: list[str], seed: int = 0
) -> NDArray[np.float32]:
    """Saliency (H, W) float32 in the pixels of one image (H, W) in 0..255.

    Raises:
        ExplorerError: as `attribution_maps`.
    """
    preprocess = predictor.model.backbone.preprocess
    maps = attribution_maps(name, predictor, preprocess(image)[None], texts, seed)
    return preprocess.map_to_image(maps[0], (image.shape[0], image.shape[1]))
