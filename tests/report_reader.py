"""A reader of phantom reports that knows nothing of the templates: sentence -> claims -> truth.

It works by keywords and a few rules of English, so that a template that says something false, or
something it does not know how to read, is found by the tests and not only by its author.
"""

import re
from dataclasses import dataclass, field

from core.phantom.case import Case, Finding

LUNGS_AND_PLEURA = (
    "Consolidation",
    "Lung Lesion",
    "Atelectasis",
    "Edema",
    "Pleural Effusion",
    "Pneumothorax",
)

KEYWORDS = {
    "Cardiomegaly": r"cardiomegaly|cardiac|cardiomediastinal|heart (?!from)|heart$|cardiothoracic",
    "Pleural Effusion": r"effusion|pleural fluid|costophrenic|hydrothorax|pleural recess|pleural sp"
    r"aces (are|is)|fluid (layers|collect)|fluid in the \w+ pleural",
    "Pneumothorax": r"pneumothora|pleural line|pleural air|lung markings|air in the \w+ pleural|"
    r"wall by air|pleural spaces are (clear|normal|unremarkable)",
    "Consolidation": r"consolidat|pneumonia|airspace|opacif|alveolar (filling|infiltrate)|infiltra|"
    r"air bronchogram|patchy|lobe opacity|focal lung opacity",
    "Lung Lesion": r"nodul|\bmass|lesion|density|tumor|focal (airspace|lung) opacity",
    "Atelectasis": r"atelecta|collapse|volume loss|lost volume|incomplete expansion|"
    r"focal (airspace|lung) opacity",
    "Edema": r"edema|congest|interstiti|vascula|perihilar|overload|engorge|pulmonary vessels",
    "Support Devices": r"pacemaker|pacer|pacing|rhythm device|\btubes?\b|(?<!pleural )\blines?\b|"
    r"catheter|intubated|support|devices|hardware",
    "Fracture": r"fractur|broken|break|cortical|osseous|bones|bony|ribs|collarbone",
}

NEGATED = (
    r"\bno\b|\bnot\b|negative for|absence of|free of|^without|neither|\bnormal|unremarkable|intact|"
    r"\bclear\b|sharp|preserved|reach (the )?chest wall on both"
)
NORMAL_CHEST = (
    r"cardiopulmonary|normal (chest|radiograph|film|appearance)|unremarkable chest|chest is normal|"
    r"no (acute|significant) abnormality|no acute (disease|intrathoracic)|patholog"
)
DOUBT = r"possible|questionable|probable|suspected|cannot be|may |difficult to|suspicion|equivocal"

SEVERITY = (  # the first that matches counts
    (r"mild(ly)? to moderate|mildly displaced|moderate|medium", (0.35, 0.7)),
    (
        r"small|tiny|trace|minimal|mild|slight|faint|subtle|hazy|hairline|nondisplaced",
        (0.0, 0.35),
    ),
    (
        r"\blarge\b|sizeable|severe|marked|pronounced|gross|considerabl|\bdense|extensive|"
        r"prominent |conspicuous|bulky|clearly displaced|complete collapse|(?<!y )displaced",
        (0.7, 1.0),
    ),
)
KINDS = {
    r"\bribs?\b": "rib",
    r"clavic|collarbone": "clavicle",
    r"nodul|coin": "nodule",
    r"\bmass|tumor|space-occupying": "mass",
    r"\blobe\b|volume loss": "lobar",
    r"patchy|multifocal": "patchy",
    r"linear|platelike|subsegmental|discoid|bandlike|streaky|plate of": "linear",
    r"interstitial (pulmonary )?edema": "interstitial",
    r"alveolar (pulmonary )?edema": "alveolar",
    r"pacemaker|pacer|pacing|rhythm": "pacemaker",
    r"endotracheal|\bet tube|tracheal|intubated|breathing": "endotracheal tube",
    r"central|venous": "central line",
    r"enteric|gastric|feeding|ng tube": "enteric tube",
}
ZONES = {
    r"\bupper\b": ("upper",),
    r"\b(mid|middle)\b": ("middle",),
    r"\blower\b": ("lower",),
    r"\bbas(e|es|al|ilar)\b": ("basal", "lower"),
    r"\bap(ex|ical)\b": ("apical",),
}
REMARKS = (
    (r"(portable|ap) .*(view|radiograph)", lambda case: case.view == "AP"),
    (r"\bpa\b", lambda case: case.view == "PA"),
    (r"^single frontal view of the chest$", lambda case: True),
    (r"mediastinal contours", lambda case: not case.of("Cardiomegaly")),
    (r"trachea is midline|upper abdomen|soft tissues", lambda case: True),
    (r"low lung volumes|inspiration is", lambda case: case.inspiration < 0.5),
    (r"(good|full) inspiration", lambda case: case.inspiration > 0.7),
    (r"rotated to the left", lambda case: case.rotation_deg > 0),
    (r"rotated to the right", lambda case: case.rotation_deg < 0),
    (r"underexposed|underpenetrated", lambda case: case.exposure < 0),
    (r"overexposed|overpenetrated", lambda case: case.exposure > 0),
    (r"body habitus", lambda case: case.habitus > 0.7),
)


