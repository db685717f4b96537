"""From a case to its radiograph, masks and boxes."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.phantom.anatomy import build_thorax
from core.phantom.case import Case
from core.phantom.detector import attenuation, expose
from core.phantom.findings import DRAWERS
from core.phantom.findings.spaces import Mask
from core.phantom.primitives import FIELD_CM, Raster


@dataclass(frozen=True)
class Rendering:
    """One phantom radiograph with its exact truth."""

    image: NDArray[np.uint8]  # (S, S), dense is bright
    masks: dict[str, Mask]  # by CheXpert name, union of its instances
    boxes: list[dict[str, str | float]]  # label, x, y, w, h in pixels, one for each instance
    organs: dict[str, Mask] = field(default_factory=dict)  # left lung, right lung, heart


def render(case: Case, size: int = 224, organs: bool = False) -> Rendering:
    """Draw a case; the same case gives the same anatomy at every size.

    Args:
        size: side in pixels of the 37 cm field; `case.scale` magnifies the patient.
        organs: whether to give the organs' masks too.
    """
    raster = Raster(size, FIELD_CM / case.scale)
    thorax = build_thorax(case, raster)
    cage = {f"{side} lung": lung > 0.5 for side, lung in thorax.lung.items()} if organs else {}
    masks: dict[str, Mask] = {}
    boxes: list[dict[str, str | float]] = []
    for name, draw in DRAWERS.items():
        for finding in case.of(name):
            for mask in draw(thorax, finding):
                masks[name] = masks[name] | mask if name in masks else mask
                boxes += box_of(name, mask)
    image = expose(attenuation(thorax), raster, case, noise_source(case, size))
    if organs:
        cage["heart"] = thorax.heart > 1.0
    return Rendering(image, masks, boxes, cage)


def noise_source(case: Case, size: int) -> np.random.Generator:
    """The noise of one exposure of a case on a detector of so many pixels a side."""
    again = [case.repeat] if case.repeat else []
    return np.random.default_rng([case.seed, 13, size, *again])


def box_of(name: str, mask: Mask) -> list[dict[str, str | float]]:
    """The box of one instance's mask, in pixels; none of an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    x, y = float(columns[0]), float(rows[0])
    return [{"label": name, "x": x, "y": y, "w": float(columns[-1] + 1 - x),
             "h": float(rows[-1] + 1 - y)}]  # fmt: skip
