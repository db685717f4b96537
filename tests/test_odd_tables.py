"""Tables as real programs write them: text stays text, labels are read or refused by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from planted import film

from core.errors import ExplorerError
from core.intake import guess_mapping, import_studies, open_source
from core.labels import PATHOLOGIES
from core.specs import open_studies
from core.studies import StudySet
from core.studies.cells import cell_text, label_value, listed, structure
from core.studies.folds import fold_numbers

LOST = ("NA", "N/A", "None", "null", "nan", "NaN", "NULL", "n/a", "<NA>", "#N/A", "-nan", "1.#IND")
"""What pandas takes for missing by default."""


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for number in range(4):
        Image.fromarray(film(number)).save(tmp_path / f"{number}.png")
    return tmp_path


def _open(folder: Path, rows: list[dict[str, Any]] | pd.DataFrame) -> StudySet:
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return open_studies(str(folder / "manifest.csv"))


def _imported(data: Path, mapping: dict[str, str] | None = None) -> tuple[StudySet, Any]:
    source = open_source(data)
    mapping = mapping or guess_mapping(source.columns, source.preview)
    report = import_studies(source, data.with_name(f"{data.name}-out"), mapping)
    return open_studies(str(report.manifest)), report


class TestTextIsText:
    @pytest.mark.parametrize("word", LOST)
    def test_ids_patients_and_reports(self, films: Path, word: str) -> None:
        rows = [{"id": word, "image": "0.png", "patient_id": word, "text": word},
                {"id": "b", "image": "1.png", "patient_id": "", "text": ""}]  # fmt: skip
        studies = _open(films, rows)
        assert studies.ids == [word, "b"] and not studies.problems
        first, second = studies.study(0), studies.study(1)
        assert (first.patient_id, first.text) == (word, word)
        assert (second.patient_id, second.text) == ("", "")
        assert studies.reports[1] == []

    def test_a_patient_called_na_stays_in_one_fold(self, films: Path) -> None:
        rows = [{"id": n, "image": f"{n % 4}.png", "patient_id": "NA" if n % 2 else "None"}
                for n in range(12)]  # fmt: skip
        table = _open(films, rows).table
        numbers = fold_numbers(table, 2)
        assert {len(set(numbers[table["patient_id"] == who])) for who in ("NA", "None")} == {1}

    def test_rows_of_nobody_stand_alone(self) -> None:
        table = pd.DataFrame({"id": list("abcd"), "patient_id": ["", " ", None, "p"]})
        assert sorted(fold_numbers(table, 4)) == [0, 1, 2, 3]

    def test_a_row_without_id_is_named(self, films: Path) -> None:
        studies = _open(films, [{"id": "", "image": "0.png"}, {"id": "b", "image": "1.png"}])
        assert studies.ids == ["b"] and studies.problems == ("Row 2: it has no id.",)

    @pytest.mark.parametrize("word", ["NA", "None", "null", "nan"])
    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_imports_keep_them_too(self, films: Path, word: str, ending: str) -> None:
        table = pd.DataFrame({"path": ["0.png", "1.png", "2.png"], "report": [word, "Clear.", ""],
                              "patient": [word, word, "b"]})  # fmt: skip
        data = films / f"t.{ending}"
        table.to_csv(data, index=False) if ending == "csv" else table.to_parquet(data)
        studies, _ = _imported(data)
        assert sorted(map(str, studies.table["text"].fillna(""))) == sorted(
            ["[removed]", "Clear.", ""]  # the report is the patient's own name
        )
        assert studies.table["patient_id"].nunique() == 2


class TestLabels:
    @pytest.mark.parametrize(
        ("positive", "negative"),
        [(True, False), ("TRUE", "FALSE"), ("yes", "no"), ("Y", "N"), ("Positive", "Negative"),
         ("pos", "neg"), ("present", "absent"), ("1.0", "0.0"), (" 1", "0 "), ("T", "F"),
         ("+", "-"), (1, 0), ("1.00", "0e0")],
    )  # fmt: skip
    def test_words_are_read(self, films: Path, positive: Any, negative: Any) -> None:
        rows = [{"id": n, "image": f"{n}.png", "Edema": positive if n % 2 else negative}
                for n in range(4)]  # fmt: skip
        studies = _open(films, rows)
        assert studies.labels["Edema"].tolist() == [0, 1, 0, 1] and not studies.problems

    @pytest.mark.parametrize("word", ["", "-1", "-1.0", "NA", "null", "Unknown", "uncertain", "?"])
    def test_unknown_is_unknown(self, films: Path, word: str) -> None:
        rows = [{"id": 0, "image": "0.png", "Edema": word}, {"id": 1, "image": "1.png", "Edema": 1}]
        studies = _open(films, rows)
        assert np.isnan(studies.labels["Edema"][0]) and studies.labels["Edema"][1] == 1
        assert not studies.problems

    @pytest.mark.parametrize("word", ["maybe", "2", "0.5", "3 cm", "severe", "1;0"])
    def test_what_is_no_label_is_refused_by_name(self, films: Path, word: str) -> None:
        rows = [{"id": 0, "image": "0.png", "Edema": word}, {"id": 1, "image": "1.png", "Edema": 1}]
        studies = _open(films, rows)
        assert studies.labels["Edema"].isna().tolist() == [True, False]
        assert len(studies.problems) == 1
        assert "Edema" in studies.problems[0] and f"'{word}'" in studies.problems[0]

    def test_many_such_words_are_counted(self, films: Path) -> None:
        rows = [{"id": n, "image": "0.png", "Edema": f"grade {n}"} for n in range(9)]
        assert "'grade 2' and 6 more" in _open(films, rows).problems[0]

    @pytest.mark.parametrize(
        "header", ["pleural effusion", "PLEURAL EFFUSION", "Pleural_Effusion", " pleural-effusion "]
    )
    def test_the_case_of_headers_does_not_matter(self, films: Path, header: str) -> None:
        box = '[{"label": "EDEMA", "x": 1, "y": 2, "w": 3, "h": 4}]'
        row = {"ID": "a", "Image": "0.png", "Patient_ID": "p", "TEXT": "Clear.", header: "Yes"}
        study = _open(films, [row | {"View": "pa", "BOXES": box}]).study(0)
        assert (study.id, study.patient_id, study.text) == ("a", "p", "Clear.")
        assert study.labels == {"Pleural Effusion": 1} and study.boxes[0].label == "Edema"

    def test_an_exact_header_comes_before_one_of_another_case(self, films: Path) -> None:
        rows = [{"id": "a", "image": "0.png", "edema": 0, "Edema": 1}]
        assert _open(films, rows).study(0).labels == {"Edema": 1}

    @pytest.mark.parametrize(("word", "derived"), [("False", False), ("0", False), ("True", True)])
    def test_whether_text_was_derived(self, films: Path, word: str, derived: bool) -> None:
        rows = [{"id": "a", "image": "0.png", "text": "x", "text_derived": word}]
        assert _open(films, rows).study(0).text_derived is derived

    def test_a_value_of_another_type(self) -> None:
        assert label_value(np.True_) == 1 and label_value(np.float64(0)) == 0
        assert np.isnan(label_value(None)) and np.isnan(label_value(pd.NA))  # type: ignore[arg-type]
        assert label_value("inf") is None and label_value("1_0") is None


class TestSpreadsheets:
    ROWS = ("id", "image", "text"), ("a", "0.png", "Größe 1,5 cm"), ("b", "1.png", "µ; \"x\"")

    def _lines(self, separator: str) -> str:
        def quoted(cell: str) -> str:
            plain = not any(sign in cell for sign in '";,|\t')
            return cell if plain else '"' + cell.replace('"', '""') + '"'

        return "".join(separator.join(map(quoted, row)) + "\r\n" for row in self.ROWS)

    @pytest.mark.parametrize("said", ["", "sep={}\r\n", '"sep={}"\n', "SEP={}\n"])
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"],
    )
    def test_encodings_and_separators(
        self, films: Path, encoding: str, separator: str, said: str
    ) -> None:
        data = (said.format(separator) + self._lines(separator)).encode(encoding)
        if encoding == "utf-16-be":
            data = b"\xfe\xff" + data
        (films / "manifest.csv").write_bytes(data)
        studies = open_studies(str(films / "manifest.csv"))
        assert studies.ids == ["a", "b"]
        assert list(studies.table["text"]) == [row[2] for row in self.ROWS[1:]]
        source = open_source(films / "manifest.csv")
        assert source.columns == self.ROWS[0] and len(source.rows()) == 2

    def test_utf16_without_a_mark(self, films: Path) -> None:
        for encoding in ("utf-16-le", "utf-16-be"):
            (films / "m.csv").write_bytes("id,image\na,0.png\n".encode(encoding))
            assert open_studies(str(films / "m.csv")).ids == ["a"]

    def test_a_separator_of_another_kind(self, films: Path) -> None:
        (films / "m.csv").write_text("sep=#\nid#image\na#0.png\n")
        assert open_studies(str(films / "m.csv")).ids == ["a"]

    def test_separators_inside_quotes_do_not_count(self, films: Path) -> None:
        (films / "m.csv").write_text('id;image;"a, b, c, d"\na;0.png;x\n')
        assert open_studies(str(films / "m.csv")).ids == ["a"]

    @pytest.mark.parametrize("data", [b"\xff\xfe", b"\xff\xfe\0", bytes(range(256)) * 9, b"sep=;"])
    def test_what_is_no_table_is_one_sentence(self, films: Path, data: bytes) -> None:
        (films / "m.csv").write_bytes(data)
        with pytest.raises(ExplorerError):
            open_studies(str(films / "m.csv"))
        with pytest.raises(ExplorerError):
            open_source(films / "m.csv")


class TestLists:
    FOUND = [["Pleural Effusion", "Mass"], ["Pneumothorax"], [], ["Effusion"]]

    @pytest.mark.parametrize(
        "form", ["parquet", "array", "tuple", "json", "python", "numpy", "bar"]
    )
    def test_findings_in_one_cell(self, films: Path, form: str) -> None:
        write = {
            "parquet": list, "array": lambda names: np.array(names, object), "tuple": tuple,
            "json": json.dumps, "python": str, "bar": "|".join,
            "numpy": lambda names: str(np.array(names)),
        }[form]  # fmt: skip
        cells = [write(names) for names in self.FOUND]
        table = pd.DataFrame({"image": [f"{n}.png" for n in range(4)], "labels": cells})
        parquet = form in ("parquet", "array", "tuple")
        data = films / ("t.parquet" if parquet else "t.csv")
        if form == "tuple":
            table["labels"] = table["labels"].map(list)
        table.to_parquet(data) if parquet else table.to_csv(data, index=False)
        studies, report = _imported(data)
        counts = studies.labels.apply(lambda column: sorted(column.dropna()))
        empty = [] if form == "bar" else [0.0]  # nothing at all is unknown, an empty list is not
        assert counts["Pleural Effusion"] == [*empty, 0, 1, 1]
        assert counts["Lung Lesion"] == [*empty, 0, 0, 1]
        assert counts["Pneumothorax"] == [*empty, 0, 0, 1]
        assert not report.left_out

    def test_reports_boxes_and_paths_of_parquet(self, films: Path) -> None:
        boxes = [{"label": "edema", "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0}]
        pd.DataFrame({"image": [["0.png"]], "report": [["Clear.", "No effusion."]],
                      "boxes": [boxes]}).to_parquet(films / "t.parquet")  # fmt: skip
        study = _imported(films / "t.parquet")[0].study(0)
        assert study.sentences == ("Clear.", "No effusion.")
        assert (study.boxes[0].label, study.boxes[0].h) == ("Edema", 4)

    def test_boxes_and_masks_as_pandas_writes_them(self, films: Path) -> None:
        Image.fromarray(np.full(film(0).shape, 255, np.uint8)).save(films / "m.png")
        boxes = [{"label": "Edema", "x": 1, "y": 2, "w": 3, "h": 4}, {"label": "Edema", "x": "nan",
                  "y": 1, "w": 1, "h": 1}, {"x": 1}, "box"]  # fmt: skip
        studies = _open(films, [{"id": "a", "image": "0.png", "boxes": str(boxes),
                                 "masks": str({"Fracture": ["m.png", "gone.png"]})}])  # fmt: skip
        assert len(studies.boxes(0)) == 1 and studies.masks(0)["Fracture"].all()
        assert studies.masks(0)["Edema"].sum() == 12

    @pytest.mark.parametrize("text", ["[" * 9000, "[1" + ", 1" * 99_999, "{'a': __import__('os')}"])
    def test_brackets_without_end_hold_nothing(self, text: str) -> None:
        assert structure(text) is None and cell_text(text) == text

    def test_cells_of_other_types(self) -> None:
        assert [cell_text(v) for v in (1.0, 1.5, True, None, float("nan"), pd.NA, pd.NaT)] == [
            "1", "1.5", "True", None, None, None, None]  # fmt: skip
        assert listed("Mass|Nodule") is None and listed("[Mass, Nodule]") == ["Mass", "Nodule"]


class TestIds:
    @pytest.mark.parametrize("name", ["uid", "study_id", "exam_id", "id"])
    def test_a_column_with_duplicates_is_no_id(self, films: Path, name: str) -> None:
        """As in Open-I's table of projections: one row an image, two images a study."""
        table = pd.DataFrame({name: [1, 1, 2, 2], "filename": [f"{n}.png" for n in range(4)],
                              "projection": ["Frontal", "Lateral"] * 2})  # fmt: skip
        table.to_csv(films / "t.csv", index=False)
        source = open_source(films / "t.csv")
        guessed = guess_mapping(source.columns, source.preview)
        assert "id" not in guessed and guessed["patient_id"] == name
        studies, report = _imported(films / "t.csv", {"image": "filename", "id": name,
                                                      "view": "projection"})  # fmt: skip
        assert len(studies) == 4 and not report.left_out
        assert sorted(studies.table["view"]) == ["L", "L", "frontal", "frontal"]
        assert studies.table["patient_id"].value_counts().tolist() == [2, 2]
        assert any("can't be the id" in reason for reason, _ in report.reasons())

    def test_duplicates_further_down_than_the_preview(self, films: Path) -> None:
        rows = [{"id": n, "path": f"{n % 4}.png"} for n in range(9)]
        for number in range(4, 9):
            rows[number]["path"] = f"{number}.png"
            Image.fromarray(film(number)).save(films / f"{number}.png")
        rows[8]["id"] = 0
        pd.DataFrame(rows).to_csv(films / "t.csv", index=False)
        studies, report = _imported(films / "t.csv")
        assert len(studies) == 9 and not report.left_out

    def test_one_image_twice_is_one(self, films: Path) -> None:
        table = pd.DataFrame({"id": [1, 1], "path": ["0.png", "0.png"]})
        table.to_csv(films / "t.csv", index=False)
        studies, report = _imported(films / "t.csv", {"image": "path", "id": "id"})
        assert len(studies) == 1 and len(report.left_out) == 1


