"""Support devices: metal and plastic on their anatomical course."""

import numpy as np

from core.phantom.anatomy import SIDES, Thorax
from core.phantom.case import Finding
from core.phantom.findings.spaces import Mask
from core.phantom.primitives import Field, ellipsoid, tubes

Point = tuple[float, float]


def support_device(thorax: Thorax, finding: Finding) -> list[Mask]:
    """Draw the device of `finding.kind`; severity is how radio-opaque it is."""
    rng = np.random.default_rng(finding.seed)
    shift = 4.0 * float(np.sin(np.deg2rad(thorax.case.rotation_deg)))
    draw = {
        "pacemaker": _pacemaker,
        "endotracheal tube": _endotracheal_tube,
        "central line": _central_line,
        "enteric tube": _enteric_tube,
    }[finding.kind]
    return [draw(thorax, finding, rng, shift)]


def _course(points: list[Point], radius: float) -> Field:
    """A smooth course through the points as tube segments (n, 5)."""
    knots = np.array(points)
    at = np.linspace(0, len(points) - 1, 6 * len(points))
    # Catmull-Rom by way of averaging: linear interpolation, smoothed twice, ends kept.
    line = np.stack([np.interp(at, range(len(points)), knots[:, axis]) for axis in (0, 1)], axis=1)
    for _ in range(4):
        line[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    width = np.full((len(line) - 1, 1), radius)
    return np.concatenate([line[:-1], line[1:], width], axis=1).astype(np.float32)


def _mask(thorax: Thorax, course: Field) -> Mask:
    wide = course.copy()
    wide[:, 4] += 0.15
    return np.asarray(tubes(thorax.raster, wide, "inside") > 0.5)


def _pacemaker(
    thorax: Thorax, finding: Finding, rng: np.random.Generator, shift: float
) -> Mask:
    sign = SIDES[finding.side]
    box = (sign * (9.6 + rng.normal(0, 0.4)), 7.4 + rng.normal(0, 0.4))
    can = ellipsoid(thorax.raster, box, (2.1, 2.4, 0.5), power=3.5)
    thorax.metal += np.minimum(can, 0.8) * (0.12 + 0.5 * finding.severity)
    into = [box, (sign * 6.0, 6.4), (sign * 2.6 + shift, 7.8), (-1.4 + shift, 10.5)]
    bottom = thorax.dome["left"]
    leads = [
        [*into, (-1.7 + shift, 15.5), (-1.2 + shift, bottom - 3.0), (4.8 + shift, bottom - 0.8)],
        [*into, (-1.9 + shift, 15.0), (-2.6 + shift, bottom - 5.5), (-1.0 + shift, bottom - 6.5)],
    ]
    mask = can > 0.2
    for lead in leads[: 1 + (finding.severity > 0.4)]:
        course = _course(lead, 0.09)
        thorax.metal += tubes(thorax.raster, course) * (0.25 + 0.75 * finding.severity)
        mask = mask | _mask(thorax, course)
    return np.asarray(mask)


def _endotracheal_tube(
    thorax: Thorax, finding: Finding, rng: np.random.Generator, shift: float
) -> Mask:
    tip = rng.uniform(8.2, 10.2)  # two to four centimetres above the carina
    points = [(0.1 + 0.3 * shift, 0.0), (0.15 + 0.3 * shift, 4.5), (0.2 + 0.35 * shift, tip)]
    course = _course(points, 0.45)
    wall = tubes(thorax.raster, course, "inside")
    bore = course.copy()
    bore[:, 4] = 0.30
    stripe = course.copy()
    stripe[:, [0, 2]] += 0.32
    stripe[:, 4] = 0.07
    thorax.soft += 0.9 * np.maximum(wall - tubes(thorax.raster, bore, "inside"), 0)
    thorax.metal += tubes(thorax.raster, stripe) * (0.3 + 0.8 * finding.severity)
    return _mask(thorax, course)


def _central_line(
    thorax: Thorax, finding: Finding, rng: np.random.Generator, shift: float
) -> Mask:
    sign = SIDES[finding.side]
    end = (-1.7 + 0.8 * shift, 14.2 + rng.uniform(-1.2, 1.2))
    cava = (-1.7 + 0.8 * shift, 10.5)
    if rng.random() < 0.5:  # by the jugular vein
        points = [(sign * 4.2, 0.0), (sign * 3.2, 4.0), (sign * 2.4 + shift, 7.6), cava, end]
    else:  # by the subclavian vein, under the clavicle
        points = [(sign * 13.0, 8.6), (sign * 8.5, 7.2), (sign * 3.2 + shift, 7.7), cava, end]
    course = _course(points, 0.12)
    thorax.metal += tubes(thorax.raster, course) * (0.18 + 0.6 * finding.severity)
    return _mask(thorax, course)


def _enteric_tube(
    thorax: Thorax, finding: Finding, rng: np.random.Generator, shift: float
) -> Mask:
    base = thorax.dome["left"]
    points = [
        (-0.3, 0.0), (-0.4 + 0.1 * shift, 7.0), (0.1, 14.0), (0.8, base - 1.0),
        (2.4, base + 2.2), (6.0 + rng.normal(0, 0.8), base + 4.8 + rng.normal(0, 0.5)),
    ]  # fmt: skip
    course = _course(points, 0.17)
    thorax.metal += tubes(thorax.raster, course) * (0.14 + 0.5 * finding.severity)
    return _mask(thorax, course)
