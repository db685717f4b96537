"""Every page through the router, on the embedded model and a few phantoms."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.inference.prompts import FindingPrompts, default_prompts
from core.paths import ROOT
from core.studies import UploadedSet

SET = "phantom:n=14,seed=5"
PAGES = ["home", "zero_shot", "regions", "compare", "finetune"]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LRCLR_PRESETS", str(tmp_path / "presets"))
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=120)
    test.query_params.update({"set": SET, "study": "2", "prompt": "pneumothorax"})
    yield test


def _open(app: AppTest, page: str) -> AppTest:
    app.run()
    if page != "home":
        app.switch_page(f"../pages/{page}.py").run()
    return app


def _sound(app: AppTest) -> None:
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]


def _state(app: AppTest, name: str) -> Any:
    return app.session_state[f"lx_{name}"]


def _box(elements: Any, label: str) -> Any:
    return next(element for element in elements if element.label == label)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_and_says_what_it_is_not_for(app: AppTest, page: str) -> None:
    _sound(_open(app, page))
    assert app.title
    assert any("not for clinical use" in caption.value for caption in app.caption)


def test_a_link_carries_what_it_shows(app: AppTest) -> None:
    app.run()
    assert (_state(app, "set"), _state(app, "row"), _state(app, "prompt")) == (
        SET, 2, "pneumothorax",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("set", "/etc"), ("set", "phantom:n=1;x"), ("model", "../x"), ("study", "-4"),
     ("prompt", "x" * 999)],
)  # fmt: skip
def test_a_link_cannot_name_what_it_may_not(app: AppTest, name: str, value: str) -> None:
    app.query_params[name] = value
    _sound(app.run())
    assert _state(app, {"study": "row"}.get(name, name)) != value


def test_a_study_out_of_range_is_the_last_one(app: AppTest) -> None:
    app.query_params["study"] = "999"
    _sound(app.run())
    assert _box(app.sidebar.selectbox, "Study").value == 13


def test_the_study_and_prompt_survive_a_change_of_page(app: AppTest) -> None:
    app.run()
    app.sidebar.button(key="next").click().run()
    app.text_input[0].set_value("right central line").run()
    _sound(app.switch_page("../pages/regions.py").run())
    assert (_state(app, "row"), _state(app, "prompt")) == (3, "right central line")
    assert _box(app.text_input, "Prompt").value == "right central line"


def test_steps_go_round_the_set(app: AppTest) -> None:
    app.query_params["study"] = "0"
    app.run()
    app.sidebar.button(key="previous").click().run()
    assert _state(app, "row") == 13


@pytest.mark.parametrize("prompt", ["", "   ", "\x07bell"])
def test_a_prompt_that_is_none_is_one_sentence_and_the_last_good_one_stays(
    app: AppTest, prompt: str
) -> None:
    app.run()
    app.text_input[0].set_value(prompt).run()
    assert not app.exception
    assert len(app.error) == 1
    assert _state(app, "prompt") == "pneumothorax"


def test_a_prompt_in_another_script_is_taken_with_a_word_of_warning(app: AppTest) -> None:
    app.run()
    app.text_input[0].set_value("𐎀𐎁 𐎂𐎃").run()
    assert not app.exception and not app.error
    assert any("knows few of these words" in warning.value for warning in app.warning)


@pytest.mark.parametrize("page", ["home", "zero_shot", "regions", "compare"])
def test_an_uploaded_film_is_the_current_study_on_every_page(
    app: AppTest, page: str, tmp_path: Path
) -> None:
    film = np.random.default_rng(0).integers(0, 255, (300, 240), dtype=np.uint8)
    Image.fromarray(film).save(tmp_path / "film.png")
    data = (tmp_path / "film.png").read_bytes()
    _open(app, page)
    app.file_uploader[0].set_value(("film.png", data, "image/png")).run()
    _sound(app)
    assert isinstance(_state(app, "upload"), UploadedSet)
    assert not [box for box in app.sidebar.selectbox if box.label == "Study"]


def test_a_damaged_upload_is_one_sentence_and_the_study_stays(app: AppTest) -> None:
    app.run()
    app.file_uploader[0].set_value(("x.png", b"\x89PNG\r\n\x1a\nrest", "image/png")).run()
    assert not app.exception
    assert "x.png is damaged" in app.error[0].value
    assert _state(app, "upload") is None and _state(app, "row") == 2


def test_editing_prompts_can_be_undone_and_reset(app: AppTest) -> None:
    _open(app, "zero_shot")
    edited = default_prompts().with_finding(
        "Fracture", FindingPrompts(("broken rib",), ("intact ribs",))
    )
    app.session_state["lx_prompts"] = edited
    first = edited.without_finding("Edema")
    app.session_state["lx_history"] = (default_prompts(), first)
    _sound(app.run())
    for before in (first, default_prompts()):  # step by step, to where it began
        _box(app.button, "Undo").click().run()
        assert _state(app, "prompts") == before
    assert _box(app.button, "Undo").disabled
    _box(app.button, "Templates {} / no {}").click().run()
    assert _state(app, "prompts")["Edema"].negative[0].lower() == "no edema"
    _box(app.button, "Defaults").click().run()
    _sound(app)
    assert _state(app, "prompts") == default_prompts()


def test_a_finding_can_be_added(app: AppTest) -> None:
    _open(app, "zero_shot")
    app.selectbox(key="add_finding").select("Pneumonia").run()
    _sound(app)
    assert "Pneumonia" in _state(app, "prompts")


def test_a_set_that_is_none_is_one_sentence_and_the_last_good_one_stays(app: AppTest) -> None:
    app.run()
    _box(app.sidebar.selectbox, "Study set").select("another set").run()
    _box(app.sidebar.text_input, "Set").set_value("phantom:n=0").run()
    assert not app.exception
    assert "whole number" in app.error[0].value
    assert _state(app, "set") == SET


def test_a_gallery_card_makes_its_study_the_current_one(app: AppTest) -> None:
    _open(app, "regions")
    app.selectbox(key="gallery_kind").select("all").run()
    card = next(b for b in app.button if str(b.key).startswith("open_"))
    row = int(str(card.key).removeprefix("open_"))
    card.click().run()
    _sound(app)
    assert _state(app, "row") == row


def test_the_page_of_runs_shows_the_command_and_refuses_a_bad_name(app: AppTest) -> None:
    _open(app, "finetune")
    assert "python -m core finetune --config lrclr --model" in app.code[0].value
    _box(app.text_input, "Name").set_value("../elsewhere")
    _box(app.button, "Start").click().run()
    assert not app.exception
    assert "cannot name a run" in app.error[0].value


def test_a_preset_is_edited_saved_and_used_and_a_bad_one_is_refused(app: AppTest) -> None:
    _open(app, "finetune")
    app.text_area(key="toml_lrclr").set_value("[schedule]\nsteps = 0")
    _box(app.button, "Save").click().run()
    assert not app.exception and "steps must be at least 1" in app.error[0].value
    assert app.text_area(key="toml_lrclr").value == "[schedule]\nsteps = 0"  # nothing is lost
    app.text_area(key="toml_lrclr").set_value("# Mine.\n[schedule]\nsteps = 30\n")
    app.text_input(key="as_lrclr").set_value("mine")
    _box(app.button, "Save").click().run()
    _sound(app)
    assert app.selectbox(key="preset").value == "mine"
    assert app.number_input(key="steps_mine").value == 30
    assert "--config mine" in app.code[0].value
    _box(app.button, "Remove").click().run()
    _sound(app)
    assert "mine" not in app.selectbox(key="preset").options


def test_a_second_run_is_queued_and_a_waiting_one_can_be_taken_out(
    app: AppTest, tmp_path: Path
) -> None:
    for name, status in (("first", "running"), ("second", "queued")):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        process = psutil.Process()
        created = process.create_time() - (name == "first")  # within what a restart tells apart
        told = {"pid": process.pid, "created": created}
        (folder / "pid.json").write_text(json.dumps(told))
        (folder / "status.json").write_text(json.dumps({"status": status}))
        (folder / "command.json").write_text(json.dumps({"command": ["x"]}))
    _open(app, "finetune")
    assert "--queue" in app.code[0].value
    _box(app.selectbox, "Run").select("second").run()
    _sound(app)
    _box(app.button, "Take out of the queue").click().run()
    assert (tmp_path / "runs" / "second" / "stop").is_file()
    _box(app.selectbox, "Run").select("first").run()
    _box(app.button, "Pause").click().run()
    assert (tmp_path / "runs" / "first" / "stop").read_text() == "pause"
