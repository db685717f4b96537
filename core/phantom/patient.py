"""One patient of the lab: a frozen object, a line of text, and changes that have names.

The text is what links, files and commands carry: the patient's own values, then one finding after
another, parted by semicolons; what is as usual is left out:

    seed=7,habitus=0.6;nodule,x=-6.5,y=10,radius=1.2;effusion,side=left,severity=0.5

Picture and report are functions of the patient, as of any case of the phantoms.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from core.errors import ExplorerError
from core.phantom.anatomy import SIDES
from core.phantom.case import Case, Finding, sample_case
from core.phantom.findings.airspace import lesion_radius
from core.phantom.kinds import KINDS, LESION_CM, Kind, kind_of, word_of

MOST_FINDINGS = 8
MOST_CHARACTERS = 2_000
_SEEDS = 2**32 - 1
_MASS_CM = 1.5  # radius from which a nodule is called a mass
_WIDTH_CM, _TOP_CM, _BOTTOM_CM = 15.0, 2.0, 28.0  # where something can be dragged to


@dataclass(frozen=True)
class Number:
    """A value of a patient that can be moved between two ends."""

    title: str
    low: float
    high: float
    step: float
    about: str = ""


NUMBERS: dict[str, Number] = {
    "habitus": Number("Build", 0, 1, 0.05, "0 thin, 1 obese"),
    "inspiration": Number("Inspiration", 0, 1, 0.05, "0 poor, 1 full"),
    "rotation": Number("Rotation", -9, 9, 0.5, "degrees, positive towards the patient's left"),
    "tilt": Number("Tilt", -9, 9, 0.5, "degrees, positive leaning back"),
    "scale": Number("Size on the film", 0.85, 1.1, 0.01, "against the average adult"),
    "heart": Number("Heart", 0.38, 0.49, 0.005, "cardiothoracic ratio of a heart of normal size"),
    "vessels": Number("Vessels", 0.6, 1.5, 0.05, "calibre against the average"),
    "exposure": Number("Exposure", -1, 1, 0.05, "-1 under, 1 over"),
    "noise": Number("Noise", 0, 5, 0.1, "standard deviation against the usual"),
}
"""By name, as links have it."""
CHOICES: dict[str, tuple[str, ...]] = {"view": ("PA", "AP"), "sex": ("F", "M")}
SEVERITY = Number("Severity", 0, 1, 0.02, "0 barely seen, 1 obvious")
RADIUS = Number("Radius", *LESION_CM, 0.05, "cm")
CONTRAST = Number("Contrast", 0, 2, 0.05, "0 nothing, 1 soft tissue")


@dataclass(frozen=True)
class Patient:
    """Everything that is true of the patient and the exposure; values as NUMBERS bounds them."""

    seed: int = 7  # of the anatomy: ribs, vessels, noise
    view: str = "PA"
    sex: str = "M"
    habitus: float = 0.4
    inspiration: float = 0.8
    rotation: float = 0.0
    tilt: float = 0.0
    scale: float = 1.0
    heart: float = 0.44
    vessels: float = 1.0
    exposure: float = 0.0
    noise: float = 1.0
    repeat: int = 0  # number of the exposure: other noise, all else the same
    findings: tuple[Finding, ...] = ()

    @property
    def case(self) -> Case:
        """As the phantoms draw and report it."""
        large = [one.severity for one in self.findings if one.name == "Cardiomegaly"]
        return Case(
            seed=self.seed, split="val", sex=self.sex, age=55, view=self.view,
            habitus=self.habitus, inspiration=self.inspiration, rotation_deg=self.rotation,
            tilt_deg=self.tilt, exposure=self.exposure, scale=self.scale,
            heart_ratio=0.515 + 0.125 * large[0] if large else self.heart,
            findings=self.findings, vessels=self.vessels, noise=self.noise, repeat=self.repeat,
        )  # fmt: skip

    def __str__(self) -> str:
        """The text that `parse_patient` reads back."""
        own = [
            f"{entry.name}={_told(getattr(self, entry.name))}"
            for entry in fields(self)
            if entry.name != "findings"
            and (entry.name == "seed" or getattr(self, entry.name) != entry.default)
        ]
        return ";".join([",".join(own), *map(finding_text, self.findings)])


def anatomies(patient: Patient, n: int, seed: int) -> list[Patient]:
    """The same findings and exposure in n other patients, whose anatomy is drawn at random."""
    drawn = [sample_case(index, seed, "val") for index in range(n)]
    return [
        replace(
            patient, seed=one.seed, sex=one.sex, habitus=round(one.habitus, 2),
            inspiration=round(max(one.inspiration, 0.5), 2), rotation=round(one.rotation_deg, 1),
            tilt=round(one.tilt_deg, 1), vessels=patient.vessels,
            heart=round(min(max(one.heart_ratio, 0.385), 0.485), 3),
        )
        for one in drawn
    ]  # fmt: skip


def with_value(patient: Patient, name: str, value: float | str) -> Patient:
    """The patient with another value of its own.

    Raises:
        ExplorerError: no such name, or out of its range.
    """
    return replace(patient, **{name: _own(name, str(value))})


def with_finding(patient: Patient, finding: Finding) -> Patient:
    """The patient with one finding more.

    Raises:
        ExplorerError: it has as many as it can.
    """
    if len(patient.findings) >= MOST_FINDINGS:
        raise ExplorerError(
            f"A patient of the lab has {MOST_FINDINGS} findings at most; remove one first."
        )
    return replace(patient, findings=(*patient.findings, finding))


def without_finding(patient: Patient, index: int) -> Patient:
    """The patient without one of its findings."""
    kept = tuple(one for number, one in enumerate(patient.findings) if number != index)
    return replace(patient, findings=kept)


def twins_of(patient: Patient, index: int) -> tuple[Patient, Patient]:
    """The patient without and with a finding; nothing else differs.

    Raises:
        ExplorerError: no such finding.
    """
    check_index(patient, index)
    return without_finding(patient, index), patient


def check_index(patient: Patient, index: int) -> None:
    """Refuse the number of a finding that the patient has not.

    Raises:
        ExplorerError: no such finding.
    """
    if not 0 <= index < len(patient.findings):
        raise ExplorerError(f"The patient has no finding number {index}; choose one that it has.")


def with_changed(patient: Patient, index: int, **values: float | str) -> Patient:
    """The patient with values of one finding changed, named as in its text.

    Raises:
        ExplorerError: no such finding or value.
    """
    check_index(patient, index)
    before = patient.findings[index]
    told = {name: _told(value) for name, value in {**finding_values(before), **values}.items()}
    if "x" in values or "y" in values:  # side and zone follow
        told = {name: value for name, value in told.items() if name not in ("side", "zone")}
    changed = _finding(word_of(before.name, before.kind), told)
    listed = [changed if n == index else one for n, one in enumerate(patient.findings)]
    return replace(patient, findings=tuple(listed))


def finding_text(finding: Finding) -> str:
    """A finding as a patient's text has it."""
    told = [f"{name}={_told(value)}" for name, value in finding_values(finding).items()]
    return ",".join([word_of(finding.name, finding.kind), *told])


