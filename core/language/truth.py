"""Whether a sentence is true of a phantom, whose truth is exact."""

import re
from collections.abc import Iterable

from core.language.claim import ABSENT, UNCERTAIN, Claim
from core.language.reader import read
from core.phantom.case import Case, Finding
from core.phantom.wording.grammar import band

_SHOWN_AS: dict[str, tuple[str, ...]] = {
    "Lung Opacity": ("Consolidation", "Lung Lesion", "Atelectasis", "Edema"),
    "Pneumonia": ("Consolidation",),
    "Enlarged Cardiomediastinum": ("Cardiomegaly",),
}
_NEVER = re.compile(
    r"\bbelow the carina|\babove the diaphragm|\bin the esophagus|projecting over the esophagus|"
    r"into the right main bronchus",
    re.IGNORECASE,
)
"""Where no tip of a phantom's devices ever lies."""
_DEGREES = {"low": "mild", "mid": "moderate", "high": "severe"}
_ZONES: dict[str, tuple[str, ...]] = {"basal": ("basal", "lower"), "lower": ("basal", "lower")}


def is_true(sentence: str, case: Case) -> bool:
    """False if a claim of the sentence does not hold in the case; doubt holds either way.

    A sentence without claims is true of everything.
    """
    if _NEVER.search(sentence):
        return False
    return all(holds(claim, case) for claim in read(sentence))


def holds(claim: Claim, case: Case) -> bool:
    """Whether a claim holds in a case. "Left" is taken to hold of a bilateral finding."""
    if claim.finding == "No Finding":
        return bool(case.labels["No Finding"]) != (claim.polarity == ABSENT)
    names = _SHOWN_AS.get(claim.finding, (claim.finding,))
    findings = [finding for finding in case.findings if finding.name in names]
    if claim.polarity == UNCERTAIN and not findings:
        return True
    there = any(_fits(claim, finding) for finding in findings)
    if claim.polarity != ABSENT:  # to deny both sides is to deny each
        there = there and _on_both(claim, findings)
    return there != (claim.polarity == ABSENT)


def _fits(claim: Claim, finding: Finding) -> bool:
    side = claim.side in (None, "both", finding.side) or finding.side in ("bilateral", "midline")
    zone = claim.zone == "" or finding.zone in ("", *_ZONES.get(claim.zone, (claim.zone,)))
    degree = claim.severity in (None, _DEGREES[band(finding.severity)])
    return side and zone and degree and claim.kind in ("", finding.kind)


def _on_both(claim: Claim, findings: Iterable[Finding]) -> bool:
    sides = {finding.side for finding in findings}
    return claim.side != "both" or bool(sides & {"bilateral", "midline"}) or len(sides) == 2
