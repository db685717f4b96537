"""The normal thorax of one case as path lengths: who stands where, and how thick.

Numbers are those of an average adult in centimetres, changed by the case. Depth along the beam
follows from each solid's chord; where two solids overlap, the later one takes the lung's place.
"""

from dataclasses import dataclass, field

import numpy as np

from core.phantom.case import Case
from core.phantom.primitives import Field, Raster, ellipsoid, tube_along_x, tubes

SIDES = {"right": -1.0, "left": 1.0}
"""The patient's sides on the image: left is to the right."""


@dataclass
class Thorax:
    """Path lengths in cm (S, S); findings change them before the exposure."""

    raster: Raster
    case: Case
    rng: np.random.Generator
    body: Field  # soft tissue of the whole body, lungs not subtracted
    lung: dict[str, Field]  # aerated lung by side
    cage: dict[str, Field]  # lung and what took its place below the dome, by side
    heart: Field
    bone: Field  # cortical bone equivalent
    vessels: dict[str, Field]
    soft: Field  # tissue or fluid that findings add
    air: Field  # airways, stomach bubble, pleural air: path with no tissue at all
    metal: Field
    dome: dict[str, float]  # height of each diaphragm dome, cm from the top
    ribs: list["Rib"] = field(default_factory=list)
    hilum: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rib:
    """A posterior rib or a clavicle as a curve y(x)."""

    side: str
    number: int  # 1..10 from the top; 0 is the clavicle
    start: tuple[float, float]
    end: tuple[float, float]
    bow: float
    radius: float

    def height(self, x: Field) -> tuple[Field, Field]:
        """Centre line y(x) and slope of (1, S)."""
        run = self.end[0] - self.start[0]
        share = np.clip((x - self.start[0]) / run, 0, 1)
        rise = self.end[1] - self.start[1]
        y = self.start[1] + rise * share**2 - self.bow * np.sin(np.pi * share)
        slope = (2 * rise * share - self.bow * np.pi * np.cos(np.pi * share)) / run
        return y.astype(np.float32), slope.astype(np.float32)


def cage_half_width(y: float) -> float:
    """Distance of the lung's lateral border from the midline at height y, cm."""
    up = min(max((22.5 - y) / 18.7, 0.0), 1.0)
    return 5.0 + 2.3 * (1 - up) + 6.3 * (1 - up**2.4) ** (1 / 2.4)


def lung_depth(case: Case) -> float:
    """Half the depth of a lung, cm."""
    return 7.2 + 0.8 * case.habitus


def lung_chord(
    raster: Raster, case: Case, side: str, apex: float = 0.0, wall: float = 0.0
) -> Field:
    """Chord (S, S) of a lung above the diaphragm, fallen from the apex and wall by so many cm."""
    x, y = raster.axes()
    sign = SIDES[side]
    up = np.clip((22.5 - y) / (18.7 - apex), 0, None)
    shift = 0.75 * np.sin(np.deg2rad(case.rotation_deg))
    half = 6.3 * (1 - 0.01 * sign * case.rotation_deg) - wall / 2
    full_up = np.clip((22.5 - y) / 18.7, 0, 1)
    centre = sign * (5.0 + 2.3 * (1 - full_up) - wall / 2) + shift
    inside = np.maximum(1 - np.abs((x - centre) / half) ** 2.4 - up**2.4, 0)
    return (2 * lung_depth(case) * np.sqrt(inside)).astype(np.float32)


def build_thorax(case: Case, raster: Raster) -> Thorax:
    """The thorax of a case without its findings (but with its heart size)."""
    rng = np.random.default_rng([case.seed, 11])
    zeros = raster.zeros
    dome = {"right": 21.6 + 3.2 * case.inspiration + rng.normal(0, 0.25)}
    dome["left"] = dome["right"] + 1.1 + rng.normal(0, 0.2)
    for finding in case.of("Atelectasis"):
        if finding.kind == "lobar":  # volume loss raises the dome of its side
            dome[finding.side] -= 0.6 + 1.6 * finding.severity
    thorax = Thorax(
        raster, case, rng, body_chord(case, raster), {}, {}, zeros(), zeros(), {}, zeros(), zeros(),
        zeros(), dome,
    )  # fmt: skip
    shift = 5.0 * np.sin(np.deg2rad(case.rotation_deg))  # front structures move with rotation
    _lungs(thorax, float(shift))
    _bones(thorax, float(shift))
    _airways(thorax, float(shift))
    _vessels(thorax, float(shift))
    return thorax


