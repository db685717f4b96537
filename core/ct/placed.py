"""Nodules at random places of a chest's lungs, and what a report would say of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.ct.chest import Chest
from core.ct.nodule import SOLID_HU, Ellipsoid, Nodule, Solid, random_place
from core.ct.outlines import OutlinedNodule, outline_solid, read_outlined
from core.errors import ExplorerError

MASS_MM = 30.0
_AREAS = {"upper": "upper lung zone", "middle": "mid lung zone", "lower": "lower lung zone"}


def drawn_nodule(chest: Chest, mm: tuple[float, float], rng: np.random.Generator) -> Nodule:
    """An ellipsoid of soft tissue, its widest diameter drawn evenly between two."""
    widest = float(rng.uniform(*mm)) / 20
    radii = widest * np.array([1.0, *rng.uniform(0.75, 1.0, 2)])
    solid = Ellipsoid((float(radii[0]), float(radii[1]), float(radii[2])), int(rng.integers(2**31)))
    place, side, zone = random_place(chest, solid.reach, rng)
    return Nodule(place, solid, SOLID_HU, 20 * widest, side, zone)


def any_outlined(
    chest: Chest, database: Path, mm: tuple[float, float], rng: np.random.Generator
) -> Nodule:
    """One of the outlined nodules of such a diameter, at random.

    Raises:
        ExplorerError: there is none, or the database cannot be read.
    """
    fits = [one for one in read_outlined(database) if mm[0] <= one.diameter_mm <= mm[1]]
    if not fits:
        raise ExplorerError(
            f"No outlined nodule is {mm[0]:g} to {mm[1]:g} mm wide; write another mm=."
        )
    one = fits[int(rng.integers(len(fits)))]
    return place_outlined(chest, one, outline_solid(database, one.number), rng)


def place_outlined(
    chest: Chest, one: OutlinedNodule, solid: Solid, rng: np.random.Generator
) -> Nodule:
    """An outlined nodule at a random place."""
    place, side, zone = random_place(chest, solid.reach, rng)
    return Nodule(place, solid, one.hounsfield, one.diameter_mm, side, zone)


def kind_of_nodule(nodule: Nodule) -> str:
    """Nodule, or mass from 3 cm on."""
    return "mass" if nodule.diameter_mm >= MASS_MM else "nodule"


def true_sentences(nodules: Sequence[Nodule]) -> list[str]:
    """One for each nodule, or that there is none."""
    return [
        f"There is a {kind_of_nodule(one)} in the {one.side} {_AREAS[one.zone]}." for one in nodules
    ] or ["No pulmonary nodule."]
