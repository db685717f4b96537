"""What is said of the lab's patient: a true sentence, and those that a model chooses from."""

import numpy as np

from core.phantom.case import Finding
from core.phantom.kinds import KINDS, word_of
from core.phantom.patient import Patient
from core.phantom.sentences import SentenceWriter

_SPOKEN = {
    "nodule": "lung nodule", "mass": "lung mass", "effusion": "pleural effusion",
    "consolidation": "consolidation", "patches": "patchy opacity",
    "plates": "linear atelectasis", "collapse": "atelectasis", "rib-fracture": "rib fracture",
    "clavicle-fracture": "clavicle fracture", "line": "central venous line",
    "edema": "interstitial edema", "alveolar-edema": "alveolar pulmonary edema",
    "cardiomegaly": "enlarged heart", "tube": "endotracheal tube", "gastric-tube": "enteric tube",
}  # fmt: skip
_AREAS = {"upper": "upper lung zone", "middle": "mid lung zone", "lower": "lower lung zone"}
_STREAM = 0x1AB


def true_sentence(patient: Patient, index: int) -> str:
    """How a report of the phantoms says a finding of the patient; the same for the same finding."""
    finding = patient.findings[index]
    rng = np.random.default_rng([finding.seed, _STREAM])
    return SentenceWriter(patient.case, rng).positive(finding).text


def plain_text(finding: Finding) -> str:
    """A finding in a few words, as a prompt: what, and on which side.

    >>> plain_text(Finding("Pleural Effusion", "free", "left", "basal", 0.5, 1))
    'left pleural effusion'
    """
    spoken = _spoken(finding)
    return f"{finding.side} {spoken}" if finding.side in ("left", "right") else spoken


def where_sentences(finding: Finding) -> tuple[str, ...]:
    """The finding said of every place that it could be in, the true one first; none if only one."""
    kind = KINDS[word_of(finding.name, finding.kind)]
    places = [(finding.side, finding.zone)] + [
        (side, zone)
        for side in kind.sides
        for zone in kind.zones
        if side != "bilateral" and (side, zone) != (finding.side, finding.zone)
        and not (kind.kind == "lobar" and (side, zone) == ("left", "middle"))
    ]  # fmt: skip
    if len(places) < 2 or finding.side == "bilateral":
        return ()
    spoken = _spoken(finding)
    return tuple(
        f"{spoken} in the {side} {_AREAS[zone]}" if zone in _AREAS else f"{side} {spoken}"
        for side, zone in places
    )


def _spoken(finding: Finding) -> str:
    word = "mass" if finding.kind == "mass" else word_of(finding.name, finding.kind)
    return _SPOKEN.get(word, KINDS.get(word, KINDS["nodule"]).word)