def finding_values(finding: Finding) -> dict[str, float | str]:
    """What can be changed of a finding, by the names of its text."""
    kind = KINDS[word_of(finding.name, finding.kind)]
    values: dict[str, float | str] = {}
    if finding.place:
        values |= {"x": finding.place[0], "y": finding.place[1]}
    else:
        values |= {"side": finding.side} if len(kind.sides) > 1 else {}
        values |= {"zone": finding.zone} if len(kind.zones) > 1 else {}
    if kind.is_lesion:
        values |= {"radius": lesion_radius(finding), "contrast": finding.contrast}
    else:
        values |= {"severity": finding.severity}
    return values | {"seed": finding.seed}


def new_finding(word: str, seed: int = 1, **values: float | str) -> Finding:
    """A finding of a kind, with values named as in its text; what is not said is as usual.

    Raises:
        ExplorerError: no such kind, value or place.
    """
    return _finding(word, {"seed": str(seed), **{k: str(v) for k, v in values.items()}})


def parse_patient(text: str) -> Patient:
    """Read a patient's text; nothing of it is trusted.

    Raises:
        ExplorerError: too long, an unknown word, a value out of its range.

    >>> str(parse_patient("habitus=0.6;effusion,side=left"))
    'seed=7,habitus=0.6;effusion,side=left,severity=0.5,seed=1'
    """
    if len(text) > MOST_CHARACTERS:
        raise ExplorerError(
            f"The patient's text has {len(text)} characters; {MOST_CHARACTERS} at most are read."
        )
    own, *findings = text.strip().split(";")
    values = {name: _own(name, value) for name, value in _parts(own)}
    patient = Patient(**values)
    for told in filter(None, map(str.strip, findings)):
        word, _, rest = told.partition(",")
        patient = with_finding(patient, _finding(word.strip(), dict(_parts(rest))))
    return patient


