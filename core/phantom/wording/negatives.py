"""What reports say of findings that are absent, of a normal chest, and of the exposure."""

from dataclasses import dataclass

LUNG_FINDINGS = ("Consolidation", "Lung Lesion", "Atelectasis", "Edema")
PLEURA_FINDINGS = ("Pleural Effusion", "Pneumothorax")


@dataclass(frozen=True)
class Negative:
    """A template that is true only while every finding of `absent` is absent."""

    text: str
    absent: tuple[str, ...]
    held_out: bool = False


NOUNS: dict[str, tuple[str, ...]] = {
    "Cardiomegaly": ("cardiomegaly", "cardiac enlargement"),
    "Pleural Effusion": ("pleural effusion", "effusion", "pleural fluid"),
    "Pneumothorax": ("pneumothorax", "apical pneumothorax"),
    "Consolidation": (
        "focal consolidation",
        "consolidation",
        "airspace consolidation",
        "pneumonia",
        "focal airspace disease",
    ),
    "Lung Lesion": (
        "nodule or mass",
        "lung nodule",
        "pulmonary nodule",
        "lung mass",
        "suspicious nodule",
        "focal lung lesion",
    ),
    "Atelectasis": ("atelectasis", "lobar collapse", "volume loss"),
    "Edema": ("pulmonary edema", "edema", "vascular congestion", "interstitial edema"),
    "Support Devices": ("support devices", "lines or tubes", "indwelling devices"),
    "Fracture": ("fracture", "acute fracture", "rib fracture", "osseous fracture"),
}
"""What follows "no" in a sentence."""

PLURALS = ("support devices", "lines or tubes", "indwelling devices")

LISTED: dict[str, str] = {
    "Pleural Effusion": "[pleural effusion|effusion]",
    "Pneumothorax": "pneumothorax",
    "Consolidation": "[focal consolidation|consolidation]",
    "Edema": "[pulmonary edema|edema]",
    "Atelectasis": "atelectasis",
    "Lung Lesion": "[nodule|mass|lung lesion]",
    "Fracture": "[fracture|acute fracture]",
    "Cardiomegaly": "cardiomegaly",
}
"""The short forms of lists such as "no consolidation, effusion or pneumothorax"."""

LIST_OPENINGS = ("no", "no", "no", "no evidence of", "there is no", "negative for")

NO_FRAMES = (
    "no {what}",
    "no {what}",
    "no [evidence|radiographic evidence|sign] of {what}",
    "there {is} no {what}",
    "there is no evidence of {what}",
    "no {what} {is} [seen|identified|present|visible]",
    "[chest radiograph|frontal view] without [evidence of|] {what}",
    "negative for {what}",
)
NO_FRAMES_HELD_OUT = (
    "{what} {is} not [seen|demonstrated|identified]",
    "absence of {what}",
    "no [findings|features] of {what}",
    "the chest is free of {what}",
)

