"""The prompts of one finding: edited line by line, added, removed, refused, had back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.backbones.compact import CompactBackbone, CompactConfig
from core.inference.prompts import PromptSet, default_prompts
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from explorer.prompts import editor
from explorer.shared.state import KEY, Session

EDEMA = default_prompts()["Edema"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, depth=1, heads=2, text_depth=1, embed_dim=32)
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), folder)
    return folder


def _page() -> None:
    """The editor alone."""
    from explorer.prompts import editor
    from explorer.shared import state

    editor.edit(state.current())


@pytest.fixture
def app(model: Path) -> Iterator[AppTest]:
    test = AppTest.from_function(_page, default_timeout=600)
    test.session_state[KEY] = Session(
        model=str(model), study_set="phantom:n=4,seed=5,size=64", finding="Edema"
    )
    yield _sound(test.run())


def _sound(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    return app


def _prompts(app: AppTest) -> PromptSet:
    session: Session = app.session_state[KEY]
    return session.prompts


def _field(app: AppTest, name: str) -> Any:
    return next(box for box in (*app.text_input, *app.text_area) if box.label == name)


def _button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label == label)


def test_a_cosine_of_nearly_nothing_has_no_sign() -> None:
    shown = AppTest.from_function(_page, default_timeout=600)
    # Of the demo model and this film the regions' cosine is -0.00 in two digits.
    shown.session_state[KEY] = Session(
        "demo", study_set="phantom:demo", row=94, finding="Cardiomegaly"
    )
    told = [caption.value for caption in _sound(shown.run()).caption]
    assert any("regions 0.00" in one for one in told) and not any("-0.00" in one for one in told)


def test_a_prompt_of_unknown_words_has_a_sentence_in_the_place_of_its_scores(app: AppTest) -> None:
    def said() -> list[int]:
        values = [caption.value for caption in app.caption]
        return [sum(words in value for value in values) for words in ("does not know", "regions ")]

    assert said()[0] == 0
    scored = said()[1]
    _sound(_field(app, "Positive prompt 1 of Edema").set_value("a ripe banana").run())
    assert said() == [1, scored - 1]


def test_every_prompt_stands_whole_on_a_line_with_its_share(app: AppTest) -> None:
    for side in ("positive", "negative"):
        texts = getattr(EDEMA, side)
        fields = [_field(app, f"{side.capitalize()} prompt {n + 1} of Edema")
                  for n in range(len(texts))]  # fmt: skip
        assert [field.value for field in fields] == list(texts)
        # A field of one line holds what fits; longer ones are of as many lines as they need.
        assert all((field.type == "text_area") == (len(field.value) > 38) for field in fields)
    shares = [int(bar.body.split(" %</span>")[0].split(">")[-1]) for bar in app.get("html")]
    assert len(shares) == len(EDEMA.positive) + len(EDEMA.negative)
    assert sum(shares) == pytest.approx(200, abs=len(shares))  # each rounded


def test_an_edit_changes_that_prompt_and_no_other(app: AppTest) -> None:
    _field(app, "Positive prompt 2 of Edema").set_value("  wet   lungs ").run()
    _sound(app)
    expected = (EDEMA.positive[0], "wet lungs", *EDEMA.positive[2:])
    assert _prompts(app)["Edema"].positive == expected
    assert _prompts(app)["Edema"].negative == EDEMA.negative
    assert all(_prompts(app)[n] == default_prompts()[n] for n in _prompts(app) if n != "Edema")
    assert len(app.session_state[KEY].prompt_history) == 1  # one step, however often it is drawn
    _sound(app.run())
    assert len(app.session_state[KEY].prompt_history) == 1


def test_an_edit_is_drawn_once(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[PromptSet] = []
    begun: list[object] = []  # also by a run that is broken off
    tools, edit = editor._tools, editor.edit
    monkeypatch.setattr(editor, "_tools", lambda prompts: (drawn.append(prompts), tools(prompts)))
    monkeypatch.setattr(editor, "edit", lambda current: begun.append(current) or edit(current))
    _field(app, "Positive prompt 2 of Edema").set_value("wet lungs").run()
    assert [one["Edema"].positive[1] for one in drawn] == ["wet lungs"]
    _field(app, "Add a negative prompt to Edema").set_value("clear lungs").run()
    assert len(drawn) == len(begun) == 2 and drawn[1]["Edema"].negative[-1] == "clear lungs"


def test_edits_in_two_fields_are_both_kept_and_undone_one_by_one(app: AppTest) -> None:
    _field(app, "Positive prompt 1 of Edema").set_value("one").run()
    _field(app, "Negative prompt 1 of Edema").set_value("none").run()
    _sound(app)
    assert (_prompts(app)["Edema"].positive[0], _prompts(app)["Edema"].negative[0]) == (
        "one", "none",
    )  # fmt: skip
    _button(app, "Undo").click().run()
    assert _prompts(app)["Edema"].negative == EDEMA.negative
    assert _field(app, "Negative prompt 1 of Edema").value == EDEMA.negative[0]
    _button(app, "Undo").click().run()
    assert _prompts(app) == default_prompts()


def test_a_prompt_is_added_and_its_field_is_free_again(app: AppTest) -> None:
    _field(app, "Add a positive prompt to Edema").set_value("Kerley lines").run()
    _sound(app)
    assert _prompts(app)["Edema"].positive == (*EDEMA.positive, "Kerley lines")
    assert _field(app, "Add a positive prompt to Edema").value == ""


def _remove(app: AppTest, side: str, number: int) -> Any:
    ending = f"remove_Edema_{side}_{number}"
    return next(button for button in app.button if str(button.key).endswith(ending))


def test_prompts_are_removed_to_the_last_one(app: AppTest) -> None:
    for _ in range(len(EDEMA.positive) - 1):
        _remove(app, "positive", 0).click().run()
    _sound(app)
    assert _prompts(app)["Edema"].positive == EDEMA.positive[-1:]
    assert _remove(app, "positive", 0).disabled
    for _ in range(len(EDEMA.negative)):
        _remove(app, "negative", 0).click().run()
    _sound(app)
    assert _prompts(app)["Edema"].negative == (f"no {EDEMA.positive[-1]}",)


def test_an_emptied_line_is_gone_and_an_emptied_side_is_refused(app: AppTest) -> None:
    _field(app, "Positive prompt 1 of Edema").set_value(" ").run()
    _sound(app)
    assert _prompts(app)["Edema"].positive == EDEMA.positive[1:]
    while not _remove(app, "positive", 0).disabled:
        _remove(app, "positive", 0).click().run()
    _field(app, "Positive prompt 1 of Edema").set_value("").run()
    assert not app.exception and "Edema has no positive prompt" in app.error[0].value
    assert _prompts(app)["Edema"].positive == EDEMA.positive[-1:]


def test_a_prompt_that_is_none_is_one_sentence_and_what_was_typed_stays(app: AppTest) -> None:
    _field(app, "Positive prompt 1 of Edema").set_value("...").run()
    assert not app.exception and len(app.error) == 1
    assert _prompts(app) == default_prompts()
    assert _field(app, "Positive prompt 1 of Edema").value == "..."


def test_findings_are_added_by_any_name_and_removed(app: AppTest) -> None:
    add = next(box for box in app.selectbox if box.label == "Add a finding")
    assert "Pneumonia" in add.options and "Edema" not in add.options
    add.select("Pneumonia").run()
    _sound(app)
    assert list(_prompts(app))[-1] == "Pneumonia"
    assert _field(app, "Positive prompt 1 of Pneumonia").value == "pneumonia"
    _button(app, "Remove this finding").click().run()
    _sound(app)
    assert "Pneumonia" not in _prompts(app)


def test_another_finding_shows_its_own_prompts(app: AppTest) -> None:
    next(box for box in app.selectbox if box.label == "Finding").select("Fracture").run()
    _sound(app)
    assert _field(app, "Positive prompt 1 of Fracture").value == (
        default_prompts()["Fracture"].positive[0]
    )
    assert app.session_state[KEY].finding == "Fracture"
    assert json.loads(_prompts(app).to_json())  # the download