def _parts(text: str) -> Iterable[tuple[str, str]]:
    """Names and values of "name=value,name=value"."""
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if not part.strip():
            continue
        if not sign:
            raise ExplorerError(f"'{part.strip()[:30]}' in a patient's text has no value; write "
                                "name=value.")  # fmt: skip
        yield name.strip(), value.strip()


def _own(name: str, value: str) -> Any:
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ExplorerError(f"{name} is {' or '.join(CHOICES[name])}, not '{value[:20]}'.")
        return value
    if name in ("seed", "repeat"):
        return _whole(name, value)
    if name not in NUMBERS:
        known = ", ".join(["seed", "repeat", *CHOICES, *NUMBERS])
        raise ExplorerError(f"A patient has no '{name[:30]}'; known: {known}.")
    return _number(name, value, NUMBERS[name].low, NUMBERS[name].high)


def _finding(word: str, told: dict[str, str]) -> Finding:
    kind = kind_of(word)
    allowed = {"seed", "side", "zone"} | ({"x", "y"} if kind.moves else set())
    allowed |= {"radius", "contrast"} if kind.is_lesion else {"severity"}
    if unknown := sorted(set(told) - allowed):
        raise ExplorerError(
            f"'{word}' has no '{unknown[0][:30]}'; known: {', '.join(sorted(allowed))}."
        )
    seed = _whole("seed", told.get("seed", "1"))
    place = _place(told)
    side = told.get("side", kind.sides[0])
    zone = told.get("zone", kind.zones[0])
    if place:
        side = side_of(place[0])
        zone = zone_of(kind, side, place[1])
    kind.check(side, zone)
    if kind.word in ("consolidation", "collapse") and (side, zone) == ("left", "middle"):
        raise ExplorerError(f"The left lung has no middle lobe; give '{word}' another zone.")
    if not kind.is_lesion:
        severity = _number("severity", told.get("severity", "0.5"), SEVERITY.low, SEVERITY.high)
        return Finding(kind.name, kind.kind, side, zone, severity, seed, place)
    return _lesion(kind, side, zone, seed, place, told)


def _lesion(
    kind: Kind, side: str, zone: str, seed: int, place: tuple[float, float] | None,
    told: dict[str, str],
) -> Finding:  # fmt: skip
    """Nodule or mass and its severity, which the report goes by, follow from the radius."""
    radius = _number("radius", told.get("radius", "1.2"), *LESION_CM)
    contrast = _number("contrast", told.get("contrast", "1"), CONTRAST.low, CONTRAST.high)
    large = radius >= _MASS_CM
    severity = (radius - 1.55) / 1.35 if large else (radius - 0.55) / 0.90
    return Finding(
        kind.name, "mass" if large else "nodule", side, zone, min(max(severity, 0.0), 1.0), seed,
        place, radius, contrast,
    )  # fmt: skip


def zone_of(kind: Kind, side: str, y: float) -> str:
    """The zone of a height in cm from the top; the lobar kinds know no left middle lobe."""
    zone = "upper" if y < 12.0 else "middle" if y < 17.5 else "lower"
    if kind.kind == "lobar" and side == "left" and zone == "middle":
        return "upper" if y < 14.5 else "lower"
    return zone


def _place(told: dict[str, str]) -> tuple[float, float] | None:
    if "x" not in told and "y" not in told:
        return None
    x = _number("x", told.get("x", "-6"), -_WIDTH_CM, _WIDTH_CM)
    return x, _number("y", told.get("y", "10"), _TOP_CM, _BOTTOM_CM)


def side_of(x: float) -> str:
    """The patient's side at x cm from the midline: left is to the image's right."""
    return next(side for side, sign in SIDES.items() if sign * x >= 0)


def _whole(name: str, text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text[:12]) <= _SEEDS:
        raise ExplorerError(f"{name} must be a whole number from 0 to {_SEEDS}, not '{text[:20]}'.")
    return int(text)


def _number(name: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise ExplorerError(f"{name} must be from {low:g} to {high:g}, not '{text[:20]}'.")
    return value


def _told(value: object) -> str:
    return f"{round(value, 4):g}" if isinstance(value, float) else str(value)
