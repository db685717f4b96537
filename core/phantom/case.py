"""A case: everything that is true of one phantom patient, before it is drawn or reported.

The picture and the report are both functions of a `Case` and never of each other, so the report can
be checked against truth and the masks need no reader. Conditions come from four hidden causes, each
of which raises the findings that go with it in patients: heart failure (large heart, oedema,
effusions), bedside care (AP view, devices, atelectasis), injury (fractures, pneumothorax, effusion)
and infection (consolidation, effusion). None of the causes is kept in the case.
"""

from dataclasses import dataclass, replace

import numpy as np

from core.labels import PHANTOM_FINDINGS

SPLITS: dict[str, int] = {"train": 1, "val": 2, "test": 3}
"""Word of the seed that keeps the splits apart: no case of one split is ever drawn in another."""

PREVALENCE: dict[
    str, dict[str, float]
] = {  # P(finding | no cause), then what each cause raises it to
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
"""Chance of each finding with no cause and with each cause; of several the highest counts."""


@dataclass(frozen=True)
class Finding:
    """One finding as drawn. Sides are the patient's: the patient's left is on the image's right."""

    name: str  # CheXpert name
    kind: str  # subtype, as listed in `KINDS`
    side: str  # "left", "right", "bilateral" or "midline"
    zone: str  # "upper", "middle", "lower", "apical", "basal" or "" where it has no meaning
    severity: float  # 0 barely visible .. 1 obvious
    seed: int  # for its own shape


@dataclass(frozen=True)
class Case:
    """One phantom patient and one exposure."""

    seed: int
    split: str  # "train", "val" or "test"
    sex: str  # "F" or "M"
    age: int  # years
    view: str  # "PA" or "AP"
    habitus: float  # 0 thin .. 1 obese
    inspiration: float  # 0 poor .. 1 full
    rotation_deg: float  # about the long axis, positive towards the patient's left
    tilt_deg: float  # about the left-right axis, positive leaning back (lordotic)
    exposure: float  # -1 under .. 1 over
    scale: float  # size of the thorax against the average adult's
    heart_ratio: float  # cardiothoracic ratio, above 0.5 only with Cardiomegaly
    findings: tuple[Finding, ...]

    def of(self, name: str) -> tuple[Finding, ...]:
        """The findings of one CheXpert name (devices and lesions may come more than once)."""
        return tuple(finding for finding in self.findings if finding.name == name)

    @property
    def labels(self) -> dict[str, int]:
        """1 or 0 for each of PHANTOM_FINDINGS; No Finding is 1 only when nothing is drawn."""
        names = {finding.name for finding in self.findings} or {"No Finding"}
        return {name: int(name in names) for name in PHANTOM_FINDINGS}


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


def sample_case(index: int, seed: int, split: str) -> Case:
    """Draw case `index` of a split; the same three arguments give the same case everywhere.

    Severity of every finding is Beta(2, 1.5): mean 0.57, standard deviation 0.23, about 7 % below
    0.2 and about 19 % above 0.8. Of the cases 7 % are normal by design; with those that come out
    normal by chance about 20 % have nothing, and each finding is in 12 to 30 %.

    Raises:
        ValueError: the split is not one of train, val, test.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {split!r}")
    sequence = np.random.SeedSequence([seed, SPLITS[split], index])
    rng = np.random.default_rng(sequence)
    causes = _sample_causes(rng)
    findings = _sample_findings(rng, causes)
    sick = "bedside" in causes or any(f.kind == "endotracheal tube" for f in findings)
    bedside = sick or rng.random() < 0.12
    heart = [f.severity for f in findings if f.name == "Cardiomegaly"]
    ratio = 0.515 + 0.125 * heart[0] if heart else rng.uniform(0.385, 0.485)
    return Case(
        seed=int(sequence.generate_state(1)[0]),
        split=split,
        sex=str(rng.choice(["F", "M"])),
        age=int(np.clip(rng.normal(68 if "failure" in causes else 56, 16), 18, 95)),
        view="AP" if bedside else "PA",
        habitus=float(rng.beta(2, 2)),
        inspiration=float(rng.beta(3, 2) if bedside else rng.beta(5, 1.5)),
        rotation_deg=float(np.clip(rng.normal(0, 4 if bedside else 2), -9, 9)),
        tilt_deg=float(np.clip(rng.normal(0, 4 if bedside else 2.5), -9, 9)),
        exposure=float(np.clip(rng.normal(0, 0.35), -1, 1)),
        scale=float(rng.uniform(0.92, 1.05)),
        heart_ratio=float(ratio),
        findings=findings,
    )


def _sample_causes(rng: np.random.Generator) -> frozenset[str]:
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


def _sample_findings(rng: np.random.Generator, causes: frozenset[str]) -> tuple[Finding, ...]:
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


def _devices(rng: np.random.Generator) -> list[Finding]:
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
    "Support Devices": _devices,
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
