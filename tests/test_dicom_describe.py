"""View, body part and modality by the header, and nothing that could name a person."""

from typing import Any

import pytest
from dicom_files import NAME, dicom
from pydicom.dataset import Dataset

from core.films.read import read_image


def _code(value: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = value, NAME
    return [item]


@pytest.mark.parametrize(
    ("fields", "view"),
    [
        ({"ViewPosition": "PA"}, "PA"),
        ({"ViewPosition": "ap"}, "AP"),
        ({"ViewPosition": "LL"}, "L"),
        ({"ViewPosition": "RLO"}, "oblique"),
        ({"ViewPosition": "LLD"}, "decubitus"),
        ({"PatientPosition": "PA"}, "PA"),
        ({"PatientPosition": "HFS"}, ""),
        ({"ViewCodeSequence": _code("399173006")}, "L"),
        ({"ViewCodeSequence": _code("R-10214")}, "PA"),
        ({"PatientOrientation": ["A", "F"]}, "L"),
        ({"PatientOrientation": ["L", "F"]}, ""),
        ({"SeriesDescription": "W Chest Lat."}, "L"),
        ({"SeriesDescription": "CHEST PA AND LATERAL"}, ""),
        ({"ProtocolName": "Thorax pa"}, "PA"),
        ({"SeriesDescription": "plate 2"}, ""),
        ({}, ""),
    ],
)
def test_the_view(fields: dict[str, Any], view: str) -> None:
    loaded = read_image(dicom(**fields), "film.dcm")
    assert loaded.view == view
    flagged = any("view" in note and "models know" in note for note in loaded.notes)
    assert flagged == (view in ("L", "oblique", "decubitus"))


def test_a_mirrored_film_is_noted() -> None:
    notes = read_image(dicom(ViewPosition="PA", PatientOrientation=["R", "F"]), "x").notes
    assert any("mirrored" in note for note in notes)


@pytest.mark.parametrize(
    "field",
    ["Modality", "BodyPartExamined", "ViewPosition", "PatientPosition", "SeriesDescription",
     "ProtocolName", "PatientComments", "PresentationLUTShape", "VOILUTFunction",
     "WindowCenterWidthExplanation", "PatientOrientation", "StudyDescription"],
)  # fmt: skip
def test_a_name_planted_in_any_field_stays_there(field: str) -> None:
    loaded = read_image(
        dicom(WindowCenter=2048, WindowWidth=4096, **{field: "JANEDOE"}), "film.dcm"
    )
    said = " ".join([*loaded.notes, *loaded.film.presets, loaded.view])
    assert "JANE" not in said.upper()


@pytest.mark.parametrize(("part", "flag"), [("CHEST", 0), ("RIBCAGE", 0), ("", 0), ("KNEE", 1)])
def test_body_parts(part: str, flag: int) -> None:
    notes = read_image(dicom(BodyPartExamined=part), "x").notes
    assert sum("not the chest" in note for note in notes) == flag