def heart_field(raster: Raster, case: Case, dome: dict[str, float]) -> Field:
    """Chord of the heart: ventricles, right atrium, base; `heart_ratio` of the thorax wide."""
    shift = 4.0 * np.sin(np.deg2rad(case.rotation_deg))
    magnified = 1.05 if case.view == "AP" else 1.0
    width = case.heart_ratio * 2 * cage_half_width(19.5) * magnified
    right = -(2.4 + 0.16 * width) + shift  # the right border moves little, the apex much
    left = right + width
    middle, half = (left + right) / 2, width / 2
    bottom = dome["left"] + 2.2  # it rests on the diaphragm
    turn = np.deg2rad(34)
    ventricle = ellipsoid(
        raster, (middle + 0.5, bottom - 0.62 * half - 1.6), (half * 1.07, half * 0.74, 5.2), turn
    )
    atrium = ellipsoid(
        raster, (right + 0.52 * half, bottom - 0.55 * half - 2.6), (0.52 * half, 4.3, 4.2)
    )
    base = ellipsoid(raster, (0.9 + shift, bottom - half - 3.2), (2.6, 4.2, 3.6), 0.15)
    return np.maximum.reduce([ventricle, atrium, base])


def body_chord(case: Case, raster: Raster) -> Field:
    """Chord (S, S) of the whole body, lungs not subtracted."""
    x, y = raster.axes()
    neck = 1 / (1 + np.exp(-(y - 3.4) / 0.55))
    half = 6.2 + neck * (15.0 + 2.2 * case.habitus) - 1.4 * np.exp(-(((y - 20) / 7) ** 2))
    depth = (7.2 + 3.3 * neck) * (1.0 + 0.22 * case.habitus) + 0.10 * np.maximum(y - 24, 0)
    shape = np.maximum(1 - np.abs(x / half) ** 3.0, 0)
    body = 2 * depth * np.sqrt(shape)
    if case.sex == "F":
        size = 1.3 + 2.4 * case.habitus
        for sign in SIDES.values():
            body += ellipsoid(raster, (sign * 8.4, 20.8), (5.6, 5.2, size / 2), power=2.4)
    return body.astype(np.float32)


def _lungs(thorax: Thorax, shift: float) -> None:
    case, raster = thorax.case, thorax.raster
    x, y = raster.axes()
    thorax.heart = heart_field(raster, case, thorax.dome)
    mediastinum = _mediastinum(thorax, shift)
    for side, sign in SIDES.items():
        cage = lung_chord(raster, case, side)
        drop = ((x - sign * 6.4) / 7.4) ** 2 * 5.0
        below = np.clip((y - thorax.dome[side] - drop) / 4.6, 0, 1)
        under = 2 * lung_depth(case) * np.sqrt(below)  # chord of the dome and what is under it
        cage = np.maximum(cage - under, 0).astype(np.float32)
        thorax.cage[side] = cage
        thorax.lung[side] = np.maximum(cage - np.maximum(mediastinum, thorax.heart * 1.9), 0)
        thorax.hilum[side] = (sign * 4.1 + 0.6 * shift, 13.6 if side == "left" else 14.4)
        glow = ellipsoid(raster, thorax.hilum[side], (1.5, 2.3, 0.9), -sign * 0.3)
        thorax.lung[side] = np.maximum(thorax.lung[side] - glow, 0)


def _mediastinum(thorax: Thorax, shift: float) -> Field:
    raster, rng = thorax.raster, thorax.rng
    x, y = raster.axes()
    wide = 1.9 + 0.5 * np.exp(-(((y - 9.0) / 3.5) ** 2)) + 0.02 * y
    band = 11.0 * np.sqrt(np.maximum(1 - np.abs((x - 0.5 * shift) / wide) ** 2.0, 0))
    knob = ellipsoid(raster, (2.3 + 0.7 * shift, 10.2 + rng.normal(0, 0.3)), (1.6, 1.6, 3.0))
    trunk = ellipsoid(raster, (2.9 + 0.9 * shift, 13.2), (1.5, 1.9, 2.2))
    cava = ellipsoid(raster, (-1.9 + 0.8 * shift, 12.0), (1.2, 5.0, 1.6))
    return np.maximum.reduce([band, knob, trunk, cava]).astype(np.float32)


def _bones(thorax: Thorax, shift: float) -> None:
    raster, case, rng = thorax.raster, thorax.case, thorax.rng
    x, y = raster.axes()
    line = -0.25 * shift + rng.normal(0, 0.25) * np.sin(y / 9)
    disc = 0.72 + 0.28 * np.tanh(4 * np.sin(y * 2 * np.pi / (2.0 + 0.018 * y)) + 2)
    thorax.bone += 0.95 * np.sqrt(np.maximum(1 - ((x - line) / 1.75) ** 2, 0)) * disc
    lift = 0.14 * case.tilt_deg + (0.6 if case.view == "AP" else 0)
    _add_ribs(thorax, lift)
    for side, sign in SIDES.items():
        start = (sign * 1.6 + 0.9 * shift, 8.3 - lift)
        end = (sign * 14.5, 5.6 - 1.2 * lift)
        thorax.ribs.append(Rib(side, 0, start, end, 0.5, 0.6))
        inset = 12.0 if case.view == "AP" else 14.6
        blade = ellipsoid(raster, (sign * inset, 11.5), (2.7, 6.2, 0.28), sign * 0.16, 2.6)
        edge = ellipsoid(raster, (sign * inset, 11.5), (2.4, 5.9, 0.22), sign * 0.16, 2.6)
        head = ellipsoid(raster, (sign * 17.3, 7.0), (2.4, 2.4, 1.3))
        thorax.bone += blade - 0.6 * edge + head
    for rib in thorax.ribs:
        thorax.bone += rib_bone(raster, rib)


