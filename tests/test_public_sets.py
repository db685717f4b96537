"""Published sets, each from a tiny folder in its publisher's layout."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExplorerError
from core.films.view import LATERAL_NOTE
from core.labels import PATHOLOGIES
from core.specs import open_studies
from core.studies import Box, StudySet
from core.studies.public import SETS
from core.studies.public.chexlocalize import decode_coco
from core.studies.public.siim import decode_runs
from tests import published_folders as folders


def opened(root: Path, name: str, options: str = "") -> StudySet:
    folders.MAKERS[name](root)
    return open_studies(f"{name}:{root}{options}")


def labels(studies: StudySet, study: str) -> dict[str, int]:
    return studies.study(studies.position(study)).labels


@pytest.mark.parametrize("name", folders.MAKERS)
def test_every_set_keeps_the_promises_of_a_study_set(tmp_path: Path, name: str) -> None:
    studies = opened(tmp_path / "a folder", name)
    assert len(studies) and len(set(studies.ids)) == len(studies)
    assert {"id", "text", "view", "patient_id", "split"} <= set(studies.table.columns)
    known = studies.labels.to_numpy()
    assert set(np.unique(known[~np.isnan(known)])) <= {0.0, 1.0} and (known == 1).any()
    assert set(studies.table["split"]) <= {"train", "val", "test", ""}
    assert not studies.table[["view", "patient_id", "split", "image"]].isna().any(axis=None)
    assert all(problem.endswith(".") for problem in studies.problems)
    for row in range(len(studies)):
        pixels = studies.image(row)
        height, width = pixels.shape
        assert pixels.dtype == np.float32 and 0 <= pixels.min() <= pixels.max() <= 255
        assert all(mask.shape == pixels.shape for mask in studies.masks(row).values())
        for box in studies.boxes(row):
            assert box.w > 0 and box.h > 0 and box.x >= 0 and box.y >= 0
            assert box.x + box.w <= width and box.y + box.h <= height
    again = pickle.loads(pickle.dumps(studies))
    assert again.fingerprint == studies.fingerprint == open_studies(studies.spec).fingerprint
    np.testing.assert_array_equal(again.image(0), studies.image(0))


@pytest.mark.parametrize("name", SETS)
def test_a_folder_without_the_table_says_what_belongs_where(tmp_path: Path, name: str) -> None:
    (tmp_path / "void").mkdir()
    with pytest.raises(ExplorerError, match=f"{name}: wants .* docs/data/{name}.md") as told:
        open_studies(f"{name}:{tmp_path / 'void'}")
    page = Path(__file__).parents[1] / "docs" / "data" / f"{name}.md"
    assert f"{name}:" in page.read_text(encoding="utf-8")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", folders.MAKERS)
def test_a_folder_without_images_says_so(tmp_path: Path, name: str) -> None:
    folders.MAKERS[name](tmp_path)
    for path in tmp_path.rglob("*"):
        if path.suffix in (".png", ".jpg", ".jpeg", ".dcm", ".dicom"):
            path.unlink()
    with pytest.raises(ExplorerError, match=r"None of the \d+ images listed"):
        open_studies(f"{name}:{tmp_path}")


@pytest.mark.parametrize("name", folders.MAKERS)
def test_a_table_of_other_columns_is_one_sentence(tmp_path: Path, name: str) -> None:
    folders.MAKERS[name](tmp_path)
    for path in (p for p in tmp_path.rglob("*") if p.suffix in (".csv", ".gz", ".tgz", ".json")):
        path.write_bytes(b"\x1f\x8bnot a table" if "gz" in path.suffix else b"a,b\n1,2\n")
    with pytest.raises(ExplorerError) as told:
        open_studies(f"{name}:{tmp_path}")
    assert str(told.value).count("\n") == 0 and len(str(told.value)) < 300


class TestSpec:
    def test_split_view_and_folds_are_parts_of_the_set(self, tmp_path: Path) -> None:
        whole = opened(tmp_path, "nih")
        assert open_studies(f"nih:{tmp_path},split=test").ids == ["00000002_000"]
        assert open_studies(f"nih:{tmp_path},view=AP").ids == ["00000001_001"]
        both = open_studies(f"nih:{tmp_path},split=train,view=frontal")
        assert both.ids == whole.ids[:2] and both.spec.endswith("view=frontal")
        folds = [open_studies(f"nih:{tmp_path},fold={n}of2") for n in range(2)]
        assert sorted(folds[0].ids + folds[1].ids) == sorted(whole.ids)
        assert not set(folds[0].table["patient_id"]) & set(folds[1].table["patient_id"])
        assert len({s.fingerprint for s in (whole, *folds)}) == 3
        made = open_studies(f"nih:{tmp_path},derive=labels").reports[0]
        assert "Cardiomegaly." in made and "No edema." in made

    def test_boxes_follow_their_images_into_a_part(self, tmp_path: Path) -> None:
        whole = opened(tmp_path, "nih")
        part = open_studies(f"nih:{tmp_path},split=test")
        assert part.boxes(0) == whole.boxes(whole.position("00000002_000")) != ()

    @pytest.mark.parametrize(
        ("options", "says"),
        [(",split=val", "it has: test, train"), (",labels=negbio", "known: split="),
         (",foo=1", "known: split=, view=, fold="), (",fold=3of2", "numbered"),
         (",split=test,split=train", "known")],
    )  # fmt: skip
    def test_what_cannot_be_is_one_sentence(self, tmp_path: Path, options: str, says: str) -> None:
        folders.nih(tmp_path)
        with pytest.raises(ExplorerError, match=says):
            open_studies(f"nih:{tmp_path}{options}")

    def test_folders_that_are_not_there_or_not_local(self, tmp_path: Path) -> None:
        for spec in ("nih:", f"nih:{tmp_path / 'no'}", "nih:\\\\host\\x", "nih://host/x"):
            with pytest.raises(ExplorerError, match="no folder|Network"):
                open_studies(spec)
        with pytest.raises(ExplorerError, match="padchest:FOLDER"):
            open_studies("nihh:folder")

    def test_a_changed_image_changes_the_fingerprint(self, tmp_path: Path) -> None:
        before = opened(tmp_path, "covid").fingerprint
        folders.picture(tmp_path / "images" / "b.png", folders.FILM.T.copy())
        assert open_studies(f"covid:{tmp_path}").fingerprint != before


class TestNih:
    def test_labels_views_and_what_is_missing(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "nih")
        assert studies.problems == ("00000003_000.png is not there.",)
        ill = labels(studies, "00000001_000")
        assert {name for name, value in ill.items() if value} == {"Cardiomegaly",
                                                                  "Pleural Effusion"}  # fmt: skip
        assert ill["No Finding"] == 0 and "Fracture" not in ill and "Lung Opacity" not in ill
        assert labels(studies, "00000001_001")["Lung Opacity"] == 0
        other = labels(studies, "00000002_000")
        assert other["Lung Opacity"] == other["Lung Lesion"] == 1
        assert studies.table["findings"].iloc[2] == "Infiltration|Hernia|Mass"

    def test_boxes_are_scaled_cut_and_named(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "nih")
        assert studies.boxes(0) == (Box("Pleural Effusion", 256, 256, 128, 64),)  # a half-size copy
        assert studies.boxes(2) == (Box("Lung Opacity", 1000.5, 900, 23.5, 124),
                                    Box("Lung Lesion", 0, 0, 50, 50))  # fmt: skip
        assert studies.masks(2)["Lung Lesion"].sum() == 2500


class TestChexpert:
    @pytest.mark.parametrize("batches", [False, True])
    def test_one_tree_and_batches_read_alike(self, tmp_path: Path, batches: bool) -> None:
        studies = open_studies(f"chexpert:{folders.chexpert(tmp_path, batches)}")
        assert studies.ids == ["patient00001_study1_view1_frontal",
                               "patient00002_study2_view1_frontal",
                               "patient00002_study2_view2_lateral",
                               "patient64541_study1_view1_frontal"]  # fmt: skip
        assert list(studies.table["split"]) == ["train", "train", "train", "val"]
        assert list(studies.table["view"]) == ["AP", "PA", "L", "AP"]
        assert len(studies.problems) == 2  # a row twice, and a file of no bytes
        assert studies.study(0).labels == {"No Finding": 1, "Pneumothorax": 0, "Support Devices": 1}
        assert studies.study(1).labels == {"No Finding": 0, "Lung Opacity": 1, "Atelectasis": 0}
        assert studies.study(2).labels == {}
        assert LATERAL_NOTE in studies.notes(2) and LATERAL_NOTE not in studies.notes(0)

    def test_another_labeller(self, tmp_path: Path) -> None:
        studies = open_studies(f"chexpert:{folders.chexpert(tmp_path)},labels=chexbert,split=train")
        assert studies.study(0).labels["Enlarged Cardiomediastinum"] == 1 and len(studies) == 1
        with pytest.raises(ExplorerError, match="known: chexpert, chexbert"):
            open_studies(f"chexpert:{tmp_path},labels=negbio")

    def test_plus_has_reports_and_labels_by_line(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "chexpert-plus")
        assert studies.study(0).text == '1. "Small" effusion, left.'
        assert studies.study(1).text == "Whole report only." and studies.study(1).labels == {}
        assert studies.reports[2] == ["Clear lungs.", "Normal."]
        assert studies.study(0).labels == {"Pleural Effusion": 1, "No Finding": 0}
        assert list(studies.table["view"]) == ["AP", "L", "PA"]
        other = open_studies(f"chexpert-plus:{tmp_path},labels=findings")  # a file not there
        assert other.labels.isna().all(axis=None)

    def test_masks_of_chexlocalize(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "chexlocalize")
        assert list(studies.table["split"]) == ["val", "test", "test"]
        assert list(studies.table["view"]) == ["AP", "", "L"]
        masks = studies.masks(0)  # neither the empty one nor the damaged one
        assert set(masks) == {"Support Devices", "Lung Opacity"}
        devices = masks["Support Devices"]
        assert devices.sum() == 800 and devices[20:60, 10:30].all()
        small = studies.masks(1)["Enlarged Cardiomediastinum"]  # drawn on twice the size
        assert small.shape == (40, 60) and small.sum() == 400 and small[10:30, 20:40].all()
        assert studies.masks(2) == {}

    @pytest.mark.parametrize(
        "runs", [None, {}, {"size": [2, 2]}, {"size": [10**9, 10**9], "counts": "0"},
                 {"size": [2, 2], "counts": "é"}, {"size": [0, 4], "counts": ""},
                 {"size": [2, 2], "counts": "oooooo"}],
    )  # fmt: skip
    def test_damaged_runs_are_no_mask(self, runs: object) -> None:
        assert decode_coco(runs) is None


class TestRadiologists:
    def test_rsna_says_no_more_than_was_looked_for(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "rsna")
        assert studies.ids == ["p-one", "p-two", "p-three"]
        assert studies.problems == ("p-four.dcm is not there.",)
        assert studies.study(0).labels == {"Pneumonia": 1, "Lung Opacity": 1, "No Finding": 0}
        assert studies.study(1).labels == {"Pneumonia": 0, "Lung Opacity": 0, "No Finding": 1}
        assert studies.study(2).labels == {"Pneumonia": 0, "No Finding": 0}
        assert studies.boxes(0)[1] == Box("Lung Opacity", 562, 152, 256, 453)
        assert len(studies.boxes(0)) == 2 and studies.boxes(1) == ()

    def test_vindr_counts_readers(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "vindr")
        first = labels(studies, "aaa")
        assert first["Cardiomegaly"] == 1 and first["Atelectasis"] == 0  # two of three; none
        assert "Lung Lesion" not in first  # one of three
        assert studies.table["findings"].iloc[0] == "Cardiomegaly|Aortic enlargement"
        assert labels(studies, "bbb")["No Finding"] == 1
        test = labels(studies, "ccc")
        assert test["Fracture"] == test["Lung Opacity"] == 1 and test["No Finding"] == 0
        assert list(studies.table["split"]) == ["train", "train", "test"]
        assert studies.boxes(0) == (Box("Cardiomegaly", 10.5, 20, 49.5, 50),
                                    Box("Cardiomegaly", 12, 20, 108, 50),
                                    Box("Aortic enlargement", 30, 5, 20, 20))  # fmt: skip
        assert set(studies.masks(0)) == {"Cardiomegaly", "Aortic enlargement"}
        assert studies.boxes(1) == ()

    def test_vindr_of_the_challenge_has_boxes_alone(self, tmp_path: Path) -> None:
        folders.text(tmp_path / "train.csv", """