class TestPaths:
    @pytest.mark.parametrize(
        "prose", ["Xray Chest PA and Lateral", "Chest, 2 views, frontal and lateral",
                  "PA/lateral views of the chest"],
    )  # fmt: skip
    def test_prose_in_a_column_named_image_is_no_path(self, films: Path, prose: str) -> None:
        table = pd.DataFrame({"image": [prose] * 2, "x": ["0.png", "1.png"], "uid": [1, 2]})
        assert guess_mapping(list(table), table)["image"] == "x"
        assert "image" not in guess_mapping(["image", "uid"], table[["image", "uid"]])

    @pytest.mark.parametrize(
        "path", ["0.png", "a b/film 1.PNG", "scan.jfif", "IM000001", "Patient 1/IM000001", "x.ima"]
    )
    def test_but_paths_are(self, path: str) -> None:
        table = pd.DataFrame({"image": [path, path]})
        assert guess_mapping(["image"], table) == {"image": "image"}


class TestViews:
    @pytest.mark.parametrize(
        ("word", "meant"),
        [("Frontal", "frontal"), ("frontal", "frontal"), ("FRONTAL PA", "PA"), ("Lateral", "L"),
         ("XTABLE LATERAL", "L"), ("left lateral", "L"), ("LATERAL, CROSS-TABLE", "L"), ("LL", "L"),
         ("PA", "PA"), ("pa erect", "PA"), ("AP supine", "AP"), ("AP_horizontal", "AP"),
         ("Antero-posterior", "AP"), ("Posteroanterior", "PA"), ("POSTERO ANTERIOR", "PA"),
         ("NA", ""), ("unknown", ""), ("", "")],
    )  # fmt: skip
    def test_words_for_views(self, films: Path, word: str, meant: str) -> None:
        rows = {"path": ["0.png"], "view": [word]}
        pd.DataFrame(rows).to_csv(films / "t.csv", index=False)
        studies, report = _imported(films / "t.csv")
        assert studies.study(0).view == meant and not report.remarks[1:]
        assert not any("view" in reason for reason, _ in report.reasons())

    @pytest.mark.parametrize("word", ["oblique", "LAO", "left lateral decubitus", "PA and lateral"])
    def test_other_views_are_said(self, films: Path, word: str) -> None:
        pd.DataFrame({"path": ["0.png"], "view": [word]}).to_csv(films / "t.csv", index=False)
        studies, report = _imported(films / "t.csv")
        assert studies.study(0).view == ""
        assert any("none that is known" in reason for reason, _ in report.reasons())

    def test_a_manifest_says_that_a_film_is_lateral(self, films: Path) -> None:
        studies = _open(films, [{"id": "a", "image": "0.png", "view": "XTABLE LATERAL"},
                                {"id": "b", "image": "1.png", "view": "NA"}])  # fmt: skip
        assert any("lateral view" in note for note in studies.notes(0))
        assert studies.study(1).view == ""