NORMAL = (
    Negative("[heart size is|the heart is|cardiac size is] normal", ("Cardiomegaly",)),
    Negative("heart size is [normal|within normal limits]", ("Cardiomegaly",)),
    Negative("normal heart size", ("Cardiomegaly",)),
    Negative("the heart is [not enlarged|normal in size|of normal size]", ("Cardiomegaly",)),
    Negative(
        "the [cardiac silhouette|cardiomediastinal silhouette|cardiac contour] is "
        "[normal|within normal limits|unremarkable|not enlarged]",
        ("Cardiomegaly",),
    ),
    Negative("the cardiothoracic ratio is [normal|within normal limits]", ("Cardiomegaly",)),
    Negative("the heart shadow is of normal width", ("Cardiomegaly",), held_out=True),
    Negative("the heart is not [dilated|big]", ("Cardiomegaly",), held_out=True),
    Negative("[the|both] costophrenic angles are [sharp|clear|preserved]", ("Pleural Effusion",)),
    Negative("[the|] costophrenic angles are not blunted", ("Pleural Effusion",)),
    Negative("the pleural recesses hold no fluid", ("Pleural Effusion",), held_out=True),
    Negative("the pleural spaces are [clear|normal|unremarkable]", PLEURA_FINDINGS),
    Negative("lung markings reach the chest wall on both sides", ("Pneumothorax",)),
    Negative("no apical [pneumothorax|pleural air]", ("Pneumothorax",)),
    Negative("neither apex shows pleural air", ("Pneumothorax",), held_out=True),
    Negative("no pulmonary nodules or masses", ("Lung Lesion",)),
    Negative("no [suspicious|focal|discrete] [nodule|mass|lung lesion]", ("Lung Lesion",)),
    Negative("no coin lesion", ("Lung Lesion",), held_out=True),
    Negative("no alveolar [filling|infiltrate]", ("Consolidation", "Edema"), held_out=True),
    Negative("no focal [airspace|lung] opacity", ("Consolidation", "Lung Lesion", "Atelectasis")),
    Negative("no [basal|lobar|subsegmental|linear] atelectasis", ("Atelectasis",)),
    Negative("no [collapse of any lobe|collapsed lobe]", ("Atelectasis",)),
    Negative("no [lobe has lost volume|atelectatic change]", ("Atelectasis",), held_out=True),
    Negative(
        "[the|] pulmonary [vasculature|vascularity] is "
        "[normal|within normal limits|unremarkable|not congested]",
        ("Edema",),
    ),
    Negative("interstitial markings are [normal|not increased]", ("Edema",)),
    Negative("no vascular engorgement", ("Edema",), held_out=True),
    Negative("the [osseous structures|visualized bones|bones] are intact", ("Fracture",)),
    Negative("the bony thorax is intact", ("Fracture",)),
    Negative("[the|] ribs and clavicles are intact", ("Fracture",)),
    Negative("no acute osseous abnormality", ("Fracture",)),
    Negative("no broken [rib|bone]", ("Fracture",), held_out=True),
    Negative("no [support devices|lines or tubes|indwelling lines or tubes]", ("Support Devices",)),
    Negative("no [pacemaker|endotracheal tube|central line|enteric tube]", ("Support Devices",)),
    Negative("no [pacemaker, line or tube|lines, tubes or devices]", ("Support Devices",)),
    Negative("the patient is not intubated", ("Support Devices",)),
    Negative("no foreign hardware projects over the chest", ("Support Devices",), held_out=True),
    Negative(
        "[both lungs are clear|the lungs are clear|the lungs are clear bilaterally]",
        (*LUNG_FINDINGS, *PLEURA_FINDINGS),
    ),
    Negative("clear lungs", (*LUNG_FINDINGS, *PLEURA_FINDINGS)),
    Negative(
        "the lungs are free of focal [disease|abnormality]", (*LUNG_FINDINGS, *PLEURA_FINDINGS)
    ),
)

ALL_NORMAL = (
    "no acute cardiopulmonary [abnormality|process|disease|findings]",
    "no acute cardiopulmonary abnormality",
    "normal chest [radiograph|x-ray|film]",
    "normal [radiograph|appearance] of the chest",
    "no [acute|significant] abnormality [is seen|]",
    "unremarkable chest radiograph",
    "[no acute disease|no acute intrathoracic process]",
)
ALL_NORMAL_HELD_OUT = (
    "the chest is normal",
    "no pathology is [seen|found] in the chest",
    "radiograph without pathological findings",
)
"""Whole sentences used only when nothing is drawn."""

ONE_LUNG_CLEAR = ("the {other} lung is clear", "clear {other} lung")
ONE_LUNG_CLEAR_HELD_OUT = ("the {other} lung is free of disease",)
"""Used when every finding of lungs and pleura is on one side."""

POSITIVE_FRAMES = (
    "{phrase}",
    "{phrase}",
    "{phrase}",
    "there {is} {a_phrase}",
    "{a_phrase} {is} [seen|noted|present|identified|visible]",
    "the [film|radiograph|image] shows {a_phrase}",
    "findings [consistent|compatible] with {a_phrase}",
)
POSITIVE_FRAMES_HELD_OUT = (
    "note is made of {a_phrase}",
    "{a_phrase} {is} [appreciated|evident]",
    "the examination [reveals|demonstrates] {a_phrase}",
)
UNSURE_FRAMES = (
    "possible {phrase}",
    "questionable {phrase}",
    "probable {phrase}",
    "{a_phrase} cannot be excluded",
    "{a_phrase} {is} [possible|suspected]",
    "there may be {a_phrase}",
    "[findings|appearances] may represent {a_phrase}",
)
UNSURE_FRAMES_HELD_OUT = (
    "{a_phrase} {is} difficult to exclude",
    "suspicion of {a_phrase}",
    "equivocal {phrase}",
)
"""Doubt is put only on findings of low severity; the last frame never on an appearance."""
