"""Which rule outlines a finding best: thresholds of the region weights, and of the plain cosines.

    python benchmarks/outlines.py [--model demo] [--data phantom:val,n=150]

Mean IoU of each rule with the mask, over all cases and over the findings, best first. Rules:
Otsu's threshold, shares of the maximum, weights smoothed by a Gaussian of so many patches, cosines
above a share of their range from median to maximum, and of these the part around the heaviest
region alone. None here is chosen; `localize` measures by Otsu's threshold.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from core.attribution import attribution_maps
from core.inference.images import Images
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import prompts_for
from core.metrics.localisation import otsu_threshold
from core.specs import open_studies

Map = NDArray[np.floating]
Mask = NDArray[np.bool_]
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def outlines(
    weights: Map, cosines: Map, predictor: Predictor, shape: tuple[int, int]
) -> Iterator[tuple[str, Mask]]:
    """Masks (H, W) of every rule, of maps (h, w) of patches."""
    fit = predictor.model.backbone.preprocess.map_to_image
    for name, sigma in {"weights": 0.0, "smoothed 0.5": 0.5, "smoothed 1.2": 1.2}.items():
        map_ = fit(gaussian_filter(weights, sigma) if sigma else weights, shape)
        yield f"{name}, Otsu", map_ >= otsu_threshold(map_)
        for share in _SHARES[:5]:
            yield f"{name} >= {share} of the maximum", map_ >= share * map_.max()
    heaviest = fit(weights, shape)
    peak = np.unravel_index(heaviest.argmax(), shape)
    map_ = fit(cosines, shape)
    yield "cosines, Otsu", map_ >= otsu_threshold(map_)
    middle = np.median(map_)
    scaled = (map_ - middle) / max(float(map_.max() - middle), 1e-9)
    for share in _SHARES[3:]:
        yield f"cosines >= {share} of their range", scaled >= share
        parts, _ = label(scaled >= share * scaled[peak], np.ones((3, 3)))
        yield f"... around the heaviest region, {share} of its", parts == parts[peak]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="demo")
    parser.add_argument("--data", default="phantom:val,n=150")
    options = parser.parse_args()
    predictor, studies = load_predictor(options.model), open_studies(options.data)
    found: dict[str, dict[str, list[float]]] = {}
    for row in range(len(studies)):
        masks = {name: mask for name, mask in studies.masks(row).items() if mask.any()}
        if not masks:
            continue
        pixels = predictor.model.backbone.preprocess(studies.image(row))
        images = Images(predictor.model, pixels[None])
        for finding, mask in masks.items():
            prompts = prompts_for([finding])[finding]
            weights, cosines = (
                attribution_maps(way, predictor, images, list(prompts.positive), 0,
                                 prompts.negative)[0]
                for way in ("lrclr", "similarity")
            )  # fmt: skip
            shape = (mask.shape[0], mask.shape[1])
            for rule, chosen in outlines(weights, cosines, predictor, shape):
                overlap = float((chosen & mask).sum() / (chosen | mask).sum())
                found.setdefault(rule, {}).setdefault(finding, []).append(overlap)
    cases = sum(map(len, next(iter(found.values())).values()))
    print(f"{options.model} on {options.data}, {cases} cases\n{'rule':48} {'cases':>6} findings")
    means = {rule: (np.mean(sum(by.values(), [])), np.mean([np.mean(v) for v in by.values()]))
             for rule, by in found.items()}  # fmt: skip
    for rule, (pooled, by_finding) in sorted(means.items(), key=lambda one: -one[1][0]):
        print(f"{rule:48} {pooled:6.3f} {by_finding:8.3f}")


if __name__ == "__main__":
    main()
