"""Every page through the router, on the embedded model and a few phantoms."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from app_driver import labelled, session_of, sound
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.analysis.calibration import Calibration, calibration_file, keep_calibrations
from core.archive.embed import EmbedOptions, embed
from core.attribution import METHODS
from core.backbones.compact import CompactBackbone, CompactConfig
from core.evaluation.examples import load_examples, other_side
from core.evaluation.text_truth import stated_findings, true_of
from core.inference.predictor import load_predictor
from core.inference.prompts import FindingPrompts, default_prompts
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.specs import open_studies
from core.studies import UploadedSet
from core.training.runs import Run
from explorer.navigation import FILES
from explorer.shared import cache
from explorer.shared.state import KEY, Current

SET = "phantom:n=14,seed=5"
PAGES = [file.removesuffix(".py") for file in FILES]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LRCLR_PRESETS", str(tmp_path / "presets"))
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    test.query_params.update({"set": SET, "study": "2", "prompt": "pneumothorax"})
    yield test


def _open(app: AppTest, page: str) -> AppTest:
    app.run()
    if page != "home":
        app.switch_page(f"../pages/{page}.py").run()
    return app


def _charts(app: AppTest) -> set[str]:
    """Keys of the charts that are shown, and classes of those drawn as plain HTML."""
    drawn = re.findall(r'<div class="(\w+)"', " ".join(html.proto.body for html in app.get("html")))
    return {str(chart.proto.id).rsplit("-", 1)[-1] for chart in app.get("plotly_chart")} | {*drawn}


def test_every_page_is_in_the_table() -> None:
    assert {f"{page}.py" for page in PAGES} == {path.name for path in (ROOT / "pages").glob("*.py")}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_and_says_what_it_is_not_for(app: AppTest, page: str) -> None:
    sound(_open(app, page))
    assert app.title
    assert any("not for clinical use" in caption.value for caption in app.caption)


def test_a_link_carries_what_it_shows(app: AppTest) -> None:
    app.run()
    assert (session_of(app).study_set, session_of(app).row, session_of(app).prompt) == (
        SET, 2, "pneumothorax",
    )  # fmt: skip


def test_a_link_without_a_text_opens_with_what_the_film_s_report_finds(app: AppTest) -> None:
    del app.query_params["prompt"]
    sound(app.run())
    prompt = session_of(app).prompt
    assert prompt in open_studies(SET).reports[2] and stated_findings(prompt)


@pytest.mark.parametrize(
    ("name", "value"),
    [("set", "/etc"), ("set", "phantom:n=1;x"), ("model", "../x"), ("study", "-4"),
     ("prompt", "x" * 999)],
)  # fmt: skip
def test_a_link_cannot_name_what_it_may_not(app: AppTest, name: str, value: str) -> None:
    app.query_params[name] = value
    sound(app.run())
    assert getattr(session_of(app), {"study": "row", "set": "study_set"}.get(name, name)) != value
    assert [toast.value for toast in app.toast if "Choose the set" in toast.value] or name != "set"


def test_a_study_out_of_range_is_the_last_one(app: AppTest) -> None:
    app.query_params["study"] = "999"
    sound(app.run())
    assert labelled(app.sidebar.selectbox, "Study").value == 13


def test_the_study_and_prompt_survive_a_change_of_page(app: AppTest) -> None:
    app.run()
    app.sidebar.button(key="next").click().run()
    app.text_input[0].set_value("right central line").run()
    sound(app.switch_page("../pages/regions.py").run())
    assert (session_of(app).row, session_of(app).prompt) == (3, "right central line")
    assert labelled(app.text_input, "Prompt").value == "right central line"
    for page in ("compare", "zero_shot", "home", "regions"):  # boxes of one label and of others
        sound(app.switch_page(f"../pages/{page}.py").run())
        assert app.text_input[-1].value == session_of(app).prompt == "right central line", page


def test_steps_go_round_the_set(app: AppTest) -> None:
    app.query_params["study"] = "0"
    app.run()
    app.sidebar.button(key="previous").click().run()
    assert session_of(app).row == 13


def test_a_prompt_that_is_none_is_one_sentence_and_the_last_good_one_stays(app: AppTest) -> None:
    app.run()
    app.text_input[0].set_value("\x07bell").run()
    assert not app.exception
    assert len(app.error) == 1
    assert session_of(app).prompt == "pneumothorax"


@pytest.mark.parametrize("prompt", ["", "   "])
def test_an_empty_box_is_no_error_and_the_last_prompt_stays(app: AppTest, prompt: str) -> None:
    app.run()
    app.text_input[0].set_value(prompt).run()
    sound(app)
    assert any("Shown is still “pneumothorax”" in caption.value for caption in app.caption)
    assert session_of(app).prompt == "pneumothorax"


def test_home_opens_on_an_example_and_another_is_one_click_away() -> None:
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    sound(app.run())
    opening = load_examples().opening
    assert (session_of(app).row, app.text_input[0].value) == (opening.row, opening.prompt)
    assert any("Clearly for this text" in title.value for title in app.subheader)
    other = next(film for film in load_examples().films if film.finding == "Fracture")
    app.button(key="example_Fracture").click().run()
    sound(app)
    assert (session_of(app).row, app.text_input[0].value) == (other.row, other.prompt)
    assert any("Clearly for this text" in title.value for title in app.subheader)


def test_an_example_leads_back_from_another_set(app: AppTest) -> None:
    app.run()
    app.button(key="example_Edema").click().run()
    sound(app)
    assert session_of(app).study_set == load_examples().data


def test_a_sentence_of_the_report_is_one_click_away(app: AppTest) -> None:
    app.run()
    sentence = open_studies(SET).reports[2][0]
    chips = app.button_group(key="prompt_chips")
    assert sentence in chips.options or any(sentence[:40] in label for label in chips.options)
    chips.set_value(sentence).run()
    sound(app)
    assert session_of(app).prompt == app.text_input[0].value == sentence


def _row_with(spec: str, finding: str, without: str) -> int:
    """A film with one finding and not another."""
    masks = (open_studies(spec).masks(row) for row in range(14))
    return next(n for n, here in enumerate(masks) if finding in here and without not in here)


def _truth_box(app: AppTest) -> Any:
    return labelled(app.selectbox, "Truth outline")


def test_maps_are_measured_against_the_truth_of_what_the_text_says(app: AppTest) -> None:
    row = _row_with(SET, "Cardiomegaly", "Pneumothorax")
    app.query_params.update(study=str(row), prompt="the heart is enlarged")
    sound(_open(app, "compare"))
    assert _truth_box(app).value == "Cardiomegaly"
    assert any("truth of Cardiomegaly" in title.value for title in app.header)
    assert not app.warning
    app.text_input[0].set_value("pneumothorax").run()  # which this film does not have
    assert _truth_box(app).value == "none"
    assert any("No truth of Pneumothorax is known" in info.value for info in app.info)


def test_choosing_a_truth_sets_a_text_that_is_true_of_it(app: AppTest) -> None:
    row = _row_with(SET, "Cardiomegaly", "Pneumothorax")
    app.query_params.update(study=str(row), prompt="pneumothorax")
    _open(app, "compare")
    _truth_box(app).select("Cardiomegaly").run()
    sound(app)
    text = session_of(app).prompt
    assert app.text_input[0].value == text
    assert stated_findings(text) == ("Cardiomegaly",)
    assert true_of(open_studies(SET), row, text) == 1
    assert _truth_box(app).value == "Cardiomegaly" and not app.warning
    _truth_box(app).select("none").run()  # the outline can be had away
    assert _truth_box(app).value == "none" and session_of(app).prompt == text


@pytest.mark.parametrize(
    ("prompt", "said"),
    [("no cardiomegaly", "denies Cardiomegaly"), ("purple elephants", "names no finding")],
)
def test_a_text_that_does_not_fit_the_truth_is_said(app: AppTest, prompt: str, said: str) -> None:
    row = _row_with(SET, "Cardiomegaly", "Pneumothorax")
    app.query_params.update(study=str(row), prompt="the heart is enlarged")
    _open(app, "compare")
    app.text_input[0].set_value(prompt).run()
    sound(app)
    assert any(said in warning.value for warning in app.warning)


def test_a_text_of_the_other_side_is_said(app: AppTest) -> None:
    sided = (film for film in load_examples().films if other_side(film.prompt) != film.prompt)
    example = next(sided)
    app.query_params.update(
        set=load_examples().data, study=str(example.row), prompt=other_side(example.prompt)
    )
    sound(_open(app, "compare"))
    assert _truth_box(app).value == example.finding
    assert any("not as the text says" in warning.value for warning in app.warning)


def test_an_absent_or_denied_finding_has_no_box(app: AppTest) -> None:
    app.query_params["study"] = "0"
    app.run()
    labels = open_studies(SET).study(0).labels
    absent = next(name for name in ("Pneumothorax", "Pleural Effusion") if labels[name] == 0)
    present = next(n for n in ("Cardiomegaly", "Edema", "Pleural Effusion") if n != absent)
    for text in (f"no {present.lower()}", absent.lower()):
        app.text_input[0].set_value(text).run()
        sound(app)
        assert "boxes" not in _charts(app)
        assert any("no place" in info.value for info in app.info)


def test_a_prompt_in_another_script_is_taken_with_a_word_of_warning(app: AppTest) -> None:
    app.run()
    app.text_input[0].set_value("𐎀𐎁 𐎂𐎃").run()
    assert not app.exception and not app.error
    assert any("does not know these words" in warning.value for warning in app.warning)


@pytest.mark.parametrize("page", ["home", "zero_shot", "regions", "compare"])
def test_words_that_the_model_does_not_know_get_no_score_unless_it_is_asked_for(
    app: AppTest, page: str
) -> None:
    app.query_params["prompt"] = "a ripe banana"
    sound(_open(app, page))
    said = "This model does not know these words. The nearest known here is"
    assert any(said in warning.value for warning in app.warning)
    assert not _charts(app) & {"scores", "boxes", "regions_film", "word_grid"}
    assert page != "compare" or not any(METHODS["lrclr"].about in c.value for c in app.caption)
    labelled(app.toggle, "Go on all the same").set_value(True).run()
    sound(app)
    assert any(said in warning.value for warning in app.warning)
    scored = {"home": {"scores"}, "zero_shot": {"scores"},
              "regions": {"regions_film", "word_grid"}, "compare": set()}  # fmt: skip
    assert scored[page] <= _charts(app)
    assert page != "compare" or any(METHODS["lrclr"].about in c.value for c in app.caption)
    box = next(box for box in app.text_input if box.value == "a ripe banana")
    box.set_value("left pleural effusion").run()
    assert not any(said in warning.value for warning in app.warning)


def test_regions_of_a_text_without_a_place_are_shown_where_they_are_asked_for(
    app: AppTest,
) -> None:
    app.query_params["prompt"] = "no pneumothorax"
    sound(_open(app, "regions"))
    assert not _charts(app) & {"regions_film", "word_grid"}
    labelled(app.toggle, "Show its regions all the same").set_value(True).run()
    sound(app)
    assert {"regions_film", "word_grid"} <= _charts(app)


def test_a_search_for_words_that_the_model_does_not_know_says_so(app: AppTest) -> None:
    app.query_params["prompt"] = "a ripe banana"
    sound(_open(app, "search"))
    assert any("does not know these words" in warning.value for warning in app.warning)
    assert any(caption.value.startswith("cosine") for caption in app.caption)  # found all the same


def _png() -> bytes:
    film = np.random.default_rng(0).integers(0, 255, (300, 240), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(film).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("page", ["home", "zero_shot", "case"])
def test_a_film_among_drawings_is_said_to_stand_among_drawings(app: AppTest, page: str) -> None:
    _open(app, page)
    caution = "Those are drawings and this is none"
    assert not any(caution in said.value for said in app.caption)
    app.file_uploader[0].set_value(("film.png", _png(), "image/png")).run()
    assert any(caution in said.value for said in app.caption)


@pytest.mark.parametrize("page", ["home", "zero_shot", "regions", "compare"])
def test_an_uploaded_film_is_the_current_study_on_every_page(app: AppTest, page: str) -> None:
    _open(app, page)
    assert not app.file_uploader[0].allowed_type  # DICOM often comes without a suffix
    app.file_uploader[0].set_value(("film.png", _png(), "image/png")).run()
    sound(app)
    assert isinstance(session_of(app).upload, UploadedSet)
    assert not [box for box in app.sidebar.selectbox if box.label == "Study"]


def test_a_damaged_upload_is_one_sentence_and_the_study_stays(app: AppTest) -> None:
    app.run()
    app.file_uploader[0].set_value(("x.png", b"\x89PNG\r\n\x1a\nrest", "image/png")).run()
    assert not app.exception
    assert "x.png is damaged" in app.error[0].value
    assert session_of(app).upload is None and session_of(app).row == 2


def test_a_kept_calibration_is_shown_with_its_set(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRCLR_CALIBRATIONS", str(tmp_path))
    told = {"prompts": "", "method": "sigmoid", "n": 40, "positives": 9, "knots": [-9.0, 9.0]}
    told |= {"probability": [0.12, 0.12], "low": [0.08, 0.08], "high": [0.17, 0.17]}
    told["fitted_on"] = {"spec": "phantom:val", "fingerprint": "f", "n": 40, "patients": 31}
    made = Calibration.from_json("Edema", told)
    model_hash = load_predictor("demo").model_hash
    keep_calibrations(
        calibration_file("demo", model_hash), {"Edema": made}, model_hash, "lrclr",
        default_prompts(),
    )  # fmt: skip
    _open(app, "zero_shot")
    table = next(one.value for one in app.dataframe if "Probability" in one.value)
    shown = dict(zip(table["Finding"], table["Probability"], strict=True))
    assert shown.pop("Edema") == "12 % [8, 17]" and set(shown.values()) == {""}
    assert any("40 films of 31 patients (phantom:val)" in line.value for line in app.caption)


def test_editing_prompts_can_be_undone_and_reset(app: AppTest) -> None:
    _open(app, "zero_shot")
    edited = default_prompts().with_finding(
        "Fracture", FindingPrompts(("broken rib",), ("intact ribs",))
    )
    first = edited.without_finding("Edema")
    app.session_state[KEY] = replace(
        session_of(app), prompts=edited, prompt_history=(default_prompts(), first)
    )
    sound(app.run())
    for before in (first, default_prompts()):  # step by step, to where it began
        labelled(app.button, "Undo").click().run()
        assert session_of(app).prompts == before
    assert labelled(app.button, "Undo").disabled
    labelled(app.button, "Templates {} / no {}").click().run()
    assert session_of(app).prompts["Edema"].negative[0].lower() == "no edema"
    labelled(app.button, "Defaults").click().run()
    sound(app)
    assert session_of(app).prompts == default_prompts()



def test_a_set_that_is_none_is_one_sentence_and_the_last_good_one_stays(app: AppTest) -> None:
    app.run()
    labelled(app.sidebar.selectbox, "Study set").select("another set").run()
    labelled(app.sidebar.text_input, "Set").set_value("phantom:n=0").run()
    assert not app.exception
    assert "whole number" in app.error[0].value
    assert session_of(app).study_set == SET


def _manifest(folder: Path, header: str, *rows: str) -> str:
    film = np.random.default_rng(0).integers(0, 255, (80, 80), dtype=np.uint8)
    for name in ("a.png", "b.png"):
        Image.fromarray(film).save(folder / name)
    (folder / "set.csv").write_text("\n".join([header, *rows]))
    return str(folder / "set.csv")


def _choose_set(app: AppTest, spec: str) -> None:
    labelled(app.sidebar.selectbox, "Study set").select("another set").run()
    labelled(app.sidebar.text_input, "Set").set_value(spec).run()


def test_rows_that_cannot_be_used_are_said_as_long_as_the_set_is_open(
    app: AppTest, tmp_path: Path
) -> None:
    _open(app, "compare")
    _choose_set(app, _manifest(tmp_path, "id,image,Edema", "1,a.png,1", "2,b.png,0", "3,c.png,1"))
    for _ in range(2):
        sound(app)
        assert any("1 row cannot be used. Row 4: c.png" in w.value for w in app.warning)
        app.run()
    assert any("Learned from films of one hospital" in caption.value for caption in app.caption)


def test_a_set_without_labels_still_scores_a_free_text(app: AppTest, tmp_path: Path) -> None:
    _open(app, "zero_shot")
    _choose_set(app, _manifest(tmp_path, "id,image", "1,a.png", "2,b.png"))
    assert not app.exception
    assert len(app.error) == 1 and "choose a set with label columns" in app.error[0].value
    assert any("other films of" in caption.value for caption in app.caption)


def test_a_set_whose_studies_score_alike_has_no_gallery(app: AppTest, tmp_path: Path) -> None:
    _open(app, "regions")
    _choose_set(app, _manifest(tmp_path, "id,image,Edema", "1,a.png,1", "2,b.png,0"))
    assert not app.exception
    assert "score alike" in app.error[0].value


def test_a_study_of_the_set_is_not_compared_with_itself() -> None:
    phantoms, upload = open_studies(SET), UploadedSet("x", _png())
    assert Current(phantoms, 2).row_in_set == 2 and Current(upload, 0).row_in_set is None


def test_a_gallery_card_makes_its_study_the_current_one(app: AppTest) -> None:
    _open(app, "regions")
    app.selectbox(key="gallery_kind").select("all").run()
    assert any("called positive" in line.value for line in app.markdown)
    # A caption's faded text takes coloured words below AA.
    assert not [line.value for line in app.caption if "[wrong]" in line.value]
    assert not [line.value for line in app.caption if "[right]" in line.value]
    card = next(b for b in app.button if str(b.key).startswith("open_"))
    row = int(str(card.key).removeprefix("open_"))
    card.click().run()
    sound(app)
    assert session_of(app).row == row


def test_the_page_of_runs_shows_the_command_and_refuses_a_bad_name(app: AppTest) -> None:
    _open(app, "finetune")
    assert "python -m core finetune --config lrclr --model" in app.code[0].value
    labelled(app.text_input, "Name").set_value("../elsewhere")
    labelled(app.button, "Start").click().run()
    assert not app.exception
    assert "cannot name a run" in app.error[0].value


def _ended(folder: Path, name: str, scores: list[float]) -> None:
    """A run that ended, with a check for each score."""
    run = folder / name
    run.mkdir(parents=True)
    (run / "command.json").write_text(json.dumps({"command": ["x"]}))
    (run / "status.json").write_text(json.dumps({"status": "finished"}))
    told: list[dict[str, Any]] = [
        {"kind": "step", "step": 10, "steps": 10, "loss": 1.0, "terms": {"global": 1.0},
         "seconds": 60.0, "left": 0.0, "images_per_second": 40.0, "waiting": 0.25,
         "memory": 3 * 2**30}
    ]  # fmt: skip
    for step, score in enumerate(scores):
        names = ("global", "local", "positive", "lrclr")
        told.append(
            {"kind": "check", "step": 10 * step, "score": score, "pointing": 0.5,
             "same_first": 0.1, "auc": dict.fromkeys(names, score),
             "auc_by_finding": {n: {"Edema": score} for n in names},
             "pointing_by_finding": {}}
        )  # fmt: skip
    (run / "log.jsonl").write_text("\n".join(map(json.dumps, told)))


def test_a_run_that_forgot_says_so_and_what_it_cost(app: AppTest, tmp_path: Path) -> None:
    _ended(tmp_path / "runs", "worse", [0.97, 0.8])
    sound(_open(app, "finetune"))
    assert [w.value for w in app.warning if "Forgetting: the mean AUC is 0.800" in w.value]
    line = next(c.value for c in app.caption if c.value.startswith("Step 10 of 10"))
    assert "3.0 GB of memory, 25 % of the time waiting for data" in line


def test_a_run_that_was_started_is_watched_and_the_next_has_another_name(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(name: str, arguments: list[str]) -> Run:
        _ended(tmp_path / "runs", name, [0.5])
        return Run(tmp_path / "runs" / name)

    monkeypatch.setattr("explorer.runs.form.start_run", start)
    _open(app, "finetune")
    labelled(app.text_input, "Name").set_value("first")
    labelled(app.button, "Start").click().run()
    sound(app)
    assert labelled(app.selectbox, "Run").value == "first"
    assert labelled(app.text_input, "Name").value != "first"


def test_a_model_of_another_architecture_is_one_sentence_and_the_last_one_stays(
    app: AppTest, tmp_path: Path
) -> None:
    torch.save({"layer.weight": torch.zeros(2)}, tmp_path / "resnet.pt")
    app.run()
    labelled(app.sidebar.selectbox, "Model").select("another model").run()
    labelled(app.sidebar.text_input, "Any model").set_value(f"openai:{tmp_path}/resnet.pt").run()
    assert not app.exception
    assert len(app.error) == 1 and "resnet.pt" in app.error[0].value
    assert session_of(app).model == "demo"


def test_a_model_that_was_written_anew_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path))
    sizes = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
    hashes = []
    for seed in (0, 1):  # as a run does at every check
        torch.manual_seed(seed)
        model = LRCLR(CompactBackbone(sizes), LRCLRConfig(added_layers=False))
        save_model(model, tmp_path / "run")
        hashes += [cache.predictor("run").model_hash, cache.predictor("run").model_hash]
    assert hashes[0] == hashes[1] != hashes[2] == hashes[3]


def test_a_preset_is_edited_saved_and_used_and_a_bad_one_is_refused(app: AppTest) -> None:
    _open(app, "finetune")
    app.text_area(key="toml_lrclr").set_value("[schedule]\nsteps = 0")
    labelled(app.button, "Save").click().run()
    assert not app.exception and "steps must be at least 1" in app.error[0].value
    assert app.text_area(key="toml_lrclr").value == "[schedule]\nsteps = 0"  # nothing is lost
    app.text_area(key="toml_lrclr").set_value("# Mine.\n[schedule]\nsteps = 30\n")
    app.text_input(key="as_lrclr").set_value("mine")
    labelled(app.button, "Save").click().run()
    sound(app)
    assert app.selectbox(key="preset").value == "mine"
    assert labelled(app.number_input, "Steps").value == 30
    assert "--config mine" in app.code[0].value
    app.text_area(key="toml_mine").set_value("# Mine.\n[schedule]\nsteps = 60\n")
    labelled(app.button, "Save").click().run()
    sound(app)
    assert labelled(app.number_input, "Steps").value == 60  # the form goes by what was saved last
    labelled(app.button, "Remove").click().run()
    sound(app)
    assert "mine" not in app.selectbox(key="preset").options


def test_a_second_run_is_queued_and_a_waiting_one_can_be_taken_out(
    app: AppTest, tmp_path: Path
) -> None:
    for name, status in (("first", "running"), ("second", "queued")):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        process = psutil.Process()
        told = {"pid": process.pid, "created": process.create_time(), "submitted": len(status)}
        (folder / "pid.json").write_text(json.dumps(told))
        (folder / "status.json").write_text(json.dumps({"status": status}))
        (folder / "command.json").write_text(json.dumps({"command": ["x"]}))
    _open(app, "finetune")
    labelled(app.selectbox, "Run").select("second").run()
    sound(app)
    labelled(app.button, "Take out of the queue").click().run()
    assert (tmp_path / "runs" / "second" / "stop").is_file()
    labelled(app.selectbox, "Run").select("first").run()
    labelled(app.button, "Pause").click().run()
    assert (tmp_path / "runs" / "first" / "stop").read_text() == "pause"


def _search(app: AppTest, by: str) -> AppTest:
    _open(app, "search")
    app.button_group(key="search_by").set_value(by).run()
    sound(app)
    return app


@pytest.mark.parametrize("by", ["A text", "This study", "A box on it"])
def test_search_shows_others_and_a_click_opens_one(app: AppTest, by: str) -> None:
    _search(app, by)
    app.number_input(key="search_top").set_value(3).run()
    found = [button for button in app.button if str(button.key).startswith("found_")]
    assert len(found) == 3
    rows = [int(str(button.key).removeprefix("found_")) for button in found]
    assert by == "A text" or 2 not in rows  # the study itself is no answer
    found[1].click().run()
    sound(app)
    assert session_of(app).row == rows[1]


def test_shards_are_a_study_set_on_every_page(app: AppTest, tmp_path: Path) -> None:
    studies = open_studies(SET)
    options = EmbedOptions(precision="fp32", workers=0)
    embed(cache.predictor("demo"), studies, tmp_path / "a", options)
    app.run()
    labelled(app.sidebar.selectbox, "Study set").select("another set").run()
    labelled(app.sidebar.text_input, "Set").set_value(f"shards:{tmp_path / 'a'}").run()
    for page in ("home", "zero_shot", "regions", "search"):
        sound(app.switch_page(f"../pages/{page}.py").run())
    assert any("Nearest of 14 studies" in caption.value for caption in app.caption)


def test_compare_offers_whatever_method_there_is(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    even = replace(METHODS["centre"], title="Even", about="Everywhere the same.")
    monkeypatch.setitem(METHODS, "even", even)
    sound(_open(app, "compare"))
    fourth = labelled(app.selectbox, "Fourth map")
    shown = {text.value.strip("*") for text in app.markdown}
    assert {*fourth.options, *shown} >= {method.title for method in METHODS.values()}
    fourth.select("even").run()
    sound(app)
    assert "Everywhere the same." in {caption.value for caption in app.caption}
