"""Seconds a Grad-CAM: ours beside pytorch-grad-cam's, on the same model, layer and score.

    python benchmarks/cam.py --model demo --data phantom:val,n=16

Both begin with the pixels of one film and end with a map on the grid's size or larger, on the CPU.
Theirs hooks the layer and differentiates down to the pixels; ours begins the graph at the layer and
keeps the frozen stem's maps for the next text. Printed is the median of the films and our time as a
share of theirs; below 1 ours is quicker.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM
from torch import Tensor, nn

from core.attribution.cam import VARIANTS
from core.attribution.gradcam import gradcam
from core.attribution.target import Target, zero_shot_score
from core.backbones.compact import CompactBackbone
from core.inference.images import Images
from core.inference.map_choice import Layer
from core.inference.predictor import load_predictor
from core.inference.prompts import against_negation
from core.lrclr.model import LRCLR
from core.specs import open_studies

THEIRS = {"gradcam": GradCAM, "gradcam++": GradCAMPlusPlus, "hirescam": HiResCAM,
          "layercam": LayerCAM}  # fmt: skip


class Scores(nn.Module):
    """Pixels to class scores (B, 1), as pytorch-grad-cam takes a model."""

    def __init__(self, model: LRCLR, score: Target) -> None:
        super().__init__()
        self.model, self.score = model, score

    def forward(self, pixels: Tensor) -> Tensor:
        """Scores of the one text."""
        return self.score(self.model, self.model.encode_image(pixels))[:, None]


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="demo")
    parser.add_argument("--data", default="phantom:val,n=16")
    parser.add_argument("--prompt", default="left pleural effusion")
    parser.add_argument("--score", default="lrclr")
    given = parser.parse_args()
    predictor, studies = load_predictor(given.model), open_studies(given.data)
    model, backbone = predictor.model, predictor.model.backbone
    if not isinstance(backbone, CompactBackbone):
        parser.error("their hooks need a module before the layer: give a model of ours")
    score = zero_shot_score(given.score, against_negation([given.prompt]), predictor.encode_texts)
    scored = Scores(model, score)
    films = [backbone.preprocess(studies.image(row))[None] for row in range(len(studies))]
    print(f"{given.model}, {given.data}, score {given.score}, {torch.get_num_threads()} threads")
    print(f"{'layer':8} {'variant':12} {'theirs':>8} {'ours':>8} {'ratio':>6} {'next text':>10}")
    places = {"stem": backbone.stem, **{str(n + 1): b for n, b in enumerate(backbone.blocks[:-1])}}
    for layer, module in places.items():
        for variant in VARIANTS:
            row = [measure(scored, film, (layer, module, variant)) for film in films]
            theirs, ours, again = np.median(row[1:], axis=0)  # the first one warms up
            print(
                f"{layer:8} {variant:12} {theirs:8.3f} {ours:8.3f} {ours / theirs:6.2f} "
                f"{again:10.3f}"
            )


def measure(
    scored: Scores, film: Tensor, what: tuple[str, nn.Module, str]
) -> tuple[float, float, float]:
    """Seconds of theirs, of ours, and of ours for another text of the same film."""
    layer, module, variant = what
    model = scored.model

    def grid(tokens: Tensor) -> Tensor:
        if layer == "stem":
            return tokens
        return tokens[:, 1:].transpose(1, 2).unflatten(2, model.backbone.grid)

    pixels = film.clone().requires_grad_()
    with THEIRS[variant](scored, [module], grid) as cam:
        theirs = seconds(lambda: cam(pixels, [lambda out: out[0]]))
    images = Images(model, film)
    place: Layer = "stem" if layer == "stem" else int(layer)

    def ours() -> object:
        return gradcam(model, images.inputs, scored.score, variant=variant, layer=place)

    return theirs, seconds(ours), seconds(ours)


if __name__ == "__main__":
    main()
