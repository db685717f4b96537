"""The window of the pages and of `explain`: it changes what is displayed and nothing else."""

import base64
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from dicom_files import RAMP, dicom
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.backbones.compact import CompactBackbone, CompactConfig
from core.cli import main
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.studies import UploadedSet, open_studies
from core.studies.window import Window
from explorer import cache

FILM = dicom(np.tile(RAMP, (2, 1)), WindowCenter=[2048, 1000], WindowWidth=[4096, 400])
BLACK, WHITE = Window(9000, 10, "LINEAR_EXACT"), Window(-9000, 10, "LINEAR_EXACT")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a small untrained model."""
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, depth=1, heads=2, text_depth=1, embed_dim=32)
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), folder)
    return folder


@pytest.fixture
def app(model: Path) -> Iterator[AppTest]:
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    test.query_params.update({"set": "phantom:n=4,seed=5,size=64", "prompt": "pneumothorax"})
    test.session_state["lx_own_model"] = test.session_state["lx_model"] = str(model)
    yield test


def _upload(app: AppTest, page: str = "regions") -> AppTest:
    app.run()
    if page != "home":
        app.switch_page(f"../pages/{page}.py").run()
    app.file_uploader[0].set_value(("film.dcm", FILM, "application/dicom")).run()
    return _sound(app)


def _sound(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    return app


def _window(app: AppTest) -> Any:
    films = dict(app.session_state.filtered_state).get("lx_windows", {})
    return list(films.values())[-1][-1] if films else None


def _brightness(app: AppTest) -> float:
    """Mean of the film with the boxes, as the page sends it."""
    sent = next(chart.proto.spec for chart in app.get("plotly_chart") if "jpeg" in chart.proto.spec)
    data = re.search(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", sent)
    assert data
    with Image.open(io.BytesIO(base64.b64decode(data[1]))) as picture:
        return float(np.asarray(picture).mean())


@pytest.mark.parametrize("page", ["home", "regions", "compare"])
def test_every_page_with_a_film_has_the_control(app: AppTest, page: str) -> None:
    _upload(app, page)
    assert app.number_input(key="window_center").value == 2048
    assert app.number_input(key="window_width").value == 4096
    names = app.selectbox(key="window_preset").options
    assert names[0] == "As opened" and "Window 2" in names and "Full range" in names
    assert any("not what the model saw" in caption.value for caption in app.caption)


def test_a_typed_window_changes_the_film_and_not_the_model(app: AppTest) -> None:
    _upload(app)
    before, boxes = _brightness(app), [metric.value for metric in app.markdown]
    app.number_input(key="window_center").set_value(3900.0).run()
    assert _window(_sound(app)) == Window(3900, 4096)
    assert _brightness(app) < before - 60
    assert [metric.value for metric in app.markdown] == boxes  # weights and words are the same
    assert app.selectbox(key="window_preset").value == "Own"


def test_presets_undo_and_reset(app: AppTest) -> None:
    _upload(app)
    before = _brightness(app)
    app.selectbox(key="window_preset").select("Window 2").run()
    assert _window(app) == Window(1000, 400)
    assert app.number_input(key="window_width").value == 400
    app.number_input(key="window_width").set_value(100.0).run()
    app.button(key="window_undo").click().run()
    assert _window(app) == Window(1000, 400)
    app.button(key="window_reset").click().run()
    assert _window(_sound(app)) is None and _brightness(app) == before
    assert app.button(key="window_reset").disabled
    app.button(key="window_undo").click().run()
    assert _window(app) == Window(1000, 400)


def test_the_window_stays_with_its_film_over_pages(app: AppTest) -> None:
    app.run()
    app.number_input(key="window_center").set_value(30.0).run()
    app.sidebar.button(key="next").click().run()
    assert app.number_input(key="window_center").value == 127.5
    app.sidebar.button(key="previous").click().run()
    _sound(app.switch_page("../pages/compare.py").run())
    assert app.number_input(key="window_center").value == 30


def test_the_cached_picture_depends_on_the_window() -> None:
    film = UploadedSet("film.dcm", FILM)
    opened = cache.display(film, 0).copy()
    assert cache.display(film, 0, BLACK).max() == 0 and cache.display(film, 0, WHITE).min() == 255
    np.testing.assert_array_equal(cache.display(film, 0), opened)


def test_sets_of_files_and_phantoms_have_films(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(FILM)
    Image.fromarray(RAMP * 16).save(tmp_path / "b.png")
    table = pd.DataFrame({"id": ["a", "b"], "image": ["a.dcm", "b.png"]})
    table.to_csv(tmp_path / "manifest.csv", index=False)
    studies = open_studies(str(tmp_path / "manifest.csv"))
    assert [studies.film(row).values.max() for row in (0, 1)] == [4095, 4095 * 16]
    assert studies.subset([1]).film(0).values.max() == 4095 * 16
    phantoms = open_studies("phantom:n=2,seed=1")
    np.testing.assert_allclose(phantoms.film(1).show(), phantoms.display_image(1), atol=1e-3)


def _explain(
    monkeypatch: pytest.MonkeyPatch, folder: Path, model: Path, *more: str
) -> tuple[int, np.ndarray | None]:
    (folder / "film.dcm").write_bytes(FILM)
    out = folder / "out.png"
    out.unlink(missing_ok=True)
    arguments = ["explain", "--image", str(folder / "film.dcm"), "--prompt", "edema", "--model",
                 str(model), "--out", str(out), "--method", "centre", *more]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["core", *arguments])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0), None
    with Image.open(out) as picture:
        return 0, np.asarray(picture).astype(float)


def test_explain_draws_through_a_window(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, opened = _explain(monkeypatch, tmp_path, model)
    scored = capsys.readouterr().out.split("cosine")[1]
    _, dark = _explain(monkeypatch, tmp_path, model, "--window", "9000,10")
    said = capsys.readouterr().out
    _, named = _explain(monkeypatch, tmp_path, model, "--window", "window 2")
    assert opened is not None and dark is not None and named is not None
    assert dark[20, -20].max() < 20 < opened[20, -20].min()
    assert "which the model did not see" in said and said.split("cosine")[1] == scored
    code, _ = _explain(monkeypatch, tmp_path, model, "--window", "lungs")
    assert code == 2 and "Full range" in capsys.readouterr().err
