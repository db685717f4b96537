"""A CT volume in the patient's own directions, whatever order its file has.

Everything behind this file knows three axes: *down* to the feet, *back* from the breastbone, *left*
to the patient's left. A file's axes are turned into these by its affine; what a gantry's tilt or an
oblique plane leaves is kept as a matrix, and rays are bent into it instead of resampling.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError

Points = NDArray[np.float64]
AIR, DENSEST = -1000, 3071
"""Hounsfield units that are kept; padding below air is air."""
MOST_VOXELS = 2**28
"""Of a volume: 512 x 512 x 1024, half a gigabyte at two bytes each."""
_SLAB = 32  # slices that are worked on at once

# From (right, front, up), as NIfTI counts, to (down, back, left).
_TURN = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]], float)


@dataclass(frozen=True)
class CtVolume:
    """Hounsfield units with their place in the patient.

    Attributes:
        hounsfield: (down, back, left) int16, AIR to DENSEST.
        matrix: (3, 3), cm along (down, back, left) for one step of each index; near diagonal.
        name: of its file, for sentences.
    """

    hounsfield: NDArray[np.int16]
    matrix: Points
    name: str = "The CT"

    @cached_property
    def spacing(self) -> tuple[float, float, float]:
        """cm between neighbours of each axis."""
        sides = np.linalg.norm(self.matrix, axis=0)
        return float(sides[0]), float(sides[1]), float(sides[2])

    def index_of(self, points: Points) -> Points:
        """Indices (..., 3) of places (..., 3) in cm from the middle of the volume."""
        middle = (np.array(self.hounsfield.shape) - 1) / 2
        return points @ np.linalg.inv(self.matrix).T + middle

    def place_of(self, index: NDArray[Any]) -> Points:
        """Places (..., 3) in cm from the middle of the volume, of indices (..., 3)."""
        middle = (np.array(self.hounsfield.shape) - 1) / 2
        return (np.asarray(index, float) - middle) @ self.matrix.T

    def coarser(self, cm: tuple[float, float, float]) -> "CtVolume":
        """Means of blocks, as many voxels as fit into so many cm on each axis; itself if none."""
        steps = [max(int(one / side), 1) for one, side in zip(cm, self.spacing, strict=True)]
        steps = [min(step, n) for step, n in zip(steps, self.hounsfield.shape, strict=True)]
        if steps == [1, 1, 1]:
            return self
        counts = [n // step for n, step in zip(self.hounsfield.shape, steps, strict=True)]
        out = np.empty(counts, np.int16)
        chunk = max(_SLAB // steps[0], 1)
        for first in range(0, counts[0], chunk):
            last = min(first + chunk, counts[0])
            slab = self.hounsfield[first * steps[0] : last * steps[0],
                                   : counts[1] * steps[1], : counts[2] * steps[2]]  # fmt: skip
            blocks = slab.reshape(last - first, steps[0], counts[1], steps[1], counts[2], steps[2])
            out[first:last] = np.rint(blocks.mean(axis=(1, 3, 5), dtype=np.float32))
        # A remainder that is cut off moves the middle by less than half a block, which counts.
        cut = [(c * s - n) / 2 for c, s, n in
               zip(counts, steps, self.hounsfield.shape, strict=True)]  # fmt: skip
        return _Shifted(out, self.matrix * steps, self.name, tuple(self.matrix @ np.array(cut)))


@dataclass(frozen=True)
class _Shifted(CtVolume):
    """A volume whose middle is not where the places are counted from."""

    away: tuple[float, ...] = (0.0, 0.0, 0.0)

    def index_of(self, points: Points) -> Points:
        return CtVolume.index_of(self, points - np.array(self.away))

    def place_of(self, index: NDArray[Any]) -> Points:
        return CtVolume.place_of(self, index) + np.array(self.away)


def from_affine(values: NDArray[np.int16], affine: Points, name: str) -> CtVolume:
    """A volume of an array and its affine.

    Args:
        values: (I, J, K), Hounsfield units in any order of axes.
        affine: (4, 4), millimetres to the patient's right, front and head, as NIfTI has it.

    Raises:
        ExplorerError: the affine is none: axes that coincide, or steps that no CT has.
    """
    steps = _TURN @ np.asarray(affine, float)[:3, :3] / 10  # cm of (down, back, left) per index
    sides = np.linalg.norm(steps, axis=0)
    flat = not np.isfinite(steps).all() or (sides <= 0).any()
    if flat or abs(np.linalg.det(steps / np.where(sides > 0, sides, 1))) < 0.5:
        raise ExplorerError(
            f"{name} does not say which way its axes point (its affine is degenerate); convert it "
            "again from the DICOM series."
        )
    if (sides < 0.01).any() or (sides > 2).any():
        told = " x ".join(f"{10 * side:.3g}" for side in sides)
        raise ExplorerError(
            f"{name} has voxels of {told} mm; those of a CT are between 0.1 and 20. Check the unit "
            "of its header."
        )
    order = _nearest_axes(steps / sides)
    turned, matrix = np.transpose(values, order), steps[:, order]
    for axis in range(3):
        if matrix[axis, axis] < 0:
            turned = np.flip(turned, axis)
            matrix = matrix * np.where(np.arange(3) == axis, -1.0, 1.0)
    return CtVolume(turned, matrix, name)


def _nearest_axes(directions: Points) -> list[int]:
    """For each of down, back, left the axis of the file that runs along it; each once."""

    def along(order: Iterable[int]) -> float:
        return float(abs(directions[range(3), list(order)]).sum())

    return list(max(permutations(range(3)), key=along))


def check_count(name: str, shape: tuple[int, ...]) -> None:
    """Refuse a volume that would not fit, before anything of it is decoded.

    Raises:
        ExplorerError: no volume by its shape, or over `MOST_VOXELS`.
    """
    told = " x ".join(map(str, shape))
    if len(shape) != 3 or min(shape) < 8:
        raise ExplorerError(
            f"{name} holds {told} voxels; a CT of the chest has three axes of 8 or more each."
        )
    if int(np.prod([int(n) for n in shape], dtype=object)) > MOST_VOXELS:
        raise ExplorerError(
            f"{name} holds {told} voxels, over the limit of {MOST_VOXELS // 2**20} million; "
            "cut it to the chest, or make it coarser."
        )


def limited(values: NDArray[np.generic]) -> NDArray[np.int16]:
    """Hounsfield units as they are kept; what is no number is air."""
    clean = np.nan_to_num(np.asarray(values, np.float32), nan=AIR, posinf=DENSEST, neginf=AIR)
    return np.rint(np.clip(clean, AIR, DENSEST)).astype(np.int16)


def check_hounsfield(volume: CtVolume) -> CtVolume:
    """The volume, where it can be a CT of a body.

    Raises:
        ExplorerError: its values are no Hounsfield units, for air or tissue is missing.
    """
    sample = volume.hounsfield[::4, ::4, ::4]
    air, tissue = float((sample < -500).mean()), float((abs(sample) < 200).mean())
    if air < 0.02 or tissue < 0.02:
        raise ExplorerError(
            f"{volume.name} has {air:.0%} air and {tissue:.0%} soft tissue by its values, so they "
            "are no Hounsfield units of a chest; give the CT itself, not a mask or a windowed copy."
        )
    return replace(volume, hounsfield=np.ascontiguousarray(volume.hounsfield))
