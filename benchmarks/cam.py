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
        place = "stem" if layer == "stem" else int(layer)

        def grid(tokens: Tensor, layer: str = layer) -> Tensor:
            if layer == "stem":
                return tokens
            return tokens[:, 1:].transpose(1, 2).unflatten(2, backbone.grid)

        for variant in VARIANTS:
            times: list[tuple[float, float, float]] = []
            with THEIRS[variant](scored, [module], grid) as cam:
                for film in films:
                    pixels = film.clone().requires_grad_()
                    other = seconds(lambda: cam(pixels, [lambda out: out[0]]))  # noqa: B023
                    images = Images(model, film)
                    draw = lambda: gradcam(  # noqa: B023, E731
                        model, images.inputs, score, variant=variant, layer=place
                    )
                    times.append((other, seconds(draw), seconds(draw)))
            theirs, ours, again = np.median(times[1:], axis=0)  # the first one warms up
            print(
                f"{layer:8} {variant:12} {theirs:8.3f} {ours:8.3f} {ours / theirs:6.2f} "
                f"{again:10.3f}"
            )


if __name__ == "__main__":
    main()