@dataclass(frozen=True)
class Claim:
    """One fact a sentence states: a finding is there, with these attributes, or it is not."""

    finding: str
    there: bool
    side: str = ""
    zones: tuple[str, ...] = ()
    kinds: frozenset[str] = field(default=frozenset())
    severity: tuple[float, float] = (0.0, 1.0)

    def holds(self, case: Case) -> bool:
        """True if the case does not contradict the claim."""
        return any(self._matches(finding) for finding in case.of(self.finding)) == self.there

    def _matches(self, finding: Finding) -> bool:
        return (
            self._on_side(finding.side)
            and (not self.zones or finding.zone in self.zones)
            and (not self.kinds or finding.kind in self.kinds)
            and self.severity[0] <= finding.severity <= self.severity[1]
        )

    def _on_side(self, side: str) -> bool:
        # "The left lung is clear" is wrong of a bilateral finding; "left effusion" names one side.
        return self.side in ("", side) or (not self.there and side == "bilateral")


def contradictions(text: str, case: Case) -> list[str]:
    """What the sentence states that is not true of the case; empty if all of it is."""
    plain = text.lower().rstrip(".")
    for pattern, is_true in REMARKS:
        if re.search(pattern, plain):
            return [] if is_true(case) else [f"remark: {text}"]
    claims = [claim for clause in _clauses(plain) for claim in read(clause)]
    if not claims:
        return [f"cannot be read: {text}"]
    return [f"{claim}: {text}" for claim in claims if not claim.holds(case)]


def _clauses(plain: str) -> list[str]:
    """Parts that may differ in what they state or deny."""
    plain = re.sub(r"without (evidence of )?(?!lung markings)", "|without ", plain)
    parts = []
    for part in plain.split("|"):
        halves = part.split(" and ")
        both = len(halves) == 2 and all(_named(half) for half in halves)
        together = r"nodule or mass|nodules or masses|ribs and|lines and tubes"
        parts += halves if both and not re.search(together, part) else [part]
    return [part for part in parts if _named(part) or re.search(NORMAL_CHEST + r"|lungs?\b", part)]


def _named(clause: str) -> list[str]:
    """The findings a clause speaks of."""
    names = [name for name, pattern in KEYWORDS.items() if re.search(pattern, clause)]
    if "Pneumothorax" in names and "collapsed by" in clause:
        names.remove("Atelectasis")
    if "Edema" in names and "perihilar" in clause:
        names = ["Edema"]
    if "Cardiomegaly" in names and {"Support Devices", "Fracture"} & set(names):
        names.remove("Cardiomegaly")  # "cardiac pacemaker", "leads overlie the heart"
    if re.search(r"mass-like|nodular opacity", clause):
        names = ["Lung Lesion"]
    return names


def read(clause: str) -> list[Claim]:
    """The claims of one clause."""
    sign_of_air = re.search(r"no lung markings beyond|without lung markings|no vessels", clause)
    denied = bool(re.search(NEGATED, clause)) and not sign_of_air
    if re.search(NORMAL_CHEST, clause):
        return [Claim(name, there=False) for name in KEYWORDS]
    side = _side(clause)
    if denied and re.search(r"clear.*lung|lungs? .*(clear|free of)", clause):
        return [Claim(name, there=False, side=side) for name in LUNGS_AND_PLEURA]
    if denied:
        return [
            Claim(name, there=False, kinds=_denied_kinds(name, clause)) for name in _named(clause)
        ]
    severity = next((each for pattern, each in SEVERITY if re.search(pattern, clause)), (0.0, 1.0))
    if re.search(DOUBT, clause):
        severity = (severity[0], min(severity[1], 0.35))
    zones = tuple(
        zone for pattern, each in ZONES.items() if re.search(pattern, clause) for zone in each
    )
    kinds = frozenset(kind for pattern, kind in KINDS.items() if re.search(pattern, clause))
    return [Claim(name, True, side, zones, kinds, severity) for name in _named(clause)]


def _side(clause: str) -> str:
    words = {"left": r"\bleft", "right": r"\bright", "bilateral": r"\bboth\b|bilateral|two-sided"}
    sides = [side for side, pattern in words.items() if re.search(pattern, clause)]
    return sides[0] if len(sides) == 1 else ""


def _denied_kinds(name: str, clause: str) -> frozenset[str]:
    """ "No pacemaker" denies one kind of device; other denials are taken to deny the finding."""
    if name != "Support Devices" or re.search(r"device|support|hardware|lines or tubes", clause):
        return frozenset()
    return frozenset(kind for pattern, kind in KINDS.items() if re.search(pattern, clause))
