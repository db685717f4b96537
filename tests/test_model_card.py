"""The model's card, its speed, the command and the page that show them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import torch
from local_hub import serving
from published_models import biomedclip, hf_siglip, native, openai_file, whyxrayclip
from streamlit.testing.v1 import AppTest

from core import health
from core.backbones import catalogue
from core.backbones import hub as core_hub
from core.backbones.known import facts
from core.backbones.registry import names_backbone
from core.cli import main
from core.inference.model_card import (
    _facts_of_run,
    learned_from_drawings,
    model_card,
    where_it_fails,
)
from core.inference.speed import measure_speed
from core.lrclr.checkpoint import load_model, model_notes
from core.paths import ROOT
from explorer.shared.state import KEY


def _card(spec: str) -> dict[str, str]:
    return dict(model_card(load_model(spec), spec).rows())


def test_the_demo_is_described_by_its_own_files() -> None:
    model = load_model("demo")
    card = model_card(model, "demo")
    file = ROOT / "assets" / "demo" / "model.safetensors"
    assert card.files[0].sha256 == sha256(file.read_bytes()).hexdigest()
    assert card.parameters == sum(p.numel() for p in model.parameters())
    assert card.added_parameters > 0 and "NIH ChestX-ray14" in card.facts.trained_on
    assert json.loads(json.dumps(card.to_json()))["input_size"] == 224


def _stage(folder: Path, start: str, data: str, card: str = "") -> str:
    """A model of this project, as far as its own files say what it learned from."""
    folder.mkdir()
    stage = {"finetune": {"model": start, "data": data}}
    (folder / "config.json").write_text(json.dumps({"backbone": {}, "lrclr": {}, "notes": stage}))
    if card:
        (folder / "README.md").write_text(f"---\ndatasets:\n- {card}\n---\n")
    return str(folder)


def test_what_a_model_learned_from_is_what_its_files_say_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path))
    assert learned_from_drawings("demo-base")
    drawn = _stage(tmp_path / "drawn", "demo-base", "phantom:train,n=10")
    assert learned_from_drawings(drawn) and learned_from_drawings("drawn")
    films = _stage(tmp_path / "films", "drawn", "nih:/data,split=train")
    assert not learned_from_drawings(films)
    # What was learned earlier is not forgotten.
    assert not learned_from_drawings(_stage(tmp_path / "again", "films", "phantom:train"))
    assert not learned_from_drawings(_stage(tmp_path / "carded", "demo", "phantom:x", "a/films"))
    assert learned_from_drawings(_stage(tmp_path / "stated", "gone", "phantom:x", "phantom:y"))
    # What does not say is not said to be harmless.
    assert not learned_from_drawings(_stage(tmp_path / "orphan", "gone", "phantom:train"))
    assert not learned_from_drawings(_stage(tmp_path / "loop", "loop", "phantom:train"))
    assert not learned_from_drawings("biomedclip")
    assert not learned_from_drawings(_stage(tmp_path / "list", "demo-base", "phantom:x+films.csv"))


def test_where_a_model_fails_is_what_its_card_says(tmp_path: Path) -> None:
    films = Path(_stage(tmp_path / "films", "demo-base", "films.csv"))
    assert where_it_fails(str(films)) == ""
    (films / "README.md").write_text("# x\n\n## Where it fails\n\nOn\nchildren.\n\nMore.\n\n## y\n")
    assert where_it_fails(str(films)) == "On children."
    assert "drawn phantoms alone" in where_it_fails("demo-base")
    assert ("On real films", where_it_fails("demo-base")) in _card("demo-base").items()


@pytest.mark.parametrize("name", ["demo", "demo-base"])
def test_the_card_of_an_embedded_model_names_what_its_notes_name(name: str) -> None:
    notes = model_notes(ROOT / "assets" / name)
    stage = notes.get("finetune") or notes["pretrain"]
    assert stage["data"] in (ROOT / "assets" / name / "README.md").read_text().split("---")[1]


def test_an_embedded_model_that_saw_films_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.lrclr.folders.ASSETS", tmp_path)
    _stage(tmp_path / "demo", "demo", "phantom:x", "open-i")
    (tmp_path / "demo" / "model.safetensors").write_bytes(b"x")
    assert _facts_of_run("demo", tmp_path / "demo").trained_on == "open-i"


def test_chexzero_is_described_with_its_own_preprocessing(tmp_path: Path) -> None:
    path = openai_file(tmp_path)
    told = _card(f"chexzero:{path}")
    assert told["Mean / std of 0..255"] == "101.5 / 101.5 / 101.5 and 83.4 / 83.4 / 83.4"
    assert told["Resizing"].startswith("first to 320 px by Lanczos")
    assert told["Resizing"].endswith("bicubic without antialias")
    assert "MIMIC-CXR" in told["Trained on"] and "not stated" in told["Licence"]
    assert told[path.name].endswith(sha256(path.read_bytes()).hexdigest())
    openai_file(tmp_path, 1)
    assert "2 checkpoints" in _card(f"chexzero:{tmp_path}")["Ensemble"]


def test_siglip_is_described_and_parameters_are_counted_by_tower(tmp_path: Path) -> None:
    hf_siglip(tmp_path)
    told = _card(str(tmp_path))
    model = load_model(str(tmp_path))
    card = model_card(model, str(tmp_path))
    towers = model.backbone.model
    assert card.image_parameters == sum(p.numel() for p in towers.vision_model.parameters())
    assert card.text_parameters == card.parameters - card.image_parameters
    assert "attention pool, no CLS token" in told["Image tower"]
    assert told["Resizing"].startswith("stretched") and told["Licence"] == "not stated"
    assert told["Tokenizer"] == "SiglipTokenizer, 26 pieces" and told["Context"].startswith("16 ")


def test_the_model_card_beside_the_weights_is_read(tmp_path: Path) -> None:
    native(tmp_path)
    (tmp_path / "README.md").write_text(
        "---\nlicense: apache-2.0\ndatasets:\n- mlfoundations/datacomp_1b\n---\n# A model\n"
    )
    told = _card(str(tmp_path))
    assert told["Licence"] == "apache-2.0 (model card)"
    assert told["Trained on"] == "mlfoundations/datacomp_1b (model card)"
    (tmp_path / "README.md").write_text("---\nlicense: [\n---\n")
    assert _card(str(tmp_path))["Licence"] == "not stated"


def test_speed_is_measured_with_progress() -> None:
    steps: list[tuple[int, int]] = []
    found = measure_speed(load_model("demo"), 0.05, lambda *step: steps.append(step))
    assert found[0].precision == "fp32" and all(each.repetitions >= 1 for each in found)
    assert all(each.images_per_second > 0 and each.ms_per_prompt > 0 for each in found)
    assert steps == [(n + 1, 2 * len(found)) for n in range(2 * len(found))]


def test_speed_follows_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of its own: a busy machine sleeps as long as it likes."""
    clock, model = [0.0], load_model("demo")

    def takes(seconds: float) -> Callable[[object], None]:
        return lambda _: clock.append(clock[-1] + seconds)

    told = SimpleNamespace(perf_counter=lambda: clock[-1])
    monkeypatch.setattr("core.inference.speed.time", told)
    monkeypatch.setattr(model, "encode_image", takes(0.02))
    monkeypatch.setattr(model, "encode_text", takes(0.004))
    found = measure_speed(model, 0.05)
    assert found[0].images_per_second == pytest.approx(8 / 0.02)
    assert found[0].ms_per_prompt == pytest.approx(4) and found[0].repetitions == 3


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["core", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call


def test_the_command_fetches_describes_and_measures(
    command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = huggingface_hub.constants
    with serving() as hub:
        hub.repos["tests/clip"] = native(tmp_path / "repository")
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        out = tmp_path / "card.json"
        code, said, progress = command(
            "model", "--model", "hf-hub:tests/clip", "--speed", "--json", str(out)
        )
    size = sum(file.stat().st_size for file in (tmp_path / "repository").iterdir())
    assert code == 0 and "images/s" in said and "open_clip_model.safetensors" in said
    assert f"Fetching tests/clip, {size / 1e6:.1f} MB, licence: mit" in progress
    assert progress.count(f"{size / 1e6:.1f} of {size / 1e6:.1f} MB") == 1
    figures = json.loads(out.read_text())
    assert figures["speed"][0]["images_per_second"] > 0
    assert core_hub.models_here() == {"hf-hub:tests/clip": pytest.approx(size)}


def test_the_doctor_knows_what_is_here_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))

    def said(what: str) -> tuple[str, str]:
        (found,) = [each for each in health.examine_models() if each.what == what]
        return found.state, found.said

    assert said("Hub models")[0] == "optional" and said("CheXzero")[0] == "optional"
    state, told = said("biomedclip")
    name = "models--microsoft--BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"
    assert state == "optional" and name in told and str(tmp_path) in told
    snapshot = tmp_path / name / "snapshots" / ("a" * 40)
    biomedclip(snapshot, text_files=False)
    (tmp_path / name / "refs").mkdir()
    (tmp_path / name / "refs" / "main").write_text("a" * 40)
    state, told = said("biomedclip")
    assert state == "optional" and "copy models--microsoft--tiny-bert of" in told
    (snapshot / "config.json").write_text("{}")
    assert said("biomedclip")[0] == "ok" and "hf-hub:microsoft/BiomedCLIP" in said("Hub models")[1]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    test.query_params.update({"set": "phantom:n=6,seed=5"})
    yield test


