"""Which findings come together in one patient, and where they lie.

Four hidden causes each raise the findings that go with them in patients: heart failure (large
heart, edema, effusions), bedside care (AP view, devices, atelectasis), injury (fractures,
pneumothorax, effusion) and infection (consolidation, effusion). No cause is kept in the case.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Finding:
    """One finding as drawn. Sides are the patient's: the patient's left is on the image's right."""

    name: str  # CheXpert name
    kind: str  # subtype, as listed in `KINDS`
    side: str  # "left", "right", "bilateral" or "midline"
    zone: str  # "upper", "middle", "lower", "apical", "basal" or "" where it has no meaning
    severity: float  # 0 barely visible .. 1 obvious
    seed: int  # for its own shape
    place: tuple[float, float] | None = None  # centre of a lesion or consolidation, cm from the
    # midline (left of the patient is positive) and from the top; None where its seed puts it
    radius: float | None = None  # of a lesion, cm; None where kind and severity say it
    contrast: float = 1.0  # of a lesion: 0 nothing, 1 soft tissue, above 1 denser


KINDS: dict[str, tuple[str, ...]] = {
    "Cardiomegaly": ("global",),
    "Pleural Effusion": ("free",),
    "Pneumothorax": ("apical",),
    "Consolidation": ("lobar", "patchy"),
    "Lung Lesion": ("nodule", "mass"),
    "Atelectasis": ("linear", "lobar"),
    "Edema": ("interstitial", "alveolar"),
    "Support Devices": ("pacemaker", "endotracheal tube", "central line", "enteric tube"),
    "Fracture": ("rib", "clavicle"),
}
"""The subtypes of each finding that can be drawn."""

PREVALENCE: dict[str, dict[str, float]] = {
    "Cardiomegaly": {"base": 0.15, "failure": 0.70},
    "Pleural Effusion": {"base": 0.13, "failure": 0.55, "injury": 0.30, "infection": 0.40},
    "Pneumothorax": {"base": 0.16, "injury": 0.55},
    "Consolidation": {"base": 0.12, "infection": 0.85},
    "Lung Lesion": {"base": 0.23},
    "Atelectasis": {"base": 0.18, "bedside": 0.38, "injury": 0.25},
    "Edema": {"base": 0.08, "failure": 0.75},
    "Support Devices": {"base": 0.14, "bedside": 0.60},
    "Fracture": {"base": 0.12, "injury": 0.80},
}
"""Chance of each finding with no cause ("base") and with a cause; of several the highest counts."""


def sample_causes(rng: np.random.Generator) -> frozenset[str]:
    """The hidden causes of one patient; "normal" excludes all others."""
    draw = rng.random(5)
    if draw[0] < 0.07:
        return frozenset({"normal"})
    failure = draw[1] < 0.17
    causes = {
        "failure": failure,
        "bedside": draw[2] < (0.40 if failure else 0.20),
        "injury": draw[3] < 0.10,
        "infection": draw[4] < 0.14,
    }
    return frozenset(name for name, there in causes.items() if there)


def sample_findings(rng: np.random.Generator, causes: frozenset[str]) -> tuple[Finding, ...]:
    """Draw the findings, then move or drop those that could not be told apart in one place."""
    if "normal" in causes:
        return ()
    findings: list[Finding] = []
    for name, chances in PREVALENCE.items():
        chance = max(chances["base"], *(chances.get(cause, 0.0) for cause in causes), 0.0)
        if rng.random() < chance:
            for finding in _PLACED[name](rng):
                settled = _settle(finding, findings)
                findings += [settled] if settled else []
    return tuple(findings)


def _make(rng: np.random.Generator, name: str, kind: str, side: str, zone: str) -> Finding:
    severity = float(rng.beta(2.0, 1.5))
    return Finding(name, kind, side, zone, severity, int(rng.integers(2**31)))


def _pick(rng: np.random.Generator, **chances: float) -> str:
    """One of the keyword names, by the chances given as their values (they add up to 1)."""
    return str(rng.choice(list(chances), p=list(chances.values())))


def _cardiomegaly(rng: np.random.Generator) -> list[Finding]:
    return [_make(rng, "Cardiomegaly", "global", "midline", "")]


def _effusion(rng: np.random.Generator) -> list[Finding]:
    side = _pick(rng, left=0.34, right=0.36, bilateral=0.30)
    return [_make(rng, "Pleural Effusion", "free", side, "basal")]


def _pneumothorax(rng: np.random.Generator) -> list[Finding]:
    side = _pick(rng, left=0.48, right=0.52)
    return [_make(rng, "Pneumothorax", "apical", side, "apical")]


def _consolidation(rng: np.random.Generator) -> list[Finding]:
    kind = _pick(rng, lobar=0.55, patchy=0.45)
    if kind == "patchy":
        side = _pick(rng, left=0.35, right=0.37, bilateral=0.28)
        zone = _pick(rng, upper=0.25, middle=0.25, lower=0.50)
    else:
        side = _pick(rng, left=0.47, right=0.53)
        zone = _lobe(rng, side, upper=0.35)
    return [_make(rng, "Consolidation", kind, side, zone)]


