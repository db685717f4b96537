"""Fractures: a step, a gap and, when severe, more than one rib."""

from dataclasses import replace

import numpy as np

from core.phantom.anatomy import Rib, Thorax, rib_bone
from core.phantom.case import Finding
from core.phantom.findings.spaces import Mask

_RIBS = {"upper": (3, 4), "middle": (5, 6), "lower": (7, 8)}


def fracture(thorax: Thorax, finding: Finding) -> list[Mask]:
    """Break the clavicle, or one to three neighbouring posterior ribs."""
    rng = np.random.default_rng(finding.seed)
    bones = {rib.number: rib for rib in thorax.ribs if rib.side == finding.side}
    severity = finding.severity
    if finding.kind == "clavicle":
        place = rng.uniform(0.38, 0.55)
        return [_break(thorax, bones[0], place, 0.35 + 0.95 * severity, 0.25 + 0.5 * severity)]
    first = int(rng.choice(_RIBS[finding.zone]))
    count = 1 + (severity > 0.45) + (severity > 0.75)
    place = rng.uniform(0.50, 0.85)
    mask = np.zeros((thorax.raster.size,) * 2, bool)
    for number in range(first, first + count):
        where = place + rng.normal(0, 0.03)
        step, gap = 0.30 + 0.70 * severity, 0.20 + 0.45 * severity
        mask |= _break(thorax, bones[number], where, step, gap)
    return [mask]


def _break(thorax: Thorax, rib: Rib, share: float, step: float, gap: float) -> Mask:
    """Displace what lies beyond `share` of a bone by `step` cm down, with a gap between."""
    x, y = thorax.raster.axes()
    run = rib.end[0] - rib.start[0]
    at = rib.start[0] + share * run
    beyond = (x - at) * np.sign(run)  # cm past the break
    height, _ = rib.height(np.array([[at]], np.float32))
    moved = replace(
        rib, start=(rib.start[0], rib.start[1] + step), end=(rib.end[0], rib.end[1] + step)
    )
    old, new = rib_bone(thorax.raster, rib), rib_bone(thorax.raster, moved)
    # The far fragment returns to its place over 6 cm, held by its neighbours.
    displaced = np.clip(beyond / 0.1, 0, 1) * np.clip(1 - (beyond - 1.5) / 4.5, 0, 1)
    change = displaced * (new - old)
    open_gap = np.abs(beyond) < gap / 2
    thorax.bone += np.where(open_gap, -old, change)
    near = (x - at) ** 2 + (y - float(height[0, 0]) - step / 2) ** 2
    return np.asarray(near < (0.95 + step / 2) ** 2)