def test_any_published_model_is_chosen_in_the_sidebar_and_shown_on_its_page(
    app: AppTest, tmp_path: Path
) -> None:
    hf_siglip(tmp_path / "siglip")
    app.run()
    app.switch_page("../pages/model.py").run()
    assert not app.exception and "NIH ChestX-ray14" in app.table[0].value.to_string()
    next(box for box in app.sidebar.selectbox if box.label == "Model").select("another model").run()
    field = next(box for box in app.sidebar.text_input if box.label == "Any model")
    field.set_value(f"{tmp_path / 'siglip'}@80").run()
    assert not app.exception and not app.error, app.error
    assert "80 x 80, a grid of 5 x 5" in str(app.table[0].value)
    app.button(key="measure_speed").click().run()
    assert not app.exception
    assert float(app.dataframe[0].value["images/s"][0]) > 0


def test_a_model_that_is_not_here_is_one_sentence_on_the_page(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    app.run()
    next(box for box in app.sidebar.selectbox if box.label == "Model").select("another model").run()
    field = next(box for box in app.sidebar.text_input if box.label == "Any model")
    field.set_value("biomedclip").run()
    assert not app.exception and len(app.error) == 1
    assert "hf download microsoft/BiomedCLIP" in app.error[0].value
    assert app.session_state[KEY].model == "demo"


def test_the_docs_table_of_models_is_the_one_in_the_code() -> None:
    docs = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    inside = docs.split("core.backbones.catalogue` -->\n")[1].split("<!-- end of models -->")[0]
    assert inside == catalogue.table()
    for model in catalogue.CATALOGUE:
        assert model.seconds > 0 and model.millions > 0
        for spec in model.specs:
            assert names_backbone(spec), spec
            if model.repos:
                told = facts(spec)
                assert (told.licence, told.trained_on) == (model.licence, model.trained_on)


def test_the_list_of_published_models_says_what_each_costs_and_fetches_it(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = huggingface_hub.constants
    with serving() as hub:
        hub.repos["yyupenn/whyxrayclip"] = whyxrayclip(tmp_path / "repository")
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        app.run()
        box = next(b for b in app.sidebar.selectbox if b.label == "Model")
        box.select("a published model").run()
        listed = next(b for b in app.sidebar.selectbox if b.label == "Published model")
        assert any("MedSigLIP" in name and "terms to accept" in name for name in listed.options)
        assert "WhyXrayCLIP, 1.7 GB, MIT" in listed.options and len(listed.options) == 14
        listed.select_index(listed.options.index("WhyXrayCLIP, 1.7 GB, MIT")).run()
        assert not hub.asked, "looking at the list fetches nothing"
        assert any("224 px" in said.value for said in app.sidebar.caption)
        # Of a download that was stopped, the page says how to go on; it does not by itself.
        session = app.session_state[KEY]
        app.session_state[KEY] = replace(session, cancelled_fetch="hf-hub:yyupenn/whyxrayclip")
        app.run()
        assert not hub.asked and any("was stopped" in said.value for said in app.sidebar.caption)
        app.sidebar.button(key="open_published").click().run()
    assert not app.exception and not app.error, app.error
    assert app.session_state[KEY].model == "hf-hub:yyupenn/whyxrayclip"
    assert not app.session_state[KEY].cancelled_fetch


def test_a_model_that_the_sidebar_fetches_becomes_the_model(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = huggingface_hub.constants
    with serving() as hub, torch.no_grad():
        hub.repos["tests/clip"] = native(tmp_path / "repository")
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        app.run()
        next(b for b in app.sidebar.selectbox if b.label == "Model").select("another model").run()
        field = next(box for box in app.sidebar.text_input if box.label == "Any model")
        field.set_value("hf-hub:tests/clip").run()
    assert not app.exception and not app.error, app.error
    assert app.session_state[KEY].model == "hf-hub:tests/clip"
    app.run()  # what the cache holds is given again
    assert not app.exception and not app.error
