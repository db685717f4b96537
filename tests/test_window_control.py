"""The window of the pages and of `explain`: it changes what is displayed and nothing else."""

import sys
from collections.abc import Iterator
from dataclasses import replace
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
from core.films.window import Window
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.specs import open_studies
from core.studies import StudySet, UploadedSet
from explorer.shared import cache, figures
from explorer.shared.state import KEY, Session

FILM = dicom(np.tile(RAMP, (2, 1)), WindowCenter=[2048, 1000], WindowWidth=[4096, 400])
BLACK, WHITE = Window(9000, 10, "LINEAR_EXACT"), Window(-9000, 10, "LINEAR_EXACT")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a small untrained model."""
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, depth=2, heads=2, text_depth=1, embed_dim=32)
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), folder)
    return folder


@pytest.fixture
def app(model: Path) -> Iterator[AppTest]:
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    test.session_state[KEY] = Session(
        model=str(model), own_model=str(model), study_set="phantom:n=4,seed=5,size=64",
        prompt="pneumothorax",
    )  # fmt: skip
    yield test


def _sound(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    return app


@pytest.mark.parametrize("page", ["home", "regions", "compare"])
def test_every_page_with_a_film_has_the_control(app: AppTest, page: str) -> None:
    app.run()
    if page != "home":
        app.switch_page(f"../pages/{page}.py").run()
    app.file_uploader[0].set_value(("film.dcm", FILM, "application/dicom")).run()
    before = [text.value for text in _sound(app).markdown]
    assert app.number_input(key="window_center").value == 2048
    app.number_input(key="window_center").set_value(3900.0).run()
    assert [text.value for text in _sound(app).markdown] == before  # scores, weights and words
    assert any("not what the model saw" in caption.value for caption in app.caption)


def _control() -> None:
    """A page of nothing but the control and how bright the film is."""
    import streamlit as st

    from explorer.shared import window_control
    from explorer.shared.state import Current

    current = Current(st.session_state["films"], st.session_state["row"])
    window_control.draw(current)
    st.metric("mean", float(window_control.picture(current).mean()))


@pytest.fixture
def control(tmp_path: Path) -> AppTest:
    test = AppTest.from_function(_control, default_timeout=600)
    test.session_state["films"], test.session_state["row"] = _films(tmp_path), 0
    return _sound(test.run())


def _brightness(app: AppTest) -> float:
    return float(_sound(app).metric[0].value)


def _numbers(app: AppTest) -> tuple[float, float]:
    center, width = (app.number_input(key=f"window_{name}").value for name in ("center", "width"))
    return float(center or 0), float(width or 0)


def test_a_typed_window_changes_the_film(control: AppTest) -> None:
    before = _brightness(control)
    assert _numbers(control) == (2048, 4096)
    control.number_input(key="window_center").set_value(3900.0).run()
    assert _brightness(control) < before - 60
    assert control.selectbox(key="window_preset").value == "Own"


def test_presets_undo_and_reset(control: AppTest) -> None:
    before = _brightness(control)
    assert all(control.button(key=f"window_{name}").disabled for name in ("reset", "undo"))
    names = control.selectbox(key="window_preset").options
    assert names[:3] == ["As opened", "Window 1", "Window 2"] and "Full range" in names
    control.selectbox(key="window_preset").select("Window 2").run()
    assert _numbers(control) == (1000, 400)
    control.number_input(key="window_width").set_value(100.0).run()
    control.button(key="window_undo").click().run()
    assert _numbers(control) == (1000, 400)
    assert control.selectbox(key="window_preset").value == "Window 2"
    control.button(key="window_reset").click().run()
    assert _numbers(control) == (2048, 4096) and _brightness(control) == before
    control.button(key="window_undo").click().run()
    assert _numbers(control) == (1000, 400)


def test_each_film_keeps_its_window(control: AppTest) -> None:
    control.number_input(key="window_center").set_value(30.0).run()
    control.session_state["row"] = 1
    assert _numbers(_sound(control.run()))[0] == 32767.5
    control.session_state["row"] = 0
    assert _numbers(_sound(control.run()))[0] == 30


def test_a_film_of_one_value_has_a_control(control: AppTest) -> None:
    control.session_state["films"] = UploadedSet("x", dicom(np.full((64, 64), 7, np.uint16)))
    control.run()
    control.selectbox(key="window_preset").select("Full range").run()
    _sound(control)


def test_the_cached_picture_depends_on_the_window() -> None:
    film = UploadedSet("film.dcm", FILM)
    opened = cache.display(film, 0).copy()
    assert cache.display(film, 0, BLACK).max() == 0 and cache.display(film, 0, WHITE).min() == 255
    np.testing.assert_array_equal(cache.display(film, 0), opened)


def _films(folder: Path) -> StudySet:
    """A DICOM film and a PNG of 16 bits."""
    (folder / "a.dcm").write_bytes(FILM)
    Image.fromarray(RAMP * 16).save(folder / "b.png")
    table = pd.DataFrame({"id": ["a", "b"], "image": ["a.dcm", "b.png"]})
    table.to_csv(folder / "manifest.csv", index=False)
    return open_studies(str(folder / "manifest.csv"))


def test_sets_of_files_and_phantoms_have_films(tmp_path: Path) -> None:
    studies = _films(tmp_path)
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
    with pytest.raises(SystemExit) as ended:
        main()
    if ended.value.code:
        return int(ended.value.code), None
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


@pytest.mark.parametrize("page", ["home", "regions", "compare"])
def test_a_large_film_is_coloured_no_larger_than_a_screen(
    app: AppTest, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = np.linspace(0, 255, 2000 * 1500).astype(np.uint8).reshape(2000, 1500)
    Image.fromarray(large).save(tmp_path / "large.png")
    box = '"[{""label"": ""Pneumothorax"", ""x"": 900, ""y"": 0, ""w"": 600, ""h"": 900}]"'
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"id,image,boxes\nlarge,large.png,{box}\n")
    sizes: list[tuple[int, ...]] = []

    def watch(name: str) -> None:
        plain = getattr(figures, name)

        def seen(picture: figures.Picture, *more: Any, **named: Any) -> Any:
            sizes.append(picture.shape[:2])
            return plain(picture, *more, **named)

        monkeypatch.setattr(figures, name, seen)

    app.run()
    watch("overlay")
    watch("film")
    state = app.session_state[KEY]
    app.session_state[KEY] = replace(state, study_set=str(manifest))
    app.run() if page == "home" else app.switch_page(f"../pages/{page}.py").run()
    _sound(app)
    assert (cache.SHOWN, 1050) in sizes and large.shape not in sizes