def _add_ribs(thorax: Thorax, lift: float) -> None:
    inset = 0.1
    for number in range(1, 11):
        top = 3.6 + 2.02 * number + thorax.rng.normal(0, 0.05)
        drop = 1.6 + 0.30 * number
        width = cage_half_width(top + drop) + inset
        for side, sign in SIDES.items():
            thorax.ribs.append(
                Rib(side, number, (sign * 1.7, top + 0.4), (sign * width, top + drop), 0.75, 0.52)
            )
            if number <= 7:  # the front part runs back to the midline, downwards and paler
                end = (sign * (5.2 + 0.35 * number), top + drop + 2.6 + 0.22 * number + 0.5 * lift)
                front = Rib(side, -number, (sign * width, top + drop), end, -0.35, 0.50)
                thorax.bone += 0.5 * rib_bone(thorax.raster, front)


def rib_bone(raster: Raster, rib: Rib) -> Field:
    """Cortical shell of a rib (S, S): a tube less its marrow, thicker where it turns round."""
    x, _ = raster.axes()
    height, slope = rib.height(x)
    solid, _ = tube_along_x(raster, rib.start[0], rib.end[0], height, slope, rib.radius)
    marrow, _ = tube_along_x(raster, rib.start[0], rib.end[0], height, slope, rib.radius * 0.66)
    shell = (1.5 * (solid - 0.8 * marrow)).astype(np.float32)
    if rib.number <= 0:
        return shell
    share = np.clip((x - rib.start[0]) / (rib.end[0] - rib.start[0]), 0, 0.97)
    return (shell / np.sqrt(1 - 0.75 * share**4)).astype(np.float32)


def _airways(thorax: Thorax, shift: float) -> None:
    carina = (0.2 + 0.4 * shift, 12.6)
    pull = 0.0
    for finding in thorax.case.of("Atelectasis"):
        if finding.kind == "lobar" and finding.zone == "upper":
            pull = SIDES[finding.side] * 0.9 * finding.severity
    rows = [
        (0.1 + 0.3 * shift, 1.0, carina[0] + pull, 7.0, 0.85),
        (carina[0] + pull, 7.0, *carina, 0.85),
        (*carina, -2.6 + 0.5 * shift, 14.9, 0.62),
        (*carina, 3.2 + 0.5 * shift, 15.2, 0.55),
    ]
    thorax.air += tubes(thorax.raster, np.array(rows, np.float32))
    bubble = (6.4, thorax.dome["left"] + 3.0)
    size = thorax.rng.uniform(0.5, 1.0)
    thorax.air += ellipsoid(thorax.raster, bubble, (2.6 * size, 1.5 * size, 2.0 * size))


def _vessels(thorax: Thorax, shift: float) -> None:
    edema = max((finding.severity for finding in thorax.case.of("Edema")), default=0.0)
    for side, sign in SIDES.items():
        rows: list[tuple[float, float, float, float, float]] = []
        for angle in np.linspace(-1.25, 1.45, 9) + thorax.rng.normal(0, 0.07, 9):
            # Upright lungs send less blood upwards; edema evens that out (cephalisation).
            flow = 0.60 * (1 if angle > 0.1 else 0.72 + 0.4 * edema) * (1 + 0.35 * edema)
            flow *= thorax.case.vessels
            _branch(thorax.rng, rows, thorax.hilum[side], float(angle), sign, flow, 0)
        path = tubes(thorax.raster, np.array(rows, np.float32))
        thorax.vessels[side] = path * np.clip(thorax.lung[side] / 1.5, 0, 1)


def _branch(
    rng: np.random.Generator,
    rows: list[tuple[float, float, float, float, float]],
    start: tuple[float, float],
    angle: float,
    sign: float,
    radius: float,
    level: int,
) -> None:
    """One vessel outwards: short turns, two branches of Murray's ratio at its end."""
    point = start
    for _ in range(3):
        angle += float(rng.normal(0, 0.10))
        step = rng.uniform(0.75, 1.15)
        end = (point[0] + sign * step * np.cos(angle), point[1] + step * np.sin(angle))
        rows.append((point[0], point[1], float(end[0]), float(end[1]), radius))
        point, radius = (float(end[0]), float(end[1])), radius * 0.95
    if level < 2:
        for spread in (0.38, -0.38):
            turned = angle + spread * float(rng.uniform(0.6, 1.3))
            _branch(rng, rows, point, turned, sign, radius * 0.74, level + 1)