class TestMasks:
    MARKED = np.zeros((96, 96), bool)
    MARKED[20:60, 30:70] = True

    def _set(self, folder: Path, name: str = "m.png", box: bool = True) -> StudySet:
        Image.fromarray(film(0)).resize((96, 96)).save(folder / "f.png")
        boxes = [{"label": "Lung Lesion", "x": 1, "y": 2, "w": 10, "h": 20}] if box else []
        return _open(folder, [{"id": "a", "image": "f.png", "boxes": json.dumps(boxes),
                               "masks": json.dumps({"lung lesion": name})}])  # fmt: skip

    @pytest.mark.parametrize("value", [1, 2, 85, 127, 128, 255])
    @pytest.mark.parametrize("mode", ["L", "RGB", "red", "I;16", "1"])
    def test_greys_and_colours(self, tmp_path: Path, mode: str, value: int) -> None:
        grey = (self.MARKED * value).astype(np.uint8)
        if mode == "RGB":
            picture = Image.fromarray(np.repeat(grey[..., None], 3, axis=2))
        elif mode == "red":
            picture = Image.merge("RGB", [Image.fromarray(grey)] + [Image.new("L", (96, 96))] * 2)
        elif mode == "I;16":
            picture = Image.fromarray(grey.astype(np.uint16))
        elif mode == "1":
            picture = Image.fromarray(grey > 0)
        else:
            picture = Image.fromarray(grey)
        picture.save(tmp_path / "m.png")
        np.testing.assert_array_equal(self._set(tmp_path).masks(0)["Lung Lesion"], self.MARKED)

    @pytest.mark.parametrize("top", [256, 4095, 65535])
    def test_sixteen_bits(self, tmp_path: Path, top: int) -> None:
        Image.fromarray((self.MARKED * top).astype(np.uint16)).save(tmp_path / "m.png")
        np.testing.assert_array_equal(self._set(tmp_path).masks(0)["Lung Lesion"], self.MARKED)

    @pytest.mark.parametrize(
        "palette",
        [[0, 0, 0, 128, 0, 0], [255, 255, 255, 255, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1],
         [9, 9, 9, 200, 10, 10]],
        ids=str,
    )  # fmt: skip
    def test_palettes(self, tmp_path: Path, palette: list[int]) -> None:
        picture = Image.fromarray(self.MARKED.astype(np.uint8))
        picture.putpalette(palette)
        picture.save(tmp_path / "m.png")
        assert Image.open(tmp_path / "m.png").mode == "P"
        np.testing.assert_array_equal(self._set(tmp_path).masks(0)["Lung Lesion"], self.MARKED)

    def test_a_palette_made_of_greys(self, tmp_path: Path) -> None:
        """Quantised from black and white, in whatever order the colours come."""
        Image.fromarray(self.MARKED.astype(np.uint8) * 255).quantize(2).save(tmp_path / "m.png")
        np.testing.assert_array_equal(self._set(tmp_path).masks(0)["Lung Lesion"], self.MARKED)

    @pytest.mark.parametrize(
        ("colour", "elsewhere"),
        [((0, 0, 0), (0, 0, 0, 0)), ((255, 0, 0), (0, 0, 0, 0)), ((255, 0, 0), (255, 0, 0, 0)),
         ((255, 255, 255), (255, 255, 255, 0)), ((1, 1, 1), (0, 0, 0, 0))],
    )  # fmt: skip
    def test_transparency(
        self, tmp_path: Path, colour: tuple[int, ...], elsewhere: tuple[int, ...]
    ) -> None:
        layers = np.where(self.MARKED[..., None], (*colour, 180), elsewhere).astype(np.uint8)
        Image.fromarray(layers, "RGBA").save(tmp_path / "m.png")
        np.testing.assert_array_equal(self._set(tmp_path).masks(0)["Lung Lesion"], self.MARKED)

    def test_opaque_colours_with_an_alpha_channel(self, tmp_path: Path) -> None:
        layers = np.where(self.MARKED[..., None], (0, 9, 0, 255), (0, 0, 0, 255)).astype(np.uint8)
        Image.fromarray(layers, "RGBA").save(tmp_path / "m.png")
        np.testing.assert_array_equal(self._set(tmp_path).masks(0)["Lung Lesion"], self.MARKED)

    @pytest.mark.parametrize("quality", [40, 75, 95])
    @pytest.mark.parametrize("colour", [False, True])
    def test_jpeg_with_a_margin(self, tmp_path: Path, quality: int, colour: bool) -> None:
        picture = Image.fromarray(self.MARKED.astype(np.uint8) * 255)
        picture.convert("RGB" if colour else "L").save(tmp_path / "m.jpg", quality=quality)
        mask = self._set(tmp_path, "m.jpg").masks(0)["Lung Lesion"]
        assert (mask ^ self.MARKED).sum() <= 60

    @pytest.mark.parametrize("size", [(192, 192), (48, 48), (288, 96), (1000, 700)])
    def test_other_sizes_are_scaled_with_a_note(
        self, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        picture = Image.fromarray(self.MARKED.astype(np.uint8) * 255)
        picture.resize(size, Image.Resampling.NEAREST).save(tmp_path / "m.png")
        studies = self._set(tmp_path)
        assert (studies.masks(0)["Lung Lesion"] ^ self.MARKED).sum() <= 100
        assert f"The mask of Lung Lesion has {size[0]} x {size[1]} pixels; it is scaled." in (
            studies.notes(0)
        )

    def test_a_thin_line_survives(self, tmp_path: Path) -> None:
        line = np.zeros((960, 960), np.uint8)
        line[500, 100:900] = 255
        Image.fromarray(line).save(tmp_path / "m.png")
        mask = self._set(tmp_path).masks(0)["Lung Lesion"]
        assert mask[50, 10:90].all() and mask.sum() == 80

    @pytest.mark.parametrize("kind", ["empty", "damaged", "gone", "text"])
    def test_one_that_marks_nothing_leaves_the_box(self, tmp_path: Path, kind: str) -> None:
        if kind == "empty":
            Image.new("L", (96, 96)).save(tmp_path / "m.png")
        elif kind != "gone":
            (tmp_path / "m.png").write_bytes(b"\x89PNG\r\n\x1a\n" if kind == "damaged" else b"x")
        studies = self._set(tmp_path)
        assert studies.masks(0)["Lung Lesion"].sum() == 200
        assert self._set(tmp_path, box=False).masks(0) == {}
        said = any("mask" in note for note in studies.notes(0))
        assert said == (kind != "empty")


def test_a_folder_set_goes_by_content(tmp_path: Path) -> None:
    from dicom_files import dicom

    names = {
        "ST0/SE0/IM000001": dicom(), "a.dic": dicom(), "b.ima": dicom(), "c.txt": dicom(),
        "noext": None, "scan.jfif": "JPEG", "x.bmp": None, "y.JPE": "JPEG", "sub/.hidden.png": None,
        "__MACOSX/z.png": None, ".git/q.png": None, "._scan.png": b"\0\5\x16\7" + b"\0" * 60,
        "notes.png": b"no picture", "empty.dcm": b"", "Thumbs.db": b"\xd0\xcf\x11\xe0" * 9,
        "table.csv": b"id,image\n",
    }  # fmt: skip
    for name, data in names.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            path.write_bytes(data)
        else:
            with path.open("wb") as file:
                Image.fromarray(film(0)).save(file, data or "PNG")
    directory = b"1.2.840.10008.1.3.10".ljust(26, b"\0")
    index = dicom(None).replace(b"1.2.840.10008.5.1.4.1.1.7\0", directory)
    (tmp_path / "DICOMDIR").write_bytes(index)
    studies = open_studies(str(tmp_path))
    assert studies.ids == [
        "ST0/SE0/IM000001", "a.dic", "b.ima", "c.txt", "noext", "scan.jfif", "x.bmp", "y.JPE",
    ]  # fmt: skip
    assert [problem.split(" ")[0] for problem in studies.problems] == ["empty.dcm", "notes.png"]
    assert all(studies.image(row).size for row in range(len(studies)))
    listed_files = open_source(tmp_path).files()
    assert not any("MACOSX" in name or "hidden" in name for name in listed_files)


def test_labels_of_every_finding_can_be_in_any_case(films: Path) -> None:
    row = {name.upper(): "Yes" for name in PATHOLOGIES} | {"Id": "a", "IMAGE": "0.png"}
    assert _open(films, [row]).study(0).labels == dict.fromkeys(PATHOLOGIES, 1)
