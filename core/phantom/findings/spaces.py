"""Findings that change the shape of heart and pleural space."""

import numpy as np
from numpy.typing import NDArray

from core.phantom.anatomy import SIDES, Thorax, cage_half_width, lung_chord
from core.phantom.case import Finding

Mask = NDArray[np.bool_]


def sides(finding: Finding) -> list[str]:
    """The patient sides of a finding."""
    return list(SIDES) if finding.side == "bilateral" else [finding.side]


def cardiomegaly(thorax: Thorax, finding: Finding) -> list[Mask]:
    """The heart was drawn at `heart_ratio` already; its projection is the mask."""
    return [thorax.heart > 1.0]


def pneumothorax(thorax: Thorax, finding: Finding) -> list[Mask]:
    """The lung falls from apex and wall: air without markings beyond a thin pleural line."""
    side = finding.side
    apex, wall = 1.0 + 5.5 * finding.severity, 0.25 + 2.4 * finding.severity
    fallen = lung_chord(thorax.raster, thorax.case, side, apex, wall)
    before = thorax.lung[side]
    after = np.minimum(before, fallen)
    free = np.clip(1 - fallen / 0.5, 0, 1)  # 1 beyond the pleural line
    thorax.air += before - after
    thorax.lung[side] = after
    thorax.vessels[side] = thorax.vessels[side] * (fallen > 0)
    # The pleura is seen where the beam runs along it: within a millimetre or two of the edge.
    edge = np.exp(-(((fallen - 2.2) / 1.5) ** 2)) * (fallen > 0)
    thorax.soft += (0.16 + 0.5 * edge) * (before > 1.0) * (edge > 0.05) * edge
    return [(before > 0.8) & (free > 0.5)]


def effusion(thorax: Thorax, finding: Finding) -> list[Mask]:
    """Fluid that fills the sulcus first and climbs the wall in a meniscus."""
    masks = []
    x, y = thorax.raster.axes()
    uneven = np.random.default_rng(finding.seed).normal(0, 0.08, 2)
    for side, change in zip(sides(finding), uneven, strict=False):
        severity = min(max(finding.severity + change, 0.0), 1.0)
        dome = thorax.dome[side]
        lateral = np.clip(np.abs(x) / cage_half_width(dome), 0, 1)
        level = dome + 2.6 - 9.5 * severity + (2.0 + 1.2 * severity) * (1 - lateral**2)
        share = np.clip((y - level) / (1.2 + severity) + 0.5, 0, 1)
        share = share * share * (3 - 2 * share)
        taken = share * thorax.lung[side]
        thorax.lung[side] = thorax.lung[side] - taken
        thorax.vessels[side] = thorax.vessels[side] * (1 - share)
        masks.append((share * thorax.cage[side] > 1.0) & (share > 0.4))
    return masks
