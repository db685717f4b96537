"""Nodules as solids in a volume: what each adds to the rays through it, and where exactly it is."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from core.ct.chest import Chest
from core.ct.projection import MU_WATER, Beam, pixel_places
from core.ct.volume import AIR, CtVolume, Points
from core.phantom.primitives import Field, Raster

SOLID_HU = 40.0
_ALONG = 48  # samples of a ray in a nodule
_WITHIN = 0.02  # cm that a sub-ray is from the next, about; 2 to 6 a pixel
Mask = NDArray[np.bool_]


class Solid(Protocol):
    """A shape about its own middle."""

    @property
    def reach(self) -> float:
        """cm from the middle that it nowhere exceeds."""

    def holds(self, points: Points) -> Mask:
        """Whether places (..., 3), cm (down, back, left) from its middle, lie in it."""


@dataclass(frozen=True)
class Ellipsoid:
    """Half axes in cm, turned at random by a seed; of three equal ones a sphere."""

    radii: tuple[float, float, float]
    seed: int = 0

    @property
    def reach(self) -> float:
        """See `Solid`."""
        return max(self.radii)

    def holds(self, points: Points) -> Mask:
        """See `Solid`."""
        turn, _ = np.linalg.qr(np.random.default_rng([self.seed, 3]).normal(size=(3, 3)))
        inside: Mask = (((points @ turn) / np.array(self.radii)) ** 2).sum(axis=-1) <= 1
        return inside


@dataclass(frozen=True)
class Nodule:
    """A solid at a place, of one density; tissue that is denser stays as it is."""

    place: tuple[float, float, float]  # cm (down, back, left) from the volume's middle
    solid: Solid
    hounsfield: float = SOLID_HU
    diameter_mm: float = 0.0
    side: str = ""  # the patient's
    zone: str = ""


def shadow(volume: CtVolume, beam: Beam, raster: Raster, nodule: Nodule) -> tuple[Field, Mask]:
    """What a nodule adds to the line integrals (S, S), and its outline on the film (S, S).

    A pixel belongs to the outline where half of it or more is in the nodule's shadow.
    """
    added, share = raster.zeros(), raster.zeros()
    rows, columns, fine = _window(beam, raster, nodule)
    if not (len(rows) and len(columns)):
        return added, share > 0
    down, left = _finer(pixel_places(raster)[0][rows, 0], raster.pixel, fine)[:, None], None
    left = _finer(pixel_places(raster)[1][0, columns], raster.pixel, fine)[None]
    reach = nodule.solid.reach
    middle = _behind(beam, nodule)
    # Along a ray the nodule's depth differs from its middle's where the patient is turned.
    depths = middle + np.linspace(-1.05, 1.05, _ALONG, dtype=np.float32) * reach
    step = float(depths[1] - depths[0])
    places = beam.at(down[..., None], left[..., None], depths[None, None])
    inside = nodule.solid.holds(places - np.array(nodule.place))
    index = np.moveaxis(volume.index_of(places[inside]), -1, 0)
    there = map_coordinates(volume.hounsfield, index, np.float32, order=1, cval=AIR)
    more = np.zeros(inside.shape, np.float32)
    more[inside] = np.maximum(nodule.hounsfield - there, 0)
    line = MU_WATER / 1000 * more.sum(axis=-1) * step * beam.longer(down, left)
    blocks = (len(rows), fine, len(columns), fine)
    window = np.ix_(rows, columns)
    added[window] = line.reshape(blocks).mean(axis=(1, 3))
    share[window] = inside.any(axis=-1).reshape(blocks).mean(axis=(1, 3))
    return added, share >= min(0.5, float(share.max()) or 1.0)


def _behind(beam: Beam, nodule: Nodule) -> float:
    """How far behind the detector a nodule's middle lies, cm."""
    angle = np.deg2rad(beam.turn_deg)
    away = nodule.place[2] - beam.centre[1]
    return float(np.cos(angle) * nodule.place[1] + np.sin(angle) * away - beam.detector)


def _window(
    beam: Beam, raster: Raster, nodule: Nodule
) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Rows and columns of the film that a nodule can reach, and sub-rays a side of a pixel."""
    angle = np.deg2rad(beam.turn_deg)
    behind = _behind(beam, nodule)
    away = nodule.place[2] - beam.centre[1]
    left = np.cos(angle) * away - np.sin(angle) * nodule.place[1]
    larger = beam.magnification(behind)
    reach = nodule.solid.reach * beam.magnification(behind + nodule.solid.reach) * 1.1
    down, across = pixel_places(raster)
    margin = reach + raster.pixel
    rows = np.flatnonzero(abs(down[:, 0] - (nodule.place[0] - beam.centre[0]) * larger) <= margin)
    columns = np.flatnonzero(abs(across[0] - left * larger) <= margin)
    return rows, columns, int(np.clip(round(raster.pixel / _WITHIN), 2, 6))


def _finer(line: Field, pixel: float, fine: int) -> Field:
    parts = ((np.arange(fine) + 0.5) / fine - 0.5) * pixel
    return (line[:, None] + parts).ravel().astype(np.float32)


def random_place(
    chest: Chest, reach: float, rng: np.random.Generator
) -> tuple[tuple[float, float, float], str, str]:
    """A place in the lungs at least `reach` cm from what is no lung, its side and its zone.

    Where the lungs are nowhere so wide, one of their widest places.
    """
    room = distance_transform_edt(chest.lungs, sampling=chest.coarse.spacing)
    open_places = np.argwhere(room >= min(reach, 0.9 * float(room.max())))
    index = open_places[int(rng.integers(len(open_places)))] + rng.uniform(-0.5, 0.5, 3)
    down, back, left = (float(value) for value in chest.coarse.place_of(index))
    top, bottom = (float(edge[0]) for edge in chest.lung_box)
    third = (down - top) / (bottom - top)
    zone = "upper" if third < 1 / 3 else "middle" if third < 2 / 3 else "lower"
    return (down, back, left), "left" if left > chest.midline else "right", zone