image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max
aaa,No finding,14,R11,,,,
aaa,No finding,14,R7,,,,
aaa,Cardiomegaly,3,R10,10,20,60,70
""")  # fmt: skip
        folders.dicom(tmp_path / "train" / "aaa.dicom")
        found = open_studies(f"vindr:{tmp_path}").study(0)
        assert found.labels == {"No Finding": 1}  # Cardiomegaly by one of three; Edema never asked
        assert found.boxes == (Box("Cardiomegaly", 10, 20, 50, 50),)

    def test_chestx_det10_has_corners(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "chestx-det10")
        assert studies.problems == ("00000043_000.png is not there.",)
        assert studies.boxes(0) == (Box("Pleural Effusion", 632, 721, 277, 248),
                                    Box("Calcification", 129, 611, 345, 298))  # fmt: skip
        assert studies.study(0).labels["No Finding"] == 0
        assert studies.study(1).labels == dict.fromkeys(
            ("Lung Lesion", "Consolidation", "Atelectasis", "Pneumothorax", "Pleural Effusion",
             "Fracture"), 0)  # fmt: skip
        assert studies.table["patient_id"].iloc[0] == "00000042"

    def test_images_may_be_in_another_folder(self, tmp_path: Path) -> None:
        folders.chestx_det10(tmp_path / "set")
        (tmp_path / "set" / "train_data").rename(tmp_path / "nih")
        spec = f"chestx-det10:{tmp_path / 'set'},images={tmp_path / 'nih'}"
        assert open_studies(spec).ids == ["00000042_006"]


class TestSiim:
    def test_runs_and_minus_one(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "siim")
        assert studies.ids == ["1.2.3.1", "1.2.3.2", "1.2.3.3"]
        assert studies.study(0).labels == {"Pneumothorax": 0} and studies.masks(0) == {}
        assert studies.study(1).labels == {"Pneumothorax": 1, "No Finding": 0}
        mask = studies.masks(1)["Pneumothorax"]
        # Runs go down the columns: 5 pixels from row 10 of column 0, then, after 1019 more, of
        # column 1 from row 10; the second mask starts the fourth column.
        assert mask.sum() == 12 and mask[10:15, 0].all() and mask[10:15, 1].all()
        assert mask[0:2, 3].all()
        assert studies.study(2).labels["Pneumothorax"] == 1 and studies.masks(2) == {}  # damaged

    @pytest.mark.parametrize("runs", ["", "1", "1 2 3", "a b", "-4 5", "1048576 1", "9" * 40 + " 1",
                                      f"{2**62} {2**62}"])  # fmt: skip
    def test_damaged_runs_are_no_mask(self, runs: str) -> None:
        assert decode_runs(runs) is None


class TestPadchest:
    def test_lists_in_strings(self, tmp_path: Path) -> None:
        studies = opened(tmp_path, "padchest")
        assert studies.ids == ["1111_aa", "2222_bb", "3333_cc", "4444_dd", "5555_ee"]
        assert studies.problems == ("6666_ff.png is not there.",)
        assert studies.study(0).labels == dict.fromkeys(PATHOLOGIES, 0) | {"No Finding": 1}
        second = studies.study(1).labels
        assert second["Cardiomegaly"] == second["Pleural Effusion"] == 1 and second["Edema"] == 0
        assert studies.study(2).labels == {"Lung Opacity": 1, "Support Devices": 1}
        assert studies.study(3).labels == {} == studies.study(4).labels  # no list; excluded
        assert list(studies.table["view"]) == ["PA", "L", "AP", "", "PA"]
        assert studies.study(1).text == "cardiomegali , derram ." and studies.study(3).text == ""
        assert studies.table["findings"].iloc[1] == "cardiomegaly|pleural effusion"

    def test_sixteen_bits_fill_the_range(self, tmp_path: Path) -> None:
        pixels = opened(tmp_path, "padchest").image(0)
        assert pixels.max() == pytest.approx(255) and len(np.unique(pixels)) == 100


def test_covid_takes_films_and_lungs(tmp_path: Path) -> None:
    studies = opened(tmp_path, "covid")
    assert studies.ids == ["a.film.jpeg", "b.png", "c.png", "d.png"]  # no CT
    assert studies.problems == ("images/../metadata.csv is not there.",)
    assert studies.study(0).labels == {"Pneumonia": 1, "No Finding": 0}
    assert studies.study(2).labels == {"Pneumonia": 0, "No Finding": 1}
    assert studies.study(3).labels == {} and studies.study(0).text == "Infiltrate, left."
    assert list(studies.table["view"]) == ["PA", "AP", "L", "AP"]
    assert studies.boxes(0) == (Box("Right Lung", 20, 10, 30, 50),)  # drawn on twice the size
    masks = studies.masks(0)
    assert masks["lungs (automatic, lungVAE)"].sum() == masks["Right Lung"].sum() == 1500
    assert studies.masks(1) == {}
