"""Where findings usually are: the control that knows the training set's truth and no image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.attribution.controls import mean_location
from core.progress import Progress
from core.studies import StudySet
from core.studies.study import Mask

_SIDE = 224  # the priors' own grid; images of every shape are stretched to it


@dataclass(frozen=True)
class LocationPrior:
    """Where the findings of a training set lie."""

    source: str  # spec of the set
    maps: dict[str, NDArray[np.float32]]  # (side, side), share of the masks over each place
    cases: dict[str, int]  # masks behind each map


def location_prior(studies: StudySet, progress: Progress | None = None) -> LocationPrior:
    """Mean mask of each finding over a set that is not the one evaluated."""
    masks: dict[str, list[Mask]] = {}
    for row in range(len(studies)):
        for name, mask in studies.masks(row).items():
            masks.setdefault(name, []).append(_stretch(mask.astype(np.float32), _SIDE, _SIDE) > 0.5)
        if progress:
            progress(row + 1, len(studies))
    return LocationPrior(
        studies.spec,
        {name: mean_location(parts) for name, parts in masks.items()},
        {name: len(parts) for name, parts in masks.items()},
    )


def prior_map(
    prior: LocationPrior, finding: str, shape: tuple[int, int]
) -> NDArray[np.float32] | None:
    """The prior of a finding over an image (H, W); None where training never showed it."""
    return _stretch(prior.maps[finding], *shape) if finding in prior.maps else None


def _stretch(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    if values.shape == (height, width):
        return values
    resized = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32)
