"""What a header says of the picture: view and body part, and whether it is a frontal chest film.

Headers hold free text, in which people's names turn up: a value is shown only where it is a word
of the lists below, and is otherwise spoken of in general.
"""

import re

from pydicom.dataset import Dataset

from core.films.dicom.values import items, texts, word
from core.films.view import FRONTAL_VIEWS, is_lateral

_PROJECTION = ("CR", "DX", "DR", "RF", "XA", "RG")
_OTHER_MODALITIES = (
    "CT", "MR", "US", "MG", "PT", "NM", "OT", "SC", "IO", "PX", "OP", "ES", "XC", "BI", "SM",
    "OCT", "SEG", "RTDOSE", "RTIMAGE",
)  # fmt: skip
_CHEST = ("CHEST", "THORAX", "LUNG", "RIB", "HEART")
_OTHER_PARTS = (
    "ABDOMEN", "ANKLE", "ARM", "BREAST", "CSPINE", "CLAVICLE", "COCCYX", "ELBOW", "EXTREMITY",
    "FEMUR", "FINGER", "FOOT", "FOREARM", "HAND", "HEAD", "HIP", "HUMERUS", "JAW", "KNEE", "LEG",
    "LSPINE", "NECK", "PELVIS", "SHOULDER", "SKULL", "SPINE", "SSPINE", "TIBIA", "TOE", "TSPINE",
    "WRIST",
)  # fmt: skip
_DECUBITUS = ("LLD", "RLD")
_OBLIQUE = ("LLO", "RLO", "LAO", "RAO", "LPO", "RPO")
# Context group 4010 (PS3.16), SNOMED CT and its older codes.
_VIEW_CODES = {
    "399348003": "AP", "R-10206": "AP", "272479007": "PA", "R-40888": "PA", "R-10214": "PA",
    "399067008": "L", "R-102CD": "L", "399173006": "L", "R-10236": "L", "399198007": "L",
    "R-10232": "L",
}  # fmt: skip
_FREE_TEXT = ("SeriesDescription", "ProtocolName")


def view(dataset: Dataset) -> str:
    """"PA", "AP", "L" for a lateral, "oblique", "decubitus", or "" where the header is silent.

    Read from, in this order: ViewPosition (or PatientPosition, where some sets put it),
    ViewCodeSequence, PatientOrientation (a row that runs towards front or back is a lateral), and
    the words of the series.
    """
    position = word(dataset, "ViewPosition") or word(dataset, "PatientPosition")
    if is_lateral(position) or position == "R":
        return "L"
    for names, meaning in ((_OBLIQUE, "oblique"), (_DECUBITUS, "decubitus")):
        if position in names:
            return meaning
    if position in FRONTAL_VIEWS:
        return position
    for item in items(dataset, "ViewCodeSequence"):
        if code := _VIEW_CODES.get(word(item, "CodeValue")):
            return code
    if orientation(dataset)[:1] in ("A", "P"):
        return "L"
    words = set(re.findall(r"[A-Z]+", " ".join(word(dataset, name) for name in _FREE_TEXT)))
    named = {"L"} if words & {"LAT", "LATERAL"} else set()
    named |= words & set(FRONTAL_VIEWS)
    return named.pop() if len(named) == 1 else ""  # "PA and lateral" names the whole study


def orientation(dataset: Dataset) -> str:
    """Where the rows of the picture run to, such as "L", the patient's left."""
    parts = texts(dataset, "PatientOrientation")
    return parts[0].upper()[:3] if parts else ""


def header_notes(dataset: Dataset) -> list[str]:
    """Why this is not a frontal chest radiograph as the models know it, one sentence each."""
    return [*_kind(dataset), *_part(dataset), *_view(dataset)]


def _kind(dataset: Dataset) -> list[str]:
    modality = word(dataset, "Modality")
    if not modality or modality in _PROJECTION:
        return []
    shown = f"modality {modality}" if modality in _OTHER_MODALITIES else "an unusual modality"
    return [f"The header says {shown}, not a projection radiograph."]


def _part(dataset: Dataset) -> list[str]:
    part = word(dataset, "BodyPartExamined")
    if not part or any(known in part for known in _CHEST):
        return []
    shown = next((f"body part {name}" for name in _OTHER_PARTS if name in part), "another part")
    return [f"The header says {shown}, not the chest."]


def _view(dataset: Dataset) -> list[str]:
    found = view(dataset)
    if found == "L":
        return ["The header says a lateral view; the models know frontal views only."]
    if found in ("oblique", "decubitus"):
        return [f"The header's view is {found}; the models know upright and supine frontals only."]
    if found in FRONTAL_VIEWS and orientation(dataset)[:1] == "R":
        return ["The header says that the picture is mirrored: the patient's left is on its left."]
    return []
