"""A case: everything that is true of one phantom patient, before it is drawn or reported.

The picture and the report are both functions of a `Case` and never of each other, so the report can
be checked against truth and the masks need no reader.
"""

from dataclasses import dataclass

import numpy as np

from core.labels import PHANTOM_FINDINGS
from core.phantom.cooccurrence import KINDS, Finding, sample_causes, sample_findings

__all__ = ["KINDS", "SPLITS", "Case", "Finding", "sample_case"]

SPLITS: dict[str, int] = {"train": 1, "val": 2, "test": 3}
"""Word of the seed that keeps the splits apart: no case of one split is ever drawn in another."""


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
    vessels: float = 1.0  # calibre of the lung's vessels against the average adult's
    noise: float = 1.0  # standard deviation of the detector's noise against the usual
    repeat: int = 0  # number of the exposure: the same patient again, with other noise

    def of(self, name: str) -> tuple[Finding, ...]:
        """The findings of one CheXpert name (devices and lesions may come more than once)."""
        return tuple(finding for finding in self.findings if finding.name == name)

    @property
    def labels(self) -> dict[str, int]:
        """1 or 0 for each of PHANTOM_FINDINGS; No Finding is 1 only when nothing is drawn."""
        names = {finding.name for finding in self.findings} or {"No Finding"}
        return {name: int(name in names) for name in PHANTOM_FINDINGS}


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
    causes = sample_causes(rng)
    findings = sample_findings(rng, causes)
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
