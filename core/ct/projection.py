"""Line integrals of attenuation through a chest: the beam from behind, the detector before it.

A pixel's ray is a straight line; along it the index into the volume is linear, so that a cone, a
turned patient and a tilted gantry all are the same sum over equal steps. The picture is seen as
radiographs are: the patient's left at the right, the head up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ct.volume import AIR, CtVolume, Points
from core.phantom.detector import MU_SOFT
from core.phantom.primitives import Field, Raster

MU_WATER = MU_SOFT / 1.04
"""Per cm: soft tissue has some 40 Hounsfield units; bone is within 4 % of the phantom's."""
SOURCE_CM = 180.0
GAP_CM = 4.0
"""From the detector to the skin before it."""
_PLANE_CM = 0.3


@dataclass(frozen=True)
class Beam:
    """Source, detector and how the patient stands before it.

    Attributes:
        centre: (down, left) cm, place of the central ray.
        detector: cm back from the volume's middle; negative, for it stands before the breastbone.
        source_cm: from the detector to the source; infinite for a parallel beam.
        turn_deg: about the long axis, positive towards the patient's left.
    """

    centre: tuple[float, float]
    detector: float
    source_cm: float = SOURCE_CM
    turn_deg: float = 0.0

    def at(self, down: Field, left: Field, back: NDArray[np.floating]) -> Points:
        """Places (..., 3) on the rays to detector pixels, `back` cm behind the detector."""
        nearer = 1 - back / self.source_cm
        place = np.stack(np.broadcast_arrays(
            self.centre[0] + down * nearer, self.detector + back, self.centre[1] + left * nearer
        ), axis=-1)  # fmt: skip
        angle = np.deg2rad(self.turn_deg)
        cos, sin = np.cos(angle), np.sin(angle)
        pivot = np.array([0.0, 0.0, self.centre[1]])
        # The patient turns; the rays turn the other way through the volume.
        turned = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
        return (place - pivot) @ turned.T + pivot

    def longer(self, down: Field, left: Field) -> NDArray[np.floating]:
        """cm along a ray for each cm back."""
        return np.sqrt(1 + (down**2 + left**2) / self.source_cm**2)

    def magnification(self, back: float) -> float:
        """Of what lies so many cm behind the detector."""
        return 1 / (1 - back / self.source_cm)


def pixel_places(raster: Raster) -> tuple[Field, Field]:
    """Down (S, 1) and left (1, S) of the pixels' middles, cm from the film's middle."""
    left, down = raster.axes()
    return down - np.float32(raster.field_cm / 2), left


def for_pixels(volume: CtVolume, raster: Raster) -> CtVolume:
    """The volume as coarse as a film's pixels, in planes that no ray crosses far sideways."""
    return volume.coarser((raster.pixel, _PLANE_CM, raster.pixel))


def line_integrals(coarser: CtVolume, beam: Beam, raster: Raster) -> Field:
    """Attenuation (S, S) summed along each pixel's ray.

    Every ray crosses each coronal plane once, so that a plane is read where rays cross it, and
    counts with the way from plane to plane.

    Args:
        coarser: see `for_pixels`.
    """
    down, left = pixel_places(raster)
    start = coarser.index_of(beam.at(down, left, np.zeros((1, 1))))
    move = coarser.index_of(beam.at(down, left, np.ones((1, 1)))) - start  # for a cm of depth
    slope = move / move[..., 1:2]  # for a plane
    origin = start - slope * start[..., 1:2]
    y, x = (_Crossing(origin[..., axis], slope[..., axis], coarser.hounsfield.shape[axis])
            for axis in (0, 2))  # fmt: skip
    total = np.zeros((raster.size, raster.size), np.float32)
    for number in range(coarser.hounsfield.shape[1]):
        _add_plane(total, coarser.hounsfield[:, number], y.at(number), x.at(number))
    way = beam.longer(down, left) / move[..., 1]
    return (MU_WATER / 1000 * total * way).astype(np.float32)


class _Crossing:
    """Where rays cross planes, along one axis: index = origin + slope * plane."""

    def __init__(self, origin: Points, slope: Points, count: int) -> None:
        self._origin, self._slope = origin.astype(np.float32), slope.astype(np.float32)
        self._last = count + 1  # of the plane with a voxel more on either side

    def at(self, plane: int) -> tuple[NDArray[np.intp], Field]:
        """The voxel before each ray, and the share of the way to the next."""
        index = self._slope * np.float32(plane)
        index += self._origin
        index += 1
        np.clip(index, 0, self._last, out=index)
        before = index.astype(np.intp)
        np.minimum(before, self._last - 1, out=before)
        index -= before
        return before, index


def _add_plane(
    total: Field, plane: NDArray[np.int16], y: tuple[NDArray[np.intp], Field],
    x: tuple[NDArray[np.intp], Field],
) -> None:  # fmt: skip
    """Add a plane, in Hounsfield units above air, read between four voxels.

    Beyond its first and last slice a body goes on; beside it there is air.
    """
    framed = np.pad(plane.astype(np.float32) - AIR, ((1, 1), (0, 0)), mode="edge")
    framed = np.pad(framed, ((0, 0), (1, 1)))
    if not framed.any():
        return
    width, flat = framed.shape[1], framed.ravel()
    corner = y[0] * width
    corner += x[0]
    upper, lower = flat.take(corner), flat.take(corner + width)
    corner += 1
    upper += x[1] * (flat.take(corner) - upper)
    corner += width
    lower += x[1] * (flat.take(corner) - lower)
    lower -= upper
    lower *= y[1]
    upper += lower
    total += upper
