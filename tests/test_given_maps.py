"""Boxes and maps of models that are not here: measured as ours are, or refused with a sentence."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_rivals import small_model
from typer.testing import CliRunner

from core.cli import app
from core.errors import ExplorerError
from core.evaluation.given_maps import GivenBoxes, GivenFolder
from core.evaluation.localize import localize
from core.inference.predictor import Predictor
from core.labels import PATHOLOGIES
from core.lrclr.checkpoint import save_model
from core.specs import open_studies

DATA = "phantom:n=6,seed=3,size=64"
STUDIES = open_studies(DATA)


def write_boxes(path: Path, boxes: dict[str, Any]) -> Path:
    path.write_text(json.dumps(boxes))
    return path


def true_boxes() -> dict[str, Any]:
    """The box around each mask."""
    boxes: dict[str, list[dict[str, Any]]] = {}
    for row in range(len(STUDIES)):
        drawn = boxes.setdefault(STUDIES.study_id(row), [])
        for label, mask in STUDIES.masks(row).items():
            y, x = np.nonzero(mask)
            if len(y):
                drawn.append({"label": label, "x": int(x.min()), "y": int(y.min()),
                              "w": int(np.ptp(x)) + 1, "h": int(np.ptp(y)) + 1})  # fmt: skip
    return boxes


def test_the_truth_handed_over_as_boxes_and_maps_wins(tmp_path: Path) -> None:
    for row in range(len(STUDIES)):
        folder = tmp_path / "theirs" / STUDIES.study_id(row)
        folder.mkdir(parents=True)
        for number, (label, mask) in enumerate(STUDIES.masks(row).items()):
            if number % 2:
                np.save(folder / f"{label}.npy", mask.astype(np.float32))
            else:
                large = Image.fromarray(mask.astype(np.uint8) * 255).resize((128, 128), 0)
                large.save(folder / f"{label}.png")
    given = [GivenBoxes(write_boxes(tmp_path / "true.json", true_boxes())),
             GivenFolder(tmp_path / "theirs")]  # fmt: skip
    report = localize(
        Predictor(small_model(), "small"), STUDIES, ["lrclr", "random"], n_bootstrap=20,
        min_cases=1, given=given,
    )  # fmt: skip
    maps, boxes = report.methods["maps:theirs"], report.methods["boxes:true"]
    assert maps["pointing_game"].value == 1 and maps["iou"].value > 0.95
    assert boxes["energy"].value > report.methods["random"]["energy"].value
    assert report.less["boxes:true"]["iou"].value < 0  # what ours has over the truth
    assert "boxes:true" in report.table() and "maps:theirs" in report.to_json()["pooled"]
    assert set(report.rivals.values()) == {None}  # neither is one of ours to choose from


def test_a_box_points_with_its_centre_and_the_best_score(tmp_path: Path) -> None:
    boxes = [{"label": "Edema", "x": 2, "y": 4, "w": 5, "h": 3, "score": 0.9},
             {"label": "Edema", "x": 20, "y": 4, "w": 10, "h": 8, "score": 0.4},
             {"label": "Fracture", "x": 25, "y": 25, "w": 40, "h": 9}]  # fmt: skip
    given = GivenBoxes(write_boxes(tmp_path / "b.json", {"a": boxes, "b": []}))
    drawn = given.of("a", "Edema", (32, 64))
    assert np.unravel_index(drawn.argmax(), drawn.shape) == (5, 4)
    assert drawn.max() == pytest.approx(0.9) and drawn[6, 25] == pytest.approx(0.4, abs=1e-3)
    assert (drawn > 0).sum() == 5 * 3 + 10 * 8
    assert (given.of("a", "Fracture", (32, 64)) > 0).sum() == 7 * 39  # cut at the image's edge
    assert not given.of("b", "Edema", (32, 64)).any()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "cannot be read as JSON"),
        ("[]", "no boxes by study"),
        ('{"a": {"label": "Edema"}}', "no boxes by study"),
        ('{"a": [[1, 2, 3, 4]]}', "study a: a box is"),
        ('{"a": [{"label": "Edema", "x": 1, "y": 1, "w": "wide", "h": 1}]}', "numbers in pixels"),
        ('{"a": [{"label": "Edema", "x": 1, "y": 1, "w": 0, "h": 1}]}', "above 0"),
        ('{"a": [{"label": "Edema", "x": NaN, "y": 1, "w": 2, "h": 1}]}', "above 0"),
        ('{"a": [{"label": "Edema", "x": 400, "y": 1, "w": 2, "h": 1}]}', "outside the image of"),
        ('{"b": []}', "nothing of study a, which has truth; an empty list"),
    ],
)
def test_boxes_that_make_no_sense_say_so(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(content)
    with pytest.raises(ExplorerError, match=words):
        GivenBoxes(path).of("a", "Edema", (32, 32))


def test_maps_stay_in_their_folder_and_are_maps(tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    (folder / "a").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    np.save(tmp_path / "outside" / "Edema.npy", np.ones((4, 4)))
    given = GivenFolder(folder)
    assert not given.of("a", "Edema", (8, 8)).any()
    for study in ("../outside", "b"):
        with pytest.raises(ExplorerError, match="says nothing of study"):
            given.of(study, "Edema", (8, 8))
    for values in (np.ones((4, 4, 3)), np.full((4, 4), np.nan), np.array([["a"]])):
        np.save(folder / "a" / "Edema.npy", values)
        with pytest.raises(ExplorerError, match="no map"):
            given.of("a", "Edema", (8, 8))
    (folder / "a" / "Edema.npy").write_bytes(b"no array")
    with pytest.raises(ExplorerError, match="cannot be read as a map"):
        given.of("a", "Edema", (8, 8))
    with pytest.raises(ExplorerError, match="There is no folder"):
        GivenFolder(tmp_path / "nowhere")


def test_the_command_measures_them_beside_ours(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "small")
    boxes = write_boxes(tmp_path / "others.json", true_boxes())
    out = tmp_path / "figures.json"
    done = CliRunner().invoke(app, [
        "localize", "--model", str(tmp_path / "small"), "--data", DATA, "--methods", "lrclr",
        "--boxes", str(boxes), "--min-cases", "1", "--n-bootstrap", "10", "--json", str(out),
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(out.read_text())
    assert set(told["methods"]) == {"lrclr", "boxes:others"}
    assert set(told["findings"]) <= set(PATHOLOGIES)
