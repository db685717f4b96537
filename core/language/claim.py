"""A claim: what one sentence says of one finding."""

from dataclasses import dataclass, field

from core.labels import PATHOLOGIES

FINDINGS: tuple[str, ...] = (*PATHOLOGIES, "Emphysema", "Fibrosis", "Hernia")
"""The findings a claim can be about: CheXpert's, and three more that NIH labels."""

KINDS: dict[str, str] = {
    "nodule": "Lung Lesion",
    "mass": "Lung Lesion",
    "pacemaker": "Support Devices",
    "endotracheal tube": "Support Devices",
    "central line": "Support Devices",
    "enteric tube": "Support Devices",
    "chest tube": "Support Devices",
    "rib": "Fracture",
    "clavicle": "Fracture",
}
"""Subtypes that a claim can name, each with its finding."""

PRESENT, ABSENT, UNCERTAIN = "present", "absent", "uncertain"

CLEAR_LUNGS: tuple[str, ...] = (
    "Lung Opacity", "Consolidation", "Pneumonia", "Atelectasis", "Edema", "Lung Lesion",
)  # fmt: skip
"""What clear lungs exclude. Pleura and bones are another matter."""

OPACITIES: frozenset[str] = frozenset(CLEAR_LUNGS)
"""Findings that show as an opacity of the lung, in CheXpert's hierarchy."""


@dataclass(frozen=True)
class Claim:
    """One finding, stated, denied or doubted.

    `side` is the patient's. A word that the sentence does not say is None or "".
    """

    finding: str  # of FINDINGS
    polarity: str  # PRESENT, ABSENT or UNCERTAIN
    side: str | None = None  # "left", "right" or "both"
    severity: str | None = None  # "mild", "moderate" or "severe"
    zone: str = ""  # "upper", "middle", "lower", "apical" or "basal"
    kind: str = ""  # of KINDS
    millimetres: float | None = None  # the largest size stated
    inferred: bool = field(default=False, compare=False)  # the doubt is ours, not the sentence's
    span: tuple[int, int] = field(default=(0, 0), compare=False)  # of the term in the text read


def excludes(claim: Claim) -> frozenset[str]:
    """Findings that an absent claim denies: no opacity means none of its kinds.

    >>> "Edema" in excludes(Claim("Lung Opacity", ABSENT))
    True
    """
    if claim.polarity != ABSENT:
        return frozenset()
    return OPACITIES if claim.finding == "Lung Opacity" else frozenset({claim.finding})
