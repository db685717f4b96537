"""Copies of published sets as people have them: resized, with NA as a name, with other words."""

from pathlib import Path

import numpy as np
import pandas as pd
import published_folders as folders
import pytest
from PIL import Image

from core.specs import open_studies
from core.studies import StudySet
from core.studies.public.naming import views
from core.studies.public.tables import read_table
from core.studies.study import Box

ROWS = ["aaa,Nodule/Mass,8,R1,1800,1500,2000,1700", "aaa,Edema,5,R2,100,50,300,250",
        "bbb,Pneumonia,9,R1,20,30,40,60", "ccc,No finding,14,R1,,,,"]  # fmt: skip
HEAD = "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max"


def _vindr(
    root: Path, size: tuple[int, int], ending: str = "png", columns: str = "", meta: str = ""
) -> StudySet:
    """The challenge's table; films of (H, W), with the sizes of 2,500 x 2,000 in table or meta."""
    rows = [row + ",2000,2500" * bool(columns) for row in ROWS]
    folders.text(root / "train.csv", "\n".join([HEAD + columns, *rows]))
    if meta:
        folders.text(root / "train_meta.csv", "\n".join(
            [f"image_id,{meta}", *(f"{name},2500,2000" for name in ("aaa", "bbb", "ccc"))]
        ))  # fmt: skip
    for name in ("aaa", "bbb", "ccc"):
        path = root / "train" / f"{name}.{ending}"
        if ending == "dicom":
            folders.dicom(path, np.random.default_rng(0).integers(0, 255, size, np.uint8))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros(size, np.uint8)).save(path)
    return open_studies(f"vindr:{root}")


class TestVindr:
    @pytest.mark.parametrize("size", [(512, 512), (250, 200), (1024, 1024), (3000, 2400)])
    @pytest.mark.parametrize("where", ["table", "meta"])
    @pytest.mark.parametrize("ending", ["png", "jpg", "jpeg"])
    def test_boxes_follow_the_pictures_size(
        self, tmp_path: Path, size: tuple[int, int], where: str, ending: str
    ) -> None:
        told = {"columns": ",width,height"} if where == "table" else {"meta": "dim0,dim1"}
        studies = _vindr(tmp_path, size, ending, **told)
        down, across = size[0] / 2500, size[1] / 2000
        lesion = studies.boxes(0)[0]
        assert lesion.label == "Lung Lesion"
        expected = (1800 * across, 1500 * down, 200 * across, 200 * down)
        assert (lesion.x, lesion.y, lesion.w, lesion.h) == pytest.approx(expected)
        assert studies.masks(0)["Lung Lesion"].any() and not studies.problems

    def test_on_their_own_files_they_stay(self, tmp_path: Path) -> None:
        studies = _vindr(tmp_path, (2500, 2000), "dicom")
        assert studies.boxes(0)[0] == Box("Lung Lesion", 1800, 1500, 200, 200)
        assert not studies.problems

    def test_and_on_pictures_of_full_size(self, tmp_path: Path) -> None:
        studies = _vindr(tmp_path, (2500, 2000))
        assert studies.boxes(0)[0] == Box("Lung Lesion", 1800, 1500, 200, 200)
        assert not studies.problems

    @pytest.mark.parametrize("size", [(512, 512), (1280, 1280)])
    def test_of_unknown_size_they_are_said_to_be_missing(
        self, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        """Also those that would lie inside: at a wrong place."""
        studies = _vindr(tmp_path, size)
        assert studies.boxes(0) == studies.boxes(1) == () and studies.masks(0) == {}
        assert [problem.split(" ")[3] for problem in studies.problems] == ["aaa", "bbb"]
        assert studies.study(1).labels["Pneumonia"] == 1  # what the boxes say of labels stays


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan"])
def test_names_in_published_tables_are_text(tmp_path: Path, word: str) -> None:
    pd.DataFrame({"a": [word, ""], "b": ["x", "y"]}).to_csv(tmp_path / "t.csv", index=False)
    table = read_table(tmp_path / "t.csv", ["a"], ["b", "c"])
    assert table["a"][0] == word and table["a"].isna().tolist() == [False, True]


def test_words_for_views() -> None:
    said = pd.Series(["XTABLE LATERAL", "lateral", "LL", "AP AXIAL", "PA LLD", "NA", None, "PA",
                      "LEFT LATERAL"])  # fmt: skip
    assert views(said).tolist() == ["L", "L", "L", "AP AXIAL", "PA LLD", "", "", "PA", "L"]
