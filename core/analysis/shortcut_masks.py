"""Parts of a film that no diagnosis should hang on, controls of the same size and shape, a filling.

A masked part is filled with the film's local mean: what is in it is gone, and the brightness around
it stays. Black, or one grey for all films, would be a new sign with hard edges that a model can
read; the mean over the whole film would be one on a dark or a bright part.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation, gaussian_filter

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]

DEVICE = "Support Devices"
_STRIP, _CORNER = 0.06, 0.14  # of the shorter side
_HALO = 0.008  # around a device's truth: its blurred edge gives it away
_COARSE = 128  # the long side on which a local mean is taken
_REACH = 0.05  # of the long side: how far "local" reaches (standard deviation)
_TRIES, _OVERLAP = 16, 0.25
_LOOK = 64  # the long side on which places are tried


def _device(image: Pixels, truth: Mapping[str, Mask]) -> Mask | None:
    mask = truth.get(DEVICE)
    if mask is None or not mask.any():
        return None
    return np.asarray(binary_dilation(mask, iterations=max(round(_HALO * max(mask.shape)), 1)))


def _text(image: Pixels, truth: Mapping[str, Mask]) -> Mask | None:
    from core.intake.burned_in import text_boxes  # with pydicom, which few sets need

    mask = np.zeros(image.shape, bool)
    for x, y, width, height in text_boxes(image):
        mask[y : y + height, x : x + width] = True
    return mask if mask.any() else None


def _border(image: Pixels, truth: Mapping[str, Mask]) -> Mask:
    mask, wide = np.ones(image.shape, bool), max(round(_STRIP * min(image.shape)), 1)
    mask[wide:-wide, wide:-wide] = False
    return mask


def _corners(image: Pixels, truth: Mapping[str, Mask]) -> Mask:
    mask, wide = np.zeros(image.shape, bool), max(round(_CORNER * min(image.shape)), 1)
    for rows in (slice(0, wide), slice(-wide, None)):
        for columns in (slice(0, wide), slice(-wide, None)):
            mask[rows, columns] = True
    return mask


def _half(first: bool) -> Callable[[Pixels, Mapping[str, Mask]], Mask]:
    def half(image: Pixels, truth: Mapping[str, Mask]) -> Mask:
        mask, middle = np.zeros(image.shape, bool), image.shape[1] // 2
        mask[:, :middle] = first
        mask[:, middle:] = not first
        return mask

    return half


REGIONS: dict[str, tuple[str, Callable[[Pixels, Mapping[str, Mask]], Mask | None]]] = {
    "device": ("devices, where the set has their place", _device),
    "text": ("printed lines as `import` finds them; no single letters", _text),
    "border": ("a strip of 6 % along the four edges", _border),
    "corners": ("four squares of 14 %, where letters for the side lie", _corners),
    "right half": ("the half with the patient's right lung, on the image's left", _half(True)),
    "left half": ("the half with the patient's left lung", _half(False)),
}
"""What can be masked: what it is, and its mask (H, W) of an image in 0..255 and its truth by
CheXpert name; None where a film has none."""


def region_mask(name: str, image: Pixels, truth: Mapping[str, Mask]) -> Mask | None:
    """The mask (H, W) of one of REGIONS; None where the film has no such part."""
    return REGIONS[name][1](image, truth)


def elsewhere(mask: Mask, rng: np.random.Generator) -> Mask:
    """A random part of the same size and shape: mirrored or not, moved, rolled over the edges.

    What leaves at one edge enters at the other, so that size and shape stay. Of some places the
    first that covers less than a quarter of the part itself, else the one that covers least.
    """
    step = max(math.ceil(max(mask.shape) / _LOOK), 1)
    coarse = mask[::step, ::step]
    best, least = (1, 1, 0, 0), math.inf
    for _ in range(_TRIES):
        down, across = (int(rng.choice((1, -1))) for _ in range(2))
        shift = tuple(int(rng.integers(side)) for side in mask.shape)
        moved = np.roll(coarse[::down, ::across], (shift[0] // step, shift[1] // step), (0, 1))
        overlap = float((moved & coarse).sum()) / max(float(coarse.sum()), 1.0)
        if overlap < least:
            best, least = (down, across, shift[0], shift[1]), overlap
        if overlap < _OVERLAP:
            break
    down, across, rows, columns = best
    return np.roll(mask[::down, ::across], (rows, columns), (0, 1))


def filled(image: Pixels, mask: Mask) -> Pixels:
    """The image (H, W) with the mask's pixels made the mean of what lies around them.

    Weights fall with distance (Gaussian of 5 % of the long side); far inside a large mask it is the
    mean of all that is left of the film. Taken on a coarse film, so that large ones cost little.
    """
    if mask.all():
        return np.full_like(image, image.mean())
    step = max(math.ceil(max(image.shape) / _COARSE), 1)
    seen = (~mask).astype(np.float32)
    weight, total = (_reduced(values, step) for values in (seen, image * seen))
    reach = _REACH * max(weight.shape)
    rest, little = float(image[~mask].mean()), 1e-3
    near = gaussian_filter(total, reach, mode="nearest") + little * rest
    near /= gaussian_filter(weight, reach, mode="nearest") + little
    size = (image.shape[1], image.shape[0])
    fine = Image.fromarray(near.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.where(mask, np.asarray(fine, np.float32), image)


def _reduced(values: Pixels, step: int) -> Pixels:
    return np.asarray(Image.fromarray(values).reduce(step) if step > 1 else values, np.float32)