def _lobe(rng: np.random.Generator, side: str, upper: float) -> str:
    """A lobe as a zone; only the right lung has a middle lobe."""
    if side == "right":
        return _pick(rng, upper=upper, middle=0.2, lower=0.8 - upper)
    return _pick(rng, upper=upper, lower=1.0 - upper)


def _lesion(rng: np.random.Generator) -> list[Finding]:
    lesions: list[Finding] = []
    for _ in range(1 + int(rng.random() < 0.15)):
        kind = _pick(rng, nodule=0.65, mass=0.35)
        zone = _pick(rng, upper=0.40, middle=0.32, lower=0.28)
        side = _pick(rng, left=0.48, right=0.52)
        if all((side, zone) != (other.side, other.zone) for other in lesions):
            lesions.append(_make(rng, "Lung Lesion", kind, side, zone))
    return lesions


def _atelectasis(rng: np.random.Generator) -> list[Finding]:
    kind = _pick(rng, linear=0.6, lobar=0.4)
    if kind == "linear":
        side = _pick(rng, left=0.38, right=0.34, bilateral=0.28)
        zone = _pick(rng, basal=0.75, middle=0.25)
    else:
        side = _pick(rng, left=0.5, right=0.5)
        zone = _lobe(rng, side, upper=0.3)
    return [_make(rng, "Atelectasis", kind, side, zone)]


def _edema(rng: np.random.Generator) -> list[Finding]:
    finding = _make(rng, "Edema", "interstitial", "bilateral", "")
    # Fluid fills the interstitium first: the worse, the likelier it has reached the airspace.
    alveolar = rng.random() < finding.severity - 0.2
    return [replace(finding, kind="alveolar") if alveolar else finding]


def sample_devices(rng: np.random.Generator) -> list[Finding]:
    """One device, or the sets that come together: tube with gastric tube and line."""
    kind = str(rng.choice(KINDS["Support Devices"], p=[0.36, 0.30, 0.28, 0.06]))
    kinds = [kind]
    if kind == "endotracheal tube":
        kinds += [other for other in ("enteric tube", "central line") if rng.random() < 0.55]
    elif kind == "central line" and rng.random() < 0.2:
        kinds.append("enteric tube")
    return [_make(rng, "Support Devices", each, _device_side(rng, each), "") for each in kinds]


def _device_side(rng: np.random.Generator, kind: str) -> str:
    if kind == "pacemaker":
        return _pick(rng, left=0.85, right=0.15)
    return _pick(rng, left=0.3, right=0.7) if kind == "central line" else "midline"


def _fracture(rng: np.random.Generator) -> list[Finding]:
    side = _pick(rng, left=0.5, right=0.5)
    if _pick(rng, rib=0.7, clavicle=0.3) == "clavicle":
        return [_make(rng, "Fracture", "clavicle", side, "")]
    zone = _pick(rng, upper=0.25, middle=0.40, lower=0.35)
    return [_make(rng, "Fracture", "rib", side, zone)]


_PLACED = {
    "Cardiomegaly": _cardiomegaly,
    "Pleural Effusion": _effusion,
    "Pneumothorax": _pneumothorax,
    "Consolidation": _consolidation,
    "Lung Lesion": _lesion,
    "Atelectasis": _atelectasis,
    "Edema": _edema,
    "Support Devices": sample_devices,
    "Fracture": _fracture,
}

_OTHER = {"left": "right", "right": "left"}


def _settle(finding: Finding, earlier: list[Finding]) -> Finding | None:
    """Move a finding to the other lung where an earlier one would hide it or rule it out.

    None if it would clash on either side.

    Air and free fluid in one pleural space would make a level, not a meniscus; a lesion inside a
    dense lobe is not seen. A rib fracture is put on the side of a pneumothorax: it is its cause.
    """
    if finding.name == "Fracture" and finding.kind == "rib":
        air = [other.side for other in earlier if other.name == "Pneumothorax"]
        return replace(finding, side=air[0]) if air else finding
    if not any(_clash(finding, other) for other in earlier):
        return finding
    if finding.side not in _OTHER:
        return None
    zone = finding.zone
    if zone == "middle" and finding.kind == "lobar":  # the left lung has no middle lobe
        zone = "upper"
    moved = replace(finding, side=_OTHER[finding.side], zone=zone)
    return None if any(_clash(moved, other) for other in earlier) else moved


def _clash(finding: Finding, other: Finding) -> bool:
    """True if the two would overlap so that one of them is hidden or impossible."""
    if finding.side != other.side and "bilateral" not in (finding.side, other.side):
        return False
    pair = {finding.name, other.name}
    if pair == {"Pneumothorax", "Pleural Effusion"}:
        return True
    if pair == {"Lung Lesion"}:
        return finding.zone == other.zone
    if pair <= {"Consolidation", "Lung Lesion", "Atelectasis"} and len(pair) == 2:
        return finding.zone == other.zone
    high = finding.zone in ("upper", "apical") and other.zone in ("upper", "apical")
    if "Pneumothorax" in pair and pair & {"Consolidation", "Lung Lesion", "Atelectasis"}:
        return high
    low = finding.zone == "lower" and other.zone == "basal" and other.severity > 0.5
    return pair == {"Lung Lesion", "Pleural Effusion"} and low
