"""Models side by side: the command, the page, and maps of models that are not here."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import labelled, session_of, sound
from PIL import Image
from streamlit.testing.v1 import AppTest
from test_rivals import small_model
from typer.testing import CliRunner

from core.attribution import attribute
from core.cli import app as commands
from core.errors import ExplorerError
from core.evaluation.arena import given_entry, model_entry, truth_of
from core.evaluation.given_maps import GivenBoxes, GivenFilmMap
from core.inference.predictor import Predictor
from core.lrclr.checkpoint import save_model
from core.metrics.localisation import MEASURES
from core.paths import ROOT
from core.specs import open_studies
from explorer import access
from explorer.access import Connection
from explorer.arena import cache as arena_cache

DATA = "phantom:n=6,seed=3,size=64"
STUDIES = open_studies(DATA)
TEXT = "the heart is enlarged"


def _row_with(finding: str) -> int:
    return next(row for row in range(len(STUDIES)) if STUDIES.masks(row).get(finding) is not None)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small models, as runs."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, name in enumerate(("one", "two")):
        save_model(small_model(seed), folder / name)
        (folder / name / "command.json").write_text('{"command": ["x"]}')
    return folder


def _npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def test_an_answer_is_what_the_parts_give_alone() -> None:
    predictor, image = Predictor(small_model(), "small"), STUDIES.image(0)
    entry = model_entry(predictor, image, TEXT, "gradcam")
    np.testing.assert_allclose(entry.heat, attribute("gradcam", predictor, image, [TEXT]))
    features = predictor.encode_image(image).image_features[0]
    plain, negated = predictor.encode_texts([TEXT, f"no {TEXT}"]).text_features
    assert entry.cosine == pytest.approx(float(features @ plain), abs=1e-6)
    odds = float(features @ plain - features @ negated)
    assert entry.pair == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-6)
    assert entry.seconds > 0 and entry.method.startswith("gradcam:")


def test_a_finding_without_truth_is_refused_and_the_stated_one_is_taken() -> None:
    masks = STUDIES.masks(_row_with("Cardiomegaly"))
    told = truth_of(masks, TEXT)
    assert told is not None and told[0] == "Cardiomegaly" and (told[1] == masks[told[0]]).all()
    assert truth_of({}, TEXT) is None and truth_of(masks, "purple elephants") is None
    with pytest.raises(ExplorerError, match="no truth of 'Hernia'.*Cardiomegaly"):
        truth_of(masks, TEXT, "Hernia")


def test_boxes_and_maps_that_are_handed_in_are_drawn() -> None:
    box = {"label": "Cardiomegaly", "x": 10, "y": 20, "w": 8, "h": 4}
    boxes = GivenBoxes(Path("theirs.json"), json.dumps([box]).encode(), "film")
    heat = given_entry(boxes, "film", TEXT, (64, 64)).heat
    assert heat[20:24, 10:18].all() and np.count_nonzero(heat) == 32
    empty = given_entry(boxes, "film", "pneumothorax", (64, 64))
    assert not empty.heat.any() and "Nothing is marked" in empty.remark
    own = {**box, "label": "a heart like a boot"}  # a label in the text's own words
    worded = GivenBoxes(Path("w.json"), json.dumps({"film": [own]}).encode(), "film")
    assert given_entry(worded, "film", "a heart like a boot", (64, 64)).heat.any()
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    mapped = given_entry(GivenFilmMap("m.npy", _npy(values)), "film", TEXT, (8, 8))
    assert mapped.heat.shape == (8, 8) and mapped.heat.argmax() == 63
    with pytest.raises(ExplorerError, match="no boxes by study"):
        GivenBoxes(Path("list.json"), json.dumps([box]).encode())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npy", b"nothing of the kind", "cannot be read"),
        ("a.npy", _npy(np.zeros((2, 2, 2))), "no map"),
        ("a.npy", _npy(np.array([[np.nan]])), "no map"),
        ("a.png", b"\x89PNG", "cannot be read"),
        # A header of 47 bytes that promises 8 TB.
        ("a.npy", _npy(np.zeros((1, 1))).replace(b"(1, 1)", b"(1000000, 1000000)", 1), "limit"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_map_is_refused(name: str, content: bytes, said: str) -> None:
    with pytest.raises(ExplorerError, match=said):
        GivenFilmMap(name, content)


def test_the_command_holds_models_and_boxes_side_by_side(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRCLR_RUNS", str(runs))
    row = _row_with("Cardiomegaly")
    mask, study = STUDIES.masks(row)["Cardiomegaly"], STUDIES.study_id(row)
    y, x = np.nonzero(mask)
    box = {"label": "Cardiomegaly", "x": int(x.min()), "y": int(y.min()),
           "w": int(np.ptp(x)) + 1, "h": int(np.ptp(y)) + 1}  # fmt: skip
    (tmp_path / "theirs.json").write_text(json.dumps({study: [box]}))
    (tmp_path / "maps" / study).mkdir(parents=True)
    Image.fromarray(~mask).convert("L").save(tmp_path / "maps" / study / "Cardiomegaly.png")
    done = CliRunner().invoke(commands, [
        "arena", "--model", "one", "--model", "two", "--model", "nowhere", "--data", DATA,
        "--study", study, "--prompt", TEXT, "--boxes", str(tmp_path / "theirs.json"),
        "--maps", str(tmp_path / "maps"), "--json", str(tmp_path / "told.json"),
        "--out", str(tmp_path / "out"),
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "told.json").read_text())
    assert list(told["models"]) == ["one", "two", "boxes:theirs", "maps:maps"]
    assert told["finding"] == "Cardiomegaly" and "no model 'nowhere'" in told["refused"]["nowhere"]
    for name, one in told["models"].items():
        number = list(told["models"]).index(name) + 1
        heat = np.load(tmp_path / "out" / f"{number}-{name.replace(':', '-')}.npy")
        assert one["measures"] == {key: pytest.approx(m(heat, mask)) for key, m in MEASURES.items()}
    assert told["models"]["boxes:theirs"]["measures"]["pointing_game"] == 1
    assert told["models"]["maps:maps"]["measures"]["energy"] == 0
    assert told["models"]["boxes:theirs"]["seconds"] is None
    with Image.open(tmp_path / "out" / "1-one.png") as picture:
        assert picture.width >= 768
    refused = CliRunner().invoke(commands, ["arena", "--model", "nowhere", "--data", DATA,
                                            "--study", study, "--prompt", TEXT])  # fmt: skip
    assert refused.exit_code and "no model 'nowhere'" in str(refused.exception)


@pytest.fixture
def app(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LRCLR_RUNS", str(runs))
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    row = _row_with("Cardiomegaly")
    app.query_params.update({"set": DATA, "model": "one", "study": str(row), "prompt": TEXT})
    app.run()
    return app.switch_page("../pages/arena.py").run()


def test_the_page_shows_each_model_s_map_and_measures_them(app: AppTest) -> None:
    labelled(app.multiselect, "Models").set_value(["one", "two"]).run()
    sound(app)
    assert session_of(app).arena == ("one", "two")
    frame = app.dataframe[0].value
    assert list(frame.index) == ["one", "two"] and {"Seconds", "IoU"} <= {*frame.columns}
    assert sum("against its negation" in caption.value.lower() for caption in app.caption) >= 2
    labelled(app.multiselect, "Models").set_value(["two", "nowhere"]).run()
    assert not app.exception and len(app.error) == 1 and "nowhere" in app.error[0].value
    assert list(app.dataframe[0].value.index) == ["two"]  # one that is not there stops no other
    files = next(box for box in app.file_uploader if box.label.startswith("Boxes"))
    mask = STUDIES.masks(session_of(app).row)["Cardiomegaly"].astype(np.float32)
    files.set_value(("truth.npy", _npy(mask), "application/octet-stream")).run()
    frame = app.dataframe[0].value
    assert list(frame.index) == ["two", "maps:truth"]
    assert frame.loc["maps:truth", "IoU"] == pytest.approx(1)


def test_a_visitor_has_only_models_that_are_listed_and_hands_in_nothing(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(app.multiselect, "Models").set_value(["two"]).run()
    assert [box for box in app.file_uploader if box.label.startswith("Boxes")]
    monkeypatch.setattr(access, "connection", lambda: Connection("192.168.1.20", {"Host": "x"}))
    (tmp_path / "access.toml").write_text('models = ["two"]\nuploads = false\n')
    monkeypatch.setenv("LRCLR_ACCESS", str(tmp_path / "access.toml"))
    assert "one" not in labelled(app.run().multiselect, "Models").options
    assert not app.exception
    assert not [box for box in app.file_uploader if box.label.startswith("Boxes")]
    arena_cache.entry("two", STUDIES, 0, TEXT, "lrclr", False)
    with pytest.raises(ExplorerError, match="listed models"):
        arena_cache.entry("one", STUDIES, 0, TEXT, "lrclr", False)
