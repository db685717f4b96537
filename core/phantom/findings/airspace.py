"""Findings inside the lung: tissue or fluid takes the place of air."""

import numpy as np
from scipy.ndimage import zoom

from core.phantom.anatomy import SIDES, Thorax
from core.phantom.case import Finding
from core.phantom.findings.spaces import Mask, sides
from core.phantom.primitives import Field, ellipsoid, tubes

_HEIGHT = {"apical": 7.0, "upper": 9.2, "middle": 14.8}  # cm from the top; lower is by the dome


def _height(thorax: Thorax, zone: str, side: str) -> float:
    return _HEIGHT.get(zone, thorax.dome[side] - 3.4)


def _fill(thorax: Thorax, side: str, share: Field) -> None:
    """Turn a share (0..1) of the lung's air into tissue; vessels sink in it."""
    thorax.lung[side] = thorax.lung[side] * (1 - share)
    thorax.vessels[side] = thorax.vessels[side] * (1 - np.minimum(1.5 * share, 1))


def _cloud(thorax: Thorax, rng: np.random.Generator) -> Field:
    """Smooth noise (S, S) with mean 1: the same clouds at every size."""
    coarse = rng.normal(0, 1, (20, 20)).astype(np.float32)
    size = thorax.raster.size
    fine = zoom(coarse, size / 20, order=1, mode="nearest", grid_mode=True)[:size, :size]
    return np.clip(1 + 0.33 * fine, 0.2, 1.8).astype(np.float32)


def _bump(thorax: Thorax, x0: float, y0: float, rx: float, ry: float, turn: float = 0.0) -> Field:
    """A smooth-edged patch (S, S) in 0..1."""
    chord = ellipsoid(thorax.raster, (x0, y0), (1.25 * rx, 1.25 * ry, 0.5), turn)
    return chord * chord * (3 - 2 * chord)


def consolidation(thorax: Thorax, finding: Finding) -> list[Mask]:
    """Lobar: one large opacity with air bronchograms; patchy: several soft ones."""
    rng = np.random.default_rng(finding.seed)
    masks = []
    for side in sides(finding):
        sign = SIDES[side]
        y0 = _height(thorax, finding.zone, side) + rng.normal(0, 0.5)
        x0 = sign * (7.0 + rng.uniform(-0.8, 0.8))
        size = 0.85 + 0.3 * finding.severity
        if finding.kind == "lobar" and finding.zone == "middle":
            x0, y0 = sign * 6.4, thorax.dome[side] - 4.8
        x0, y0 = finding.place or (x0, y0)
        if finding.kind == "lobar":
            patch = _bump(thorax, x0, y0, 4.3 * size, 3.3 * size, sign * 0.2)
        else:
            spots = [
                _bump(
                    thorax,
                    x0 + rng.normal(0, 1.7),
                    y0 + rng.normal(0, 1.5),
                    *rng.uniform(1.2, 2.3, 2),
                )
                for _ in range(int(rng.integers(4, 8)))
            ]
            patch = np.maximum.reduce(spots)
        weight = np.clip(patch * _cloud(thorax, rng), 0, 1)
        share = weight * (0.12 + 0.62 * finding.severity)
        inside = patch * (thorax.lung[side] > 1.0)
        _fill(thorax, side, share)
        if finding.kind == "lobar" and finding.severity >= 0.35:
            thorax.air += _bronchogram(thorax, side, (x0, y0), rng) * share
        masks.append(inside > 0.45)
    return masks


def _bronchogram(
    thorax: Thorax, side: str, towards: tuple[float, float], rng: np.random.Generator
) -> Field:
    """Air in bronchi that run from the hilum into the opacity."""
    hx, hy = thorax.hilum[side]
    rows = []
    for _ in range(5):
        end = (towards[0] + rng.normal(0, 1.6), towards[1] + rng.normal(0, 1.4))
        middle = ((hx + end[0]) / 2 + rng.normal(0, 0.3), (hy + end[1]) / 2 + rng.normal(0, 0.3))
        rows += [(hx, hy, *middle, 0.22), (*middle, *end, 0.15)]
    return 2.0 * tubes(thorax.raster, np.array(rows, np.float32))


def lesion(thorax: Thorax, finding: Finding) -> list[Mask]:
    """A nodule of 1 to 3 cm or a mass of 3 to 6 cm: two or three merged spheres of tissue.

    Of a contrast below 1 so much less of the lung's air gives way to tissue.
    """
    rng = np.random.default_rng(finding.seed)
    side, sign = finding.side, SIDES[finding.side]
    radius = lesion_radius(finding)
    by_seed = _open_place(thorax, finding, rng)  # drawn in any case: what follows has one shape
    x0, y0 = finding.place or by_seed
    chord = thorax.raster.zeros()
    for _ in range(3):
        part = radius * rng.uniform(0.78, 0.95)
        away = (radius - part) * rng.normal(0, 0.8, 2)
        spot = (x0 + sign * away[0], y0 + away[1])
        chord = np.maximum(chord, ellipsoid(thorax.raster, spot, (part, part * 0.95, part)))
    tissue = chord * np.float32(min(finding.contrast, 1.0))
    thorax.lung[side] = np.maximum(thorax.lung[side] - tissue, 0)
    if finding.contrast > 1:
        thorax.soft += chord * np.float32(finding.contrast - 1)
    return [chord > 0.25 * radius]


def lesion_radius(finding: Finding) -> float:
    """Radius of a lesion in cm."""
    if finding.radius is not None:
        return finding.radius
    large = finding.kind == "mass"
    return 1.55 + 1.35 * finding.severity if large else 0.55 + 0.90 * finding.severity


