"""Saliency of an image for texts: one method a file, one signature, the same pixels out.

A method explains a `Target`: a zero-shot score that can be chosen, so that maps side by side
explain the same one. It says in which form it reads the images (`Reads`), so that what is encoded
already is not encoded again. Maps lie on the patch grid or on the pixels; `attribute` brings
them to the image. Nothing is hooked into the model, which other threads may use meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.attribution.cam import VARIANTS
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
from core.attribution.relevance import relevance
from core.attribution.rollout import rollout
from core.attribution.target import GlobalCosine, Target, zero_shot_score
from core.errors import ExplorerError
from core.inference.images import Images, Reads
from core.inference.map_choice import FAMILY, Choice, Layer
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, against_negation
from core.lrclr.encodings import ImageEncoding

MapMethod = Callable[..., NDArray[np.float32]]
"""(model, images as `Method.reads` says, target, seed) to maps (B, h, w) over the model's input;
the Grad-CAM family also takes `variant` and `layer`."""

Kind = Literal["ours", "gradcam", "other", "control"]
"""What LRCLR shows; its rivals of two kinds; and what any method must beat."""

DEFAULT_SCORE = "lrclr"
"""What a map explains where nothing was stored or asked for: the score that pages show."""
DEFAULT_VARIANT = "layercam"
"""Of Grad-CAM where nothing was stored: the best of the family on `demo` and phantoms."""


@dataclass(frozen=True)
class Method:
    """A saliency method."""

    title: str
    maps: MapMethod
    about: str
    reads: Reads
    kind: Kind = "control"
    reads_text: bool = True  # False: the same map for every text
    explains: bool = False  # a score that can be chosen
    slow: bool = False  # tens of passes an image


METHODS: dict[str, Method] = {  # the first three are shown side by side on Compare
    "lrclr": Method(
        "LRCLR regions", region_weights, "Weights of the regions that make the score.", "encoding",
        "ours",
    ),
    "similarity": Method(
        "Patch similarity", similarity, "Cosine of each patch with the text.", "encoding"
    ),
    "gradcam": Method(
        "Grad-CAM", gradcam, "Gradient-weighted activation.", "inputs", "gradcam", explains=True
    ),
    "integrated-gradients": Method(
        "Integrated gradients", integrated_gradients, "Path integral of the gradient (captum).",
        "pixels", "other", explains=True, slow=True,
    ),
    "occlusion": Method(
        "Occlusion", occlusion, "Loss of score when a window is hidden (captum).", "pixels",
        "other", explains=True, slow=True,
    ),
    "rollout": Method(
        "Attention rollout", rollout, "Attention through all blocks; no text.", "inputs", "other",
        reads_text=False,
    ),
    "relevance": Method(
        "Relevance", relevance, "Attention weighed by its gradient (Chefer et al., 2021).",
        "inputs", "other", explains=True,
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


def method_of(spec: str) -> Method:
    """The method that a choice in words names, such as `occlusion:global`.

    Raises:
        ExplorerError: an unknown method, variant or score, or one that explains no score.
    """
    choice = Choice.parse(spec)
    if choice.method not in METHODS:
        raise ExplorerError(
            f"There is no method '{choice.method[:60]}'; known: {', '.join(METHODS)}."
        )
    method = METHODS[choice.method]
    if choice.score and not method.explains:
        able = ", ".join(name for name, entry in METHODS.items() if entry.explains)
        raise ExplorerError(
            f"{choice.method} explains no score of your choice, as '{spec[:80]}' asks; these do: "
            f"{able}."
        )
    if choice.variant and choice.variant not in VARIANTS:
        raise ExplorerError(
            f"There is no variant '{choice.variant[:60]}' of Grad-CAM; known: "
            f"{', '.join(VARIANTS)}."
        )
    return method


def choose(spec: str, predictor: Predictor) -> Choice:
    """A choice with nothing left open: what it does not say is what was stored with the model.

    Raises:
        ExplorerError: as `method_of`.
    """
    method, asked, stored = method_of(spec), Choice.parse(spec), predictor.map_search
    if not method.explains or (asked.score and asked.method != FAMILY) or asked.variant:
        return asked
    best = stored.best((asked.method,), asked.score) if stored else None
    if best is not None:
        return best
    asked = replace(asked, score=asked.score or DEFAULT_SCORE)
    if asked.method == FAMILY:
        # Where places still stand for themselves, and every score reads them.
        early: Layer = "local" if predictor.model.backbone.stem is not None else 0
        return replace(asked, variant=DEFAULT_VARIANT, layer=early)
    return asked


def attribution_maps(
    name: str,
    predictor: Predictor,
    images: Images,
    texts: list[str],
    seed: int = 0,
    negative: Sequence[str] = (),
) -> NDArray[np.float32]:
    """Maps (B, h, w) of B images over the model's input.

    Args:
        name: a method, or a choice in words (`core.inference.map_choice`).
        negative: prompts that the score holds against the texts; by default their plain negations.

    Raises:
        ExplorerError: an unknown method, a text that is no prompt, or a gradient that is zero.
    """
    choice = choose(name, predictor)
    method = METHODS[choice.method]
    more: dict[str, Any] = {}
    if choice.method == FAMILY:
        more = {"variant": choice.variant, "layer": choice.layer}
    target: Target
    if method.explains:
        stated = FindingPrompts(tuple(texts), tuple(negative)) if negative else None
        sides = stated or against_negation(texts)
        target = zero_shot_score(choice.score, sides, predictor.encode_texts)
    else:
        target = GlobalCosine(predictor.encode_texts(texts))
    return method.maps(predictor.model, images.read(method.reads), target, seed, **more)


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
        name: as in `attribution_maps`.
        encoding: of the image, where it is there already.

    Raises:
        ExplorerError: as `attribution_maps`.
    """
    preprocess = predictor.model.backbone.preprocess
    kept = None if encoding is None else lambda: encoding
    images = Images(predictor.model, lambda: preprocess(image)[None], kept)
    maps = attribution_maps(name, predictor, images, texts, seed)
    return preprocess.map_to_image(maps[0], (image.shape[0], image.shape[1]))
