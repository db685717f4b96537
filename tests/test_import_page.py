"""The page that imports, and what is left of planted identifiers after the set was used."""

import json
from dataclasses import replace
from pathlib import Path

import planted
import pytest
import torch
from app_driver import labelled, sound
from planted import leaks
from streamlit.testing.v1 import AppTest
from test_broken_files import broken_set
from typer.testing import CliRunner

from core.backbones.compact import CompactBackbone, CompactConfig
from core.cli import app as commands
from core.intake import open_source
from core.intake.job import ImportJob
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ROOT
from explorer.shared.state import KEY


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `in`, to import, and a small model as a run."""
    for name in ("cache", "runs", "presets", "sets"):
        monkeypatch.setenv(f"LRCLR_{name.upper()}", str(tmp_path / name))
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, depth=2, heads=2,
                           text_depth=1, embed_dim=32)  # fmt: skip
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), tmp_path / "runs" / "small")
    (tmp_path / "runs" / "small" / "command.json").write_text(json.dumps({"command": ["x"]}))
    (tmp_path / "in").mkdir()
    return tmp_path


@pytest.fixture
def page(place: Path) -> AppTest:
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    test.query_params.update({"set": "phantom:n=4,seed=5", "model": "small"})
    test.run()
    return test.switch_page("../pages/import_data.py").run()


def _by_path(page: AppTest) -> None:
    page.button_group(key="import_where").set_value("On this computer, by its path").run()


def _enter(page: AppTest, data: Path, out: Path) -> None:
    _by_path(page)
    labelled(page.text_input, "Data on this computer").set_value(str(data)).run()
    labelled(page.text_input, "New folder of the set").set_value(str(out)).run()


def _finish(page: AppTest) -> None:
    labelled(page.button, "Import").click().run()
    page.session_state[KEY].import_job.wait(120)
    page.run()


def test_identifiers_reach_no_file_no_output_and_no_address(
    page: AppTest, place: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _enter(page, planted.tree(place / "in"), place / "out")
    assert labelled(page.button, "Import").disabled  # no column is known to hold the images
    for field, column in {"image": "Datei", "text": "Befund", "patient_id": "Fallnummer",
                          "view": "Blickrichtung"}.items():  # fmt: skip
        labelled(page.selectbox, field).select(column).run()
    labelled(page.selectbox, "Pleural Effusion").select("Erguss").run()
    sound(page)
    _finish(page)
    sound(page)
    assert "10 studies imported, 2 files left out" in page.success[0].value
    assert any("Ostertag_broken.png" in table.value.to_csv() for table in page.dataframe)
    manifest = place / "out" / "manifest.csv"
    assert page.session_state[KEY].study_set == str(manifest)
    for name in ("home", "zero_shot", "regions", "compare"):
        page.switch_page(f"../pages/{name}.py").run()
        assert not page.exception
        shown = [str(e.value) for kind in ("markdown", "caption", "warning", "error", "selectbox")
                 for e in page.get(kind)]  # fmt: skip
        assert not leaks(said="\n".join(shown))
    assert "set" not in page.query_params and "study" not in page.query_params
    figures = place / "exported.json"
    for command in ("evaluate", "localize"):
        done = CliRunner().invoke(
            commands, [command, "--model", str(place / "runs" / "small"), "--data", str(manifest),
                       "--n-bootstrap", "10", "--json", str(figures)]
        )  # fmt: skip
        assert (done.exit_code == 0) == (command == "evaluate"), done.output
        assert not leaks(said=done.output + str(done.exception))
    assert figures.is_file() and list((place / "cache" / "encodings").iterdir())
    said = capfd.readouterr()
    everything = said.out + said.err + caplog.text + str(page.query_params)
    assert not leaks(place / "out", place / "cache", place / "runs", figures, said=everything)


def test_the_command_does_the_same_and_prints_no_name(place: Path) -> None:
    table = planted.tree(place / "in")
    arguments = ["import", "--data", str(table), "--out", str(place / "out"), "--report",
                 str(place / "report.csv"), "--map", "image=Datei,text=Befund"]  # fmt: skip
    done = CliRunner().invoke(commands, arguments)
    assert done.exit_code == 0, done.output
    assert "10 studies" in done.output and "2 left out" in done.output
    assert not leaks(place / "out", said=done.output.replace(str(place), ""))
    told = (place / "report.csv").read_text()
    assert "Ostertag_broken.png,left out,The file is damaged" in told
    again = CliRunner().invoke(commands, arguments)
    assert "not empty" in str(again.exception)


def test_what_was_entered_outlives_a_change_of_page(page: AppTest, place: Path) -> None:
    _enter(page, planted.tree(place / "in"), place / "out")
    labelled(page.selectbox, "image").select("Datei").run()
    page.switch_page("../pages/finetune.py").run()
    page.switch_page("../pages/import_data.py").run()
    assert labelled(page.text_input, "New folder of the set").value == str(place / "out")
    assert labelled(page.selectbox, "image").value == "Datei"
    assert "image=Datei" in page.code[0].value


def test_what_cannot_be_imported_is_one_sentence_and_the_form_stays(
    page: AppTest, place: Path
) -> None:
    _by_path(page)
    labelled(page.text_input, "Data on this computer").set_value(str(place / "nothing.csv")).run()
    assert not page.exception and "nothing to import" in page.error[0].value
    _enter(page, place / "in", place / "out")
    _finish(page)
    assert not page.exception and "None of the 0 files" in page.error[0].value
    assert labelled(page.text_input, "Data on this computer").value == str(place / "in")


def test_an_import_that_is_stopped_leaves_nothing(place: Path) -> None:
    planted.tree(place / "in")
    job = ImportJob(open_source(place / "in"), place / "out", {})
    job.stop()
    job.wait(120)
    assert not job.running and job.error == "" and job.report is None
    assert not list(place.glob("out*"))


def test_pages_say_which_studies_of_a_set_were_left_out(page: AppTest, place: Path) -> None:
    broken_set(place / "in")
    manifest = str(place / "in" / "manifest.csv")
    page.session_state[KEY] = replace(page.session_state[KEY], study_set=manifest, row=0)
    for name in ("zero_shot", "home"):
        page.switch_page(f"../pages/{name}.py").run()
        sound(page)
        assert any("1 study left out" in c.value and "s4: 4.png" in c.value for c in page.caption)
    page.switch_page("../pages/regions.py").run()
    sound(page)
    page.session_state[KEY] = replace(page.session_state[KEY], row=4)
    page.switch_page("../pages/home.py").run()
    assert not page.exception and "4.png is damaged" in page.error[0].value