def _open_place(
    thorax: Thorax, finding: Finding, rng: np.random.Generator
) -> tuple[float, float]:
    """A place of the zone with plenty of lung in front of and behind it."""
    sign, raster = SIDES[finding.side], thorax.raster
    best, place = -1.0, (0.0, 0.0)
    y0 = _height(thorax, finding.zone, finding.side)
    tries = rng.normal(0, 1, (12, 2))
    for across, down in tries:
        x, y = sign * (7.6 + 1.7 * across), y0 + 1.2 * down
        row = int(np.clip(y / raster.pixel, 0, raster.size - 1))
        column = int(np.clip((x + raster.field_cm / 2) / raster.pixel, 0, raster.size - 1))
        lung = min(float(thorax.lung[finding.side][row, column]), 8.0)
        if lung > best + 0.5:
            best, place = lung, (x, y)
    return place


def atelectasis(thorax: Thorax, finding: Finding) -> list[Mask]:
    """Linear: plates near the base seen edge-on; lobar: a dense shrunken lobe."""
    rng = np.random.default_rng(finding.seed)
    draw = _plates if finding.kind == "linear" else _lobe
    return [draw(thorax, finding, side, rng) for side in sides(finding)]


def _plates(thorax: Thorax, finding: Finding, side: str, rng: np.random.Generator) -> Mask:
    sign, severity = SIDES[side], finding.severity
    low = thorax.dome[side] - 1.6 if finding.zone == "basal" else 15.5
    rows = []
    for number in range(int(rng.integers(1, 3)) + (severity > 0.6)):
        x0, y0 = sign * rng.uniform(3.8, 6.0), low - 1.3 * number + rng.normal(0, 0.3)
        reach, lean = rng.uniform(3.0, 4.5) + 2.0 * severity, rng.normal(0.12, 0.22)
        rows.append((x0, y0, x0 + sign * reach, y0 + lean * reach, 0.13 + 0.17 * severity))
    lines = np.array(rows, np.float32)
    band = tubes(thorax.raster, lines, "inside") * np.clip(thorax.lung[side] / 2, 0, 1)
    depth = np.minimum(band * (0.7 + 3.2 * severity), thorax.lung[side])
    thorax.lung[side] = thorax.lung[side] - depth
    wide = lines + np.array([0, 0, 0, 0, 0.2], np.float32)
    return (tubes(thorax.raster, wide, "inside") > 0.5) & (thorax.cage[side] > 0.5)


def _lobe(thorax: Thorax, finding: Finding, side: str, rng: np.random.Generator) -> Mask:
    sign, dome = SIDES[side], thorax.dome[side]
    jitter = rng.normal(0, 0.25, 2)
    places = {
        "upper": (sign * 4.7, 7.6, 3.3, 2.9, sign * 0.35),
        "middle": (sign * 5.4, dome - 3.0, 3.6, 1.3, sign * 0.30),
        "lower": (sign * 4.9, dome - 0.6, 2.9, 4.0, -sign * 0.45),
    }
    x0, y0, rx, ry, turn = places[finding.zone]
    patch = _bump(thorax, x0 + jitter[0], y0 + jitter[1], rx, ry, turn)
    share = patch * (0.22 + 0.62 * finding.severity)
    _fill(thorax, side, share)
    thorax.soft += 0.10 * share * thorax.cage[side]  # also behind the heart
    return (patch > 0.45) & (thorax.cage[side] > 0.5)


def edema(thorax: Thorax, finding: Finding) -> list[Mask]:
    """Haze around the hila; interstitial: fine lines and Kerley B; alveolar: bat-wing opacity."""
    rng = np.random.default_rng(finding.seed)
    x, y = thorax.raster.axes()
    masks = []
    alveolar = finding.kind == "alveolar"
    for side, sign in SIDES.items():
        hx, hy = thorax.hilum[side]
        wide = 5.0 if alveolar else 6.5
        distance = ((x - hx - sign * 1.8) / wide) ** 2 + ((y - hy - 2.0) / (wide * 1.15)) ** 2
        haze = np.exp(-distance)
        strength = (0.12 if alveolar else 0.07) + (0.42 if alveolar else 0.20) * finding.severity
        share = np.clip(haze * _cloud(thorax, rng), 0, 1) * strength
        region = (haze > 0.45) & (thorax.lung[side] > 1.0)
        lines = _septa(thorax, side, rng, 40 if alveolar else 110)
        _fill(thorax, side, share)
        path = tubes(thorax.raster, lines) * (0.6 + 2.2 * finding.severity)
        thorax.vessels[side] = thorax.vessels[side] + path * (thorax.lung[side] > 1.0)
        masks.append(region)
    return masks


def _septa(thorax: Thorax, side: str, rng: np.random.Generator, count: int) -> Field:
    """Thickened septa: a net around the hilum, and Kerley B lines at the lower wall."""
    hx, hy = thorax.hilum[side]
    sign = SIDES[side]
    start = np.stack(
        [hx + sign * rng.gamma(2.5, 1.5, count), hy + 1.5 + rng.normal(0, 4.0, count)], axis=1
    )
    angle, length = rng.uniform(0, np.pi, count), rng.uniform(0.6, 1.4, count)
    step = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length[:, None]
    net = np.concatenate([start, start + step, np.full((count, 1), 0.055)], axis=1)
    rows = thorax.dome[side] - 0.5 - 0.55 * np.arange(8)
    kerley = [(sign * 11.0, y, sign * 12.8, y + rng.normal(0, 0.1), 0.06) for y in rows]
    return np.concatenate([net, np.array(kerley)]).astype(np.float32)
