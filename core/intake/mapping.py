"""Which column means what: guessed from names and contents, or as the user says."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from core.errors import ExplorerError
from core.films.view import view_word
from core.labels import PATHOLOGIES
from core.studies.cells import listed, plain_name

FIELDS: dict[str, str] = {
    "image": "path of the image file, from the folder of images",
    "id": "name of the study; the image's path by default",
    "text": "report",
    "view": "PA, AP or lateral",
    "patient_id": "who the image is of, so that parts of the set share nobody",
    "labels": "findings that are present, with | ; or , between them; the others are absent",
    "boxes": "JSON list of {label, x, y, w, h} in pixels",
}
"""What a column can be, beside CheXpert's names (`core.labels.PATHOLOGIES`)."""

_NAMES = {
    "image": ("image", "image_path", "path", "file", "filename", "file_name", "filepath",
              "file_path", "dicom", "dicom_path", "image_index", "image_file", "img", "png", "jpg"),
    "id": ("id", "study_id", "image_id", "dicom_id", "study", "uid", "sop_instance_uid", "exam_id"),
    "text": ("text", "report", "report_text", "full_report", "findings", "impression", "note",
             "notes", "caption", "clinical_notes", "befund"),
    "view": ("view", "view_position", "viewposition", "projection", "frontal_lateral"),
    "patient_id": ("patient_id", "patientid", "patient", "subject_id", "subject", "mrn"),
    "labels": ("labels", "finding_labels", "label", "diagnosis", "classes"),
    "boxes": ("boxes", "bboxes", "bounding_boxes"),
}  # fmt: skip
_FINDINGS = {
    "No Finding": ("no_finding", "no_findings", "normal"),
    "Enlarged Cardiomediastinum": ("enlarged_cardiomediastinum", "wide_mediastinum"),
    "Cardiomegaly": ("cardiomegaly", "enlarged_heart"),
    "Lung Opacity": ("lung_opacity", "opacity", "airspace_opacity"),
    "Lung Lesion": ("lung_lesion", "lesion", "nodule", "mass", "nodule_mass"),
    "Edema": ("edema", "oedema", "pulmonary_edema", "pulmonary_oedema"),
    "Consolidation": ("consolidation",),
    "Pneumonia": ("pneumonia",),
    "Atelectasis": ("atelectasis", "collapse"),
    "Pneumothorax": ("pneumothorax", "ptx"),
    "Pleural Effusion": ("pleural_effusion", "effusion"),
    "Pleural Other": ("pleural_other", "pleural_thickening"),
    "Fracture": ("fracture", "rib_fracture"),
    "Support Devices": ("support_devices", "support_device", "devices", "tubes_and_lines"),
}
_BY_NAME = {word: name for name, words in _FINDINGS.items() for word in words}
_IMAGE = re.compile(r"\.(?:png|jpe?g|jfif|dcm|dicom|dic|ima)$", re.IGNORECASE)
_WHO = re.compile(r"name|mrn|patient|subject|accession|birth|dob|physician|doctor")
_WHAT = re.compile(r"file|image|path|view|label|finding|class|age|sex")


def guess_mapping(columns: Sequence[str], rows: pd.DataFrame) -> dict[str, str]:
    """Field to column, by the columns' names and what their first rows look like.

    >>> guess_mapping(["Image Index", "Effusion", "Name"], pd.DataFrame())
    {'image': 'Image Index', 'Pleural Effusion': 'Effusion'}
    """
    plain = {column: plain_name(column) for column in columns}
    found: dict[str, str] = {}
    for field, names in _NAMES.items():
        for name in names:  # the likeliest name first
            column = next((c for c in columns if plain[c] == name), None)
            if column is None or column in found.values() or not _can_be(field, column, rows):
                continue
            found[field] = column
            break
    if "patient_id" not in found:
        _group_by_id(columns, rows, found)
    if "image" not in found:
        for column in columns:
            values = rows[column].dropna().astype(str) if column in rows else pd.Series(dtype=str)
            if len(values) and values.str.contains(_IMAGE).all() and column not in found.values():
                found["image"] = column
                break
    for column in columns:
        label = finding(column)
        if label and label not in found and column not in found.values():
            found[label] = column
    return found


def _group_by_id(columns: Sequence[str], rows: pd.DataFrame, found: dict[str, str]) -> None:
    """A column called like an id whose values repeat names studies of several images: they belong
    together as a patient's do, where nothing else says so."""
    for column in columns:
        called = plain_name(column) in _NAMES["id"] and column not in found.values()
        if called and not _can_be("id", column, rows):
            found["patient_id"] = column
            return


def _can_be(field: str, column: str, rows: pd.DataFrame) -> bool:
    """Whether the first rows let a column be what its name says: a path, an id."""
    there = rows[column].dropna() if column in rows else pd.Series(dtype=str)
    cells = there.astype(str).str.strip()
    if field == "id":
        return not cells.duplicated().any()
    if field == "image" and len(cells):
        return bool(cells.map(_may_be_path).mean() >= 0.5)
    return True


def _may_be_path(text: str) -> bool:
    """Whether a cell may name a file: by its ending, or as a path whose last part is one word."""
    return bool(_IMAGE.search(text)) or not re.search(r"\s", re.split(r"[/\\]", text)[-1])


def parse_mapping(given: str, columns: Sequence[str]) -> dict[str, str]:
    """`image=path,text=report,Edema=edema` as field to column.

    Raises:
        ExplorerError: an unknown field or column, a column without a field, no image.
    """
    found = {}
    for part in filter(None, (part.strip() for part in given.split(","))):
        field, _, column = (side.strip() for side in part.partition("="))
        found[finding(field) or field] = column
    return check_mapping(found, columns)


def check_mapping(mapping: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """The same mapping, when it can be used.

    Raises:
        ExplorerError: an unknown field or column, no image, one column for two fields.
    """
    known = [*FIELDS, *PATHOLOGIES]
    for field, column in mapping.items():
        if field not in known:
            raise ExplorerError(f"There is no field '{field}'; known: {', '.join(known)}.")
        if column not in columns:
            raise ExplorerError(
                f"There is no column '{column}' for {field}; the table has {', '.join(columns)}."
            )
    if "image" not in mapping:
        raise ExplorerError("No column holds the images; map one, as in image=COLUMN.")
    return dict(mapping)


def finding(name: str) -> str | None:
    """CheXpert's name for a finding as others spell it; None where it is none of the 14."""
    return _BY_NAME.get(plain_name(name))


def names_people(column: str) -> bool:
    """Whether a column that is not imported may hold identifiers to take out of reports."""
    words = plain_name(column)
    return bool(_WHO.search(words)) and not _WHAT.search(words)


def named_findings(text: object) -> tuple[set[str], bool]:
    """CheXpert's names in a list such as `Effusion|Mass`, and whether each word was one."""
    cell = "" if pd.isna(text) else str(text)
    held = listed(cell)
    words = [w.strip() for w in (re.split(r"[|;,]", cell) if held is None else held)]
    found = {finding(word) for word in words if word}
    return {name for name in found if name}, None not in found


def view_name(text: object) -> str | None:
    """PA, AP, frontal or L for lateral; "" where nothing is said and None for what is no view."""
    word = "" if pd.isna(text) else str(text).strip().upper()
    if word in ("", "NA", "N/A", "NAN", "NONE", "NULL", "UNK", "UNKNOWN", "?"):
        return ""
    return view_word(text)
