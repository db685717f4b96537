"""The body without its couch, and where its lungs are: on coarse voxels, then for all."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.ct.volume import AIR, CtVolume, Points
from core.errors import ExplorerError

_COARSE_CM = 0.4
_TISSUE, _LUNG = -350, -500  # Hounsfield units: denser than this is body, thinner inside it lung
_LEAST_LITRES = 0.8  # of both lungs; those of a child of six
_BRIDGED = 3  # coarse voxels
_SLAB = 32
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Chest:
    """A volume with only the patient in it, and the lungs on its coarse voxels."""

    volume: CtVolume
    coarse: CtVolume
    lungs: Mask  # of the coarse voxels

    @cached_property
    def lung_box(self) -> tuple[Points, Points]:
        """Least and greatest place (3,) of the lungs, cm (down, back, left); no stray voxels."""
        low, high = np.percentile(
            self.coarse.place_of(np.argwhere(self.lungs)), [0.5, 99.5], axis=0
        )
        return low, high

    @cached_property
    def midline(self) -> float:
        """Between the lungs, cm left of the volume's middle."""
        return float((self.lung_box[0][2] + self.lung_box[1][2]) / 2)

    @cached_property
    def front(self) -> float:
        """Where the body begins, cm back from the volume's middle."""
        tissue = np.argwhere(self.coarse.hounsfield > _TISSUE)
        return float(np.percentile(self.coarse.place_of(tissue)[:, 1], 0.1))


def find_chest(volume: CtVolume) -> Chest:
    """Take away the couch, and find the lungs.

    Raises:
        ExplorerError: no lungs are in the volume.
    """
    coarse = volume.coarser((_COARSE_CM,) * 3)
    body = _body(coarse.hounsfield)
    lungs = _lungs(coarse, body)
    alone = np.where(body, coarse.hounsfield, AIR).astype(np.int16)
    return Chest(_only(volume, coarse, body), replace(coarse, hounsfield=alone), lungs)


def _body(hounsfield: NDArray[np.int16]) -> Mask:
    """The largest piece of tissue with what it encloses; a couch hangs on by a voxel at most."""
    tissue = ndimage.binary_opening(hounsfield > _TISSUE, iterations=1)
    pieces, count = ndimage.label(tissue)
    if not count:
        return np.ones(hounsfield.shape, bool)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    body = np.asarray(ndimage.binary_dilation(pieces == sizes.argmax(), iterations=1), bool)
    for number, plane in enumerate(body):  # lungs are closed in their plane, not at the last one
        framed = np.pad(plane, _BRIDGED)  # a wall that opening has broken is closed again
        closed = ndimage.binary_closing(framed, iterations=_BRIDGED)
        filled = ndimage.binary_fill_holes(closed)
        body[number] |= filled[_BRIDGED:-_BRIDGED, _BRIDGED:-_BRIDGED]
    return body


def _lungs(coarse: CtVolume, body: Mask) -> Mask:
    """Air inside the body: its largest pieces, without the gut's.

    Raises:
        ExplorerError: there are none of a size that lungs have.
    """
    inner = ndimage.binary_erosion(body, iterations=2) & (coarse.hounsfield < _LUNG)
    pieces, count = ndimage.label(ndimage.binary_opening(inner))
    litre = abs(float(np.linalg.det(coarse.matrix))) / 1000
    sizes = np.bincount(pieces.ravel(), minlength=count + 1).astype(float) * litre
    sizes[0] = 0
    large = np.flatnonzero(sizes > max(0.2 * sizes.max(), 0.1)) if count else np.array([], int)
    if sizes[large].sum() < _LEAST_LITRES:
        raise ExplorerError(
            f"{coarse.name} holds no lungs ({sizes.sum():.1f} litres of air inside a body); give a "
            "CT of the whole chest."
        )
    return np.isin(pieces, large)


def _only(volume: CtVolume, coarse: CtVolume, body: Mask) -> CtVolume:
    """The volume with air wherever the body is not, slab by slab."""
    steps = [round(a / b) for a, b in zip(coarse.spacing, volume.spacing, strict=True)]
    near = [np.minimum(np.arange(n) // step, m - 1) for n, step, m in
            zip(volume.hounsfield.shape, steps, body.shape, strict=True)]  # fmt: skip
    kept = np.empty(volume.hounsfield.shape, np.int16)
    for first in range(0, len(kept), _SLAB):
        part = slice(first, first + _SLAB)
        inside = body[np.ix_(near[0][part], near[1], near[2])]
        kept[part] = np.where(inside, volume.hounsfield[part], AIR)
    return replace(volume, hounsfield=kept)
