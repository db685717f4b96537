"""Own data in: previewed, mapped, checked file by file, and without what identifies."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import planted
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont
from planted import film, leaks

from core.errors import ExplorerError
from core.films.read import read_image
from core.intake import (
    ImportReport,
    guess_mapping,
    import_studies,
    open_source,
    parse_mapping,
)
from core.intake.burned_in import text_boxes
from core.intake.dicom_copy import KEPT, PROFILE, deidentified
from core.intake.identity import Pseudonyms, scrubbed
from core.specs import open_studies
from core.studies.cells import label_value

MAP = {"image": "Datei", "text": "Befund", "view": "Blickrichtung", "patient_id": "Fallnummer",
       "Pleural Effusion": "Erguss"}  # fmt: skip


def _table(folder: Path, rows: list[dict[str, Any]], name: str = "t.csv") -> Path:
    for number in range(3):
        Image.fromarray(film(number)).save(folder / f"{number}.png")
    table = pd.DataFrame(rows)
    table.to_parquet(folder / name) if name.endswith("parquet") else table.to_csv(
        folder / name, index=False, sep="\t" if name.endswith("tsv") else ","
    )
    return folder / name


def _imported(data: Path, out: Path, mapping: dict[str, str] | None = None) -> ImportReport:
    source = open_source(data)
    return import_studies(source, out, mapping or guess_mapping(source.columns, source.preview))


def test_a_tree_with_identifiers_is_imported_without_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    planted.tree(tmp_path / "in")
    assert len({leak.split(" in ")[0] for leak in leaks(tmp_path / "in")}) == len(
        planted.IDENTIFIERS
    )
    report = _imported(tmp_path / "in", tmp_path / "out")
    assert not leaks(tmp_path / "out")
    studies = open_studies(str(report.manifest))
    assert len(studies) == report.n == 10 and studies.ids == sorted(studies.ids)
    assert set(studies.table["view"].dropna()) == {"PA"}
    assert studies.table["patient_id"].nunique() == 1  # the header's, six times
    named = {Path(remark.where).name: remark.reason for remark in report.left_out}
    assert {"Ostertag_broken.png", "Ostertag_broken.dcm", "liste.csv"} == set(named)
    assert "damaged" in named["Ostertag_broken.png"] and "no PNG" in named["liste.csv"]
    assert not leaks(said=str(report.reasons()))
    assert "Ostertag_broken.png,left out," in report.to_csv().replace("ward-nine/", "").replace(
        "ZOBELTITZ_Hildegunde/", ""
    )


def test_a_table_with_columns_of_its_own_names(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    report = _imported(planted.tree(tmp_path / "in"), tmp_path / "out", MAP)
    assert not leaks(tmp_path / "out")
    studies = open_studies(str(report.manifest))
    assert len(studies) == 10 and len(report.left_out) == 2
    text = studies.study(0).text
    assert text == ("Frau [removed] ([removed]), [removed]: small left effusion. Compared with "
                    "[removed].")  # fmt: skip
    assert studies.labels["Pleural Effusion"].value_counts().to_dict() == {0.0: 5, 1.0: 4}
    assert ("Its value for Pleural Effusion is no label (1, 0, -1, true, false, yes, no, positive, "
            "negative, blank); left blank.", 1) in report.reasons()  # fmt: skip
    assert studies.table["patient_id"].nunique() == 1


def test_a_de_identified_copy_is_the_same_film(cxr: Path) -> None:
    for path in sorted((cxr / "dicom").glob("*.dcm"))[:6:2]:
        before = read_image(path)
        made = io.BytesIO()
        deidentified(pydicom.dcmread(path), before.pixels).save_as(made, enforce_file_format=True)
        after = read_image(made.getvalue(), path.name)
        np.testing.assert_array_equal(after.pixels, before.pixels)


def test_spacing_view_window_and_orientation_survive(tmp_path: Path) -> None:
    deep = (film().astype(np.uint16) << 4) + 3
    planted.dicom(
        tmp_path / "a.dcm", deep, BitsStored=12, HighBit=11, WindowCenter=2000, WindowWidth=900,
        ViewPosition="AP", PatientOrientation=["L", "F"], PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "a.dcm").rename(tmp_path / "in" / "a.dcm")
    report = _imported(tmp_path / "in", tmp_path / "out")
    row = open_studies(str(report.manifest)).table.iloc[0]
    assert (row["view"], float(row["pixel_height_mm"]), float(row["pixel_width_mm"])) == (
        "AP", 0.2, 0.1,
    )  # fmt: skip
    made = pydicom.dcmread(tmp_path / "out" / row["image"])
    assert list(made.PixelSpacing) == [0.2, 0.1] and list(made.PatientOrientation) == ["L", "F"]
    assert made.BodyPartExamined == "OTHER" and made.PatientIdentityRemoved == "YES"
    before, after = (read_image(p) for p in (tmp_path / "in" / "a.dcm",
                                             tmp_path / "out" / row["image"]))  # fmt: skip
    np.testing.assert_array_equal(after.pixels, before.pixels)


def test_nothing_is_kept_that_the_profile_of_the_standard_removes() -> None:
    tags = {int(pydicom.tag.Tag(pydicom.datadict.tag_for_keyword(word))) for word in KEPT}
    assert len(PROFILE) > 500 and 0x00100010 in PROFILE and not tags & PROFILE
    source = pydicom.Dataset()
    source.file_meta = pydicom.dataset.FileMetaDataset()
    source.set_pixel_data(film(), "MONOCHROME2", 8)
    for word in KEPT:  # a name in every field that takes words
        if pydicom.datadict.dictionary_VR(word) == "CS":
            setattr(source, word, "ZOBELTITZ")
    source.SOPInstanceUID = "1.2.3.4.5"
    made = deidentified(source, film().astype(np.float32))
    assert "ZOBELTITZ" in str(source)
    assert "ZOBELTITZ" not in str(made) and "1.2.3.4.5" not in str(made)
    assert made.BodyPartExamined == "OTHER" and made.pixel_array.shape == film().shape


@pytest.mark.parametrize("high", [11, 15])
def test_bits_beside_the_pixel_are_cleared(tmp_path: Path, high: int) -> None:
    """Old overlays draw names into the four bits that twelve of a word leave free."""
    values = np.arange(96 * 80, dtype=np.uint16).reshape(96, 80) % 4096
    name = np.full((96, 80), int.from_bytes(b"Z") % 16, np.uint16)
    word = values << (high - 11) | (name << 12 if high == 11 else name)
    planted.dicom(
        tmp_path / "a.dcm", word.astype(np.uint16), BitsStored=12, HighBit=high,
        PhotometricInterpretation="MONOCHROME2",
    )  # fmt: skip
    source = pydicom.dcmread(tmp_path / "a.dcm")
    made = deidentified(source, np.zeros((96, 80), np.float32))
    kept = np.frombuffer(made.PixelData, np.uint16).reshape(96, 80)
    np.testing.assert_array_equal(kept, values)
    assert (made.BitsAllocated, made.BitsStored, made.HighBit) == (16, 12, 11)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_columns_are_guessed_in_any_kind_of_table(tmp_path: Path, name: str) -> None:
    path = _table(tmp_path, [
        {"File Name": "0.png", "Study ID": 7, "Report Text": "Clear.", "Effusion": 1.0,
         "oedema": "no", "MRN": "x1", "Age": 71},
        {"File Name": "1.png", "Study ID": 8, "Report Text": None, "Effusion": None,
         "oedema": "yes", "MRN": "x1", "Age": 70},
    ], name)  # fmt: skip
    source = open_source(path)
    assert len(source.preview) == 2
    mapping = guess_mapping(source.columns, source.preview)
    assert mapping == {
        "image": "File Name", "id": "Study ID", "text": "Report Text", "patient_id": "MRN",
        "Pleural Effusion": "Effusion", "Edema": "oedema",
    }  # fmt: skip
    studies = open_studies(str(import_studies(source, tmp_path / "out", mapping).manifest))
    found = {s.text: s.labels for s in map(studies.study, range(2))}
    assert found == {"Clear.": {"Pleural Effusion": 1, "Edema": 0}, "": {"Edema": 1}}


def test_an_image_column_is_known_by_what_it_holds(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": ["x", "y"], "b": ["f/1.PNG", "g.dcm"]})
    assert guess_mapping(["a", "b"], rows) == {"image": "b"}


def test_lists_of_findings_and_boxes(tmp_path: Path) -> None:
    boxes = [{"label": "effusion", "x": 1, "y": "2", "w": 3, "h": 4, "reader": "Dr-Wimmer"}]
    path = _table(tmp_path, [
        {"image": "0.png", "labels": "Effusion|Mass", "boxes": json.dumps(boxes)},
        {"image": "1.png", "labels": "No Finding", "boxes": "[1]"},
        {"image": "2.png", "labels": "Hernia;Effusion", "boxes": ""},
    ])  # fmt: skip
    report = _imported(path, tmp_path / "out")
    studies = open_studies(str(report.manifest))
    assert studies.labels.sum().to_dict() | {} == {
        **dict.fromkeys(studies.labels.columns, 0.0), "No Finding": 1.0, "Lung Lesion": 1.0,
        "Pleural Effusion": 2.0,
    }  # fmt: skip
    assert studies.labels["Edema"].isna().all()  # never named: not known
    (box,) = [box for row in range(3) for box in studies.boxes(row)]
    assert (box.label, box.y) == ("Pleural Effusion", 2.0) and not leaks(tmp_path / "out")
    of_cells = [r for r in report.remarks if "picture" not in r.reason]
    assert {r.where.split(":")[0] for r in of_cells} == {"row 3", "row 4"}


@pytest.mark.parametrize(
    "image", ["../x.png", "/etc/hosts", "\\\\host\\x.png", "link.png", "no.png"]
)
def test_no_image_outside_of_the_folder_is_read(tmp_path: Path, image: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(film()).save(tmp_path / "x.png")
    os.symlink(tmp_path / "x.png", folder / "link.png")
    path = _table(folder, [{"image": "0.png"}, {"image": image}])
    report = _imported(path, tmp_path / "out")
    assert report.n == 1 and len(report.left_out) == 1
    assert "outside" in report.left_out[0].reason or "not there" in report.left_out[0].reason


def test_a_folder_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    Image.fromarray(film()).save(tmp_path / "far" / "x.png")
    (tmp_path / "in").mkdir()
    Image.fromarray(film(1)).save(tmp_path / "in" / "a.png")
    os.symlink(tmp_path / "far", tmp_path / "in" / "far")
    os.symlink(tmp_path / "far" / "x.png", tmp_path / "in" / "x.png")
    report = _imported(tmp_path / "in", tmp_path / "out")
    assert report.n == 1 and [r.where for r in report.left_out] == ["x.png"]


@pytest.mark.parametrize(
    ("given", "word"),
    [("text=a", "No column holds the images"), ("image=b", "no column 'b'"),
     ("image=a,Gout=a", "no field 'Gout'")],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_one_sentence(given: str, word: str) -> None:
    with pytest.raises(ExplorerError, match=word):
        parse_mapping(given, ["a"])


def test_what_is_no_data_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"")
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    (tmp_path / "z.txt").write_bytes(b"\xff\x00\x81")
    (tmp_path / "void").mkdir()
    for given in ("x.csv", "y.parquet", "z.txt", "none.csv"):
        with pytest.raises(ExplorerError):
            open_source(tmp_path / given)
    for given in ("\\\\host\\share", "//host/share", "", "a\0b"):
        with pytest.raises(ExplorerError):
            open_source(given)
    with pytest.raises(ExplorerError, match="None of the 0 files"):
        _imported(tmp_path / "void", tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    path = _table(tmp_path, [{"image": "0.png"}])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(ExplorerError, match="not empty"):
        _imported(path, tmp_path / "out")
    with pytest.raises(ExplorerError, match="among the data"):
        _imported(tmp_path, tmp_path / "new")
    assert (tmp_path / "out" / "mine").read_text() == "mine"


def test_pseudonyms_hold_within_an_import_and_not_beyond() -> None:
    one, other = Pseudonyms(), Pseudonyms()
    assert one("study", "x") == one("study", "x") != one("study", "y")
    assert one("study", "x").split("-")[1] != one("patient", "x").split("-")[1]
    assert one("study", "x") != other("study", "x")


def test_text_keeps_its_words() -> None:
    said = "No pleural effusion. The heart is of normal size, 3.5 cm node, T12."
    assert scrubbed(said, ["Of", "no", "MRN 12"]) == said
    assert scrubbed("Seen on March 3, 2019.", []) == "Seen on [removed]."


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("TRUE", 1), ("yes", 1), ("0.0", 0), ("No", 0), ("false", 0)]
)
def test_labels_in_many_words(text: str, value: float) -> None:
    assert label_value(text) == value


@pytest.mark.parametrize("text", ["", "-1", "-1.0", "nan", None])
def test_labels_that_are_not_known(text: str | None) -> None:
    value = label_value(text)
    assert value is not None and np.isnan(value)


def test_sixteen_bits_stay(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    deep = np.tile(np.linspace(0, 65535, 90), (80, 1)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "in" / "a.png")
    report = _imported(tmp_path / "in", tmp_path / "out")
    after = open_studies(str(report.manifest)).image(0)
    np.testing.assert_array_equal(after, read_image(tmp_path / "in" / "a.png").pixels)


def _smooth(side: int = 512) -> np.ndarray:
    return np.asarray(Image.fromarray(film(3)).resize((side, side), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("fill", [255, 0])
def test_text_in_the_picture_is_flagged_and_a_side_marker_is_not(tmp_path: Path, fill: int) -> None:
    (tmp_path / "in").mkdir()
    for name, text in (("name", "DOE JANE 12/03/1947"), ("side", "L")):
        picture = Image.fromarray(np.clip(_smooth(), 90, 160).astype(np.uint8))
        ImageDraw.Draw(picture).text((20, 20), text, fill, ImageFont.load_default(24))
        picture.save(tmp_path / "in" / f"{name}.png")
        assert bool(text_boxes(np.asarray(picture, np.float32))) == (name == "name")
    report = _imported(tmp_path / "in", tmp_path / "out")
    assert report.burned_in == 1 and report.n == 2
    studies = open_studies(str(report.manifest))
    flagged = [row for row in range(2) if int(studies.table["burned_in"].iloc[row])]
    assert len(flagged) == 1
    assert any("burned into the picture" in note for note in studies.notes(flagged[0]))


def test_the_headers_word_on_burned_in_text_counts(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    planted.dicom(tmp_path / "in" / "a", film(), BurnedInAnnotation="YES")
    report = _imported(tmp_path / "in", tmp_path / "out")
    assert report.burned_in == 1 and not report.left_out


def test_many_files_go_through_worker_processes_alike(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table = planted.tree(tmp_path / "in")
    seen: list[tuple[int, int]] = []
    report = import_studies(open_source(table), tmp_path / "out", MAP,
                            lambda done, total: seen.append((done, total)), workers=2)  # fmt: skip
    assert report.n == 10 and seen[-1] == (12, 12)
    assert open_studies(str(report.manifest)).table["patient_id"].nunique() == 1
