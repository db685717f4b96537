"""The Import page with dropped files: one click, and the new set is open."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from app_driver import session_of, sound
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.backbones.compact import CompactBackbone, CompactConfig
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.specs import open_studies
from explorer.shared.state import KEY, Session


def _png(seed: int) -> bytes:
    film = np.random.default_rng(seed).integers(0, 255, (80, 60), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(film).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    for name in ("runs", "sets"):
        monkeypatch.setenv(f"LRCLR_{name.upper()}", str(tmp_path / name))
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, depth=1, heads=2, text_depth=1, embed_dim=32)
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), tmp_path / "model")
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    test.session_state[KEY] = Session(
        model=str(tmp_path / "model"), own_model=str(tmp_path / "model"),
        study_set="phantom:n=4,seed=5,size=64",
    )  # fmt: skip
    test.run()
    yield test.switch_page("../pages/import_data.py").run()


def _uploader(app: AppTest, label: str) -> Any:
    return next(box for box in app.file_uploader if box.label == label)


def _import(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Import").click().run()
    job = session_of(app).import_job
    assert job is not None
    job.wait(120)
    app.run()


FOLDER = [(f"ward/{name}.png", _png(seed), "image/png") for seed, name in enumerate("abc")]


def test_a_dropped_folder_is_a_set_after_one_click(app: AppTest, tmp_path: Path) -> None:
    _uploader(app, "A folder").set_value(FOLDER).run()
    sound(app)
    table = app.dataframe[0].value
    assert list(table["file"]) == ["ward/a.png", "ward/b.png", "ward/c.png"]
    assert all(str(film).startswith("data:image/jpeg;base64,") for film in table["Film"])
    dropped = session_of(app).dropped
    assert dropped is not None and dropped.count == 3
    _import(app)
    sound(app)
    assert "3 studies imported, 0 files left out" in app.success[0].value
    here = session_of(app)
    assert Path(here.study_set).parent.parent == tmp_path / "sets"
    assert len(open_studies(here.study_set)) == 3 and here.row == 0
    assert here.dropped is None and not dropped.folder.exists()  # kept no longer than needed
    assert "ward" not in here.study_set and "/a.png" not in Path(here.study_set).read_text()
    app.switch_page("../pages/regions.py").run()
    assert not app.exception


def test_a_second_import_is_proposed_another_folder(app: AppTest, tmp_path: Path) -> None:
    for _ in range(2):
        _uploader(app, "A folder").set_value(FOLDER).run()
        _import(app)
        sound(app)
    assert len(list((tmp_path / "sets").iterdir())) == 2


def test_a_zip_with_a_table_is_mapped_and_keeps_its_reports(app: AppTest) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("set/films/a.png", _png(1))
        archive.writestr("set/table.csv", "image,report\na.png,Small effusion.\n")
    _uploader(app, "Or a ZIP, or single films").set_value(
        [("set.zip", buffer.getvalue(), "application/zip")]
    ).run()
    sound(app)
    assert app.dataframe[0].value["Film"].isna().all()  # they lie in another folder than the table
    next(box for box in app.selectbox if box.label == "Folder of its images").select(
        "set/films"
    ).run()
    assert app.dataframe[0].value["Film"].notna().all()
    _import(app)
    sound(app)
    assert open_studies(session_of(app).study_set).study(0).text == "Small effusion."


def test_what_was_dropped_outlives_a_change_of_page_and_can_be_forgotten(app: AppTest) -> None:
    _uploader(app, "A folder").set_value(FOLDER).run()
    app.switch_page("../pages/model.py").run()
    app.switch_page("../pages/import_data.py").run()
    sound(app)
    assert any("3 files are here" in text.value for text in app.markdown)
    dropped = session_of(app).dropped
    assert dropped is not None
    next(button for button in app.button if button.label == "Forget them").click().run()
    assert session_of(app).dropped is None and not dropped.folder.exists()


def test_a_zip_that_cannot_be_read_is_one_sentence(app: AppTest) -> None:
    _uploader(app, "Or a ZIP, or single films").set_value(
        [("set.zip", b"PK no", "application/zip")]
    ).run()
    assert not app.exception and len(app.error) == 1
    assert "set.zip is no ZIP that can be read" in app.error[0].value
