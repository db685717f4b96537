"""Saliency of an image for texts: one method a file, one signature, the same pixels out.

A method explains a `Target`, by default the cosine of the model's global image encoding with the
mean of the texts; it says in which form it reads the images (`Reads`), so that what is encoded
already is not encoded again. Maps lie on the patch grid or on the model's pixels; `attribute`
brings them to the image. Nothing is hooked into the model, which other threads may use meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.attribution.controls import centre, random
from core.attribution.gradcam import gradcam
from core.attribution.integrated_gradients import integrated_gradients
from core.attribution.occlusion import occlusion
from core.attribution.region_weights import (
    cosine_topk,
    fusion_untrained,
    region_weights,
    similarity,
)
from core.attribution.rollout import rollout
from core.attribution.target import GlobalCosine, Target
from core.errors import ExplorerError
from core.inference.images import Images, Reads
from core.inference.predictor import Predictor
from core.lrclr.encodings import ImageEncoding, TextEncoding

MapMethod = Callable[..., NDArray[np.float32]]
"""(model, images as `Method.reads` says, target, seed) to maps (B, h, w) over the model's input."""


@dataclass(frozen=True)
class Method:
    """A saliency method."""

    title: str
    maps: MapMethod
    about: str
    reads: Reads
    reads_text: bool = True  # False: the same map for every text
    slow: bool = False  # tens of passes an image


METHODS: dict[str, Method] = {  # the first three are shown side by side on Compare
    "lrclr": Method(
        "LRCLR regions", region_weights, "Weights of the regions that make the score.", "encoding"
    ),
    "similarity": Method(
        "Patch similarity", similarity, "Cosine of each patch with the text.", "encoding"
    ),
    "gradcam": Method("Grad-CAM", gradcam, "Gradient-weighted activation.", "inputs"),
    "integrated-gradients": Method(
        "Integrated gradients", integrated_gradients, "Path integral of the gradient (captum).",
        "pixels", slow=True,
    ),
    "occlusion": Method(
        "Occlusion", occlusion, "Loss of score when a window is hidden (captum).", "pixels",
        slow=True,
    ),
    "rollout": Method(
        "Attention rollout", rollout, "Attention through all blocks; no text.", "inputs",
        reads_text=False,
    ),
    "cosine-topk": Method(
        "Best cosines", cosine_topk, "Control: softmax of the K best cosines, nothing trained.",
        "encoding",
    ),
    "fusion-untrained": Method(
        "Untrained fusion", fusion_untrained, "Control: the same reader at random weights.",
        "encoding",
    ),
    "random": Method("Random", random, "Control: noise.", "encoding"),
    "centre": Method(
        "Centre", centre, "Control: the middle of the image.", "encoding", reads_text=False
    ),
}  # fmt: skip


def attribution_maps(
    name: str,
    predictor: Predictor,
    images: Images,
    texts: list[str],
    seed: int = 0,
    explain: Callable[[TextEncoding], Target] = GlobalCosine,
) -> NDArray[np.float32]:
    """Maps (B, h, w) of B images over the model's input.

    Args:
        explain: makes the score that methods explain of the texts.

    Raises:
        ExplorerError: an unknown method, a text that is no prompt, or a gradient that is zero.
    """
    if name not in METHODS:
        raise ExplorerError(f"There is no method '{name}'; known: {', '.join(METHODS)}.")
    method = METHODS[name]
    target = explain(predictor.encode_texts(texts))
    return method.maps(predictor.model, images.read(method.reads), target, seed)


def attribute(
    name: str,
    predictor: Predictor,
    image: NDArray[np.floating],
    texts: list[str],
    seed: int = 0,
    encoding: ImageEncoding | None = None,
) -> NDArray[np.float32]:
    """Saliency (H, W) float32 in the pixels of one image (H, W) in 0..255.

    Args:
        encoding: of the image, where it is there already.

    Raises:
        ExplorerError: as `attribution_maps`.
    """
    preprocess = predictor.model.backbone.preprocess
    kept = None if encoding is None else lambda: encoding
    images = Images(predictor.model, lambda: preprocess(image)[None], kept)
    maps = attribution_maps(name, predictor, images, texts, seed)
    return preprocess.map_to_image(maps[0], (image.shape[0], image.shape[1]))
