"""The commands as a terminal user types them: figures, files, and refusals in one sentence."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core import __version__
from core.backbones.compact import CompactBackbone, CompactConfig
from core.cli import app
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies

COMMANDS = [str(command.name) for command in app.registered_commands]
SET = "phantom:n=24,seed=3,size=64"


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    """An untrained compact model on disk."""
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, depth=2, heads=2,
                           text_depth=1, embed_dim=32)  # fmt: skip
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), folder)
    return str(folder)


@pytest.fixture
def radiograph(tmp_path) -> Path:
    path = tmp_path / "film.png"
    Image.fromarray(open_studies("phantom:n=1,seed=3").image(0).astype(np.uint8)).save(path)
    return path


def test_help_lists_the_commands(run):
    code, out, _ = run("--help")
    assert len(COMMANDS) > 12
    assert code == 0 and all(f" {command} " in out for command in COMMANDS)
    for command in COMMANDS:
        assert run(command, "--help")[0] == 0


def test_the_version_is_said_by_both_names():
    """`lrclr-explorer` starts the app where it is given no command: not here."""
    for module in ("core", "lrclr_explorer"):
        done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True,
                              text=True, timeout=120)  # fmt: skip
        assert (done.returncode, done.stdout) == (0, f"{__version__}\n"), done.stderr


def test_evaluate_writes_its_figures(run, model, tmp_path):
    path = tmp_path / "figures.json"
    arguments = ("evaluate", "--model", model, "--data", SET, "--n-bootstrap", 20, "--json", path)
    code, out, _ = run(*arguments)
    figures = json.loads(path.read_text())
    assert code == 0 and figures["n"] == 24 and {"n", "mean_auc", "findings"} <= set(figures)
    assert "Pneumothorax" in figures["findings"] and "Pneumothorax" in out
    run(*arguments)
    assert json.loads(path.read_text()) == figures


def test_evaluate_takes_prompts(run, model, tmp_path):
    prompts, path = tmp_path / "prompts.json", tmp_path / "figures.json"
    chosen = {"Edema": {"positive": ["pulmonary edema"], "negative": ["no pulmonary edema"]}}
    prompts.write_text(json.dumps(chosen))
    code, _, _ = run("evaluate", "--model", model, "--data", SET, "--prompts", prompts,
                     "--n-bootstrap", 20, "--json", path)  # fmt: skip
    assert code == 0 and set(json.loads(path.read_text())["findings"]) == {"Edema"}


def test_localize_writes_its_figures(run, model, tmp_path):
    path = tmp_path / "figures.json"
    methods = "lrclr,gradcam,random,oracle"
    code, out, _ = run("localize", "--model", model, "--data", SET, "--methods", methods,
                       "--n-bootstrap", 20, "--json", path)  # fmt: skip
    figures = json.loads(path.read_text())
    assert code == 0 and "oracle" in out
    assert list(figures["methods"]) == ["lrclr", "gradcam", "random", "oracle"]
    assert set(figures["methods"]["lrclr"]) == {
        "pointing_game", "energy", "cnr", "iou", "dice",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["lrclr", "gradcam"])
def test_explain_draws_a_picture(run, model, radiograph, tmp_path, method):
    out = tmp_path / "map.any"
    code, said, _ = run("explain", "--model", model, "--image", radiograph, "--method", method,
                        "--prompt", "left pleural effusion", "--out", out)  # fmt: skip
    assert code == 0 and "cosine" in said and "not a probability" in said
    with Image.open(out) as picture:
        assert picture.format == "PNG" and picture.width == 768 < picture.height
        pixels = np.asarray(picture)[:768]
    assert (pixels.max(axis=2) > pixels.min(axis=2)).any()  # colour on a grey film


def test_phantom_writes_a_study_set(run, tmp_path):
    code, out, _ = run("phantom", "--n", 5, "--seed", 3, "--size", 64, "--out", tmp_path / "set")
    assert code == 0 and "manifest.csv" in out
    written = open_studies(str(tmp_path / "set" / "manifest.csv"))
    assert len(written) == 5
    drawn = open_studies("phantom:n=5,seed=3,size=64")
    assert [written.study(row).labels for row in range(5)] == [
        drawn.study(row).labels for row in range(5)
    ]
    np.testing.assert_array_equal(written.image(2), drawn.image(2))
    for name, mask in drawn.masks(2).items():
        np.testing.assert_array_equal(written.masks(2)[name], mask)


def test_finetune_leaves_a_run_that_is_a_model(run, model, tmp_path):
    out = tmp_path / "run"
    small = ("--data", "phantom:train,n=12,size=64", "--check-data", "phantom:val,n=8,size=64",
             "--batch-size", 4)  # fmt: skip
    code, said, _ = run("finetune", "--model", model, "--out", out, "--steps", 2, *small,
                        "--scorer", "product", "--match-weight", 0)  # fmt: skip
    assert code == 0 and str(out) in said
    assert json.loads((out / "status.json").read_text()) == {"status": "finished"}
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert {"progress", "start", "step", "check"} <= {line["kind"] for line in lines}
    steps = [line for line in lines if line["kind"] == "step"]
    assert set(steps[-1]["terms"]) == {"global", "local"}
    config = json.loads((out / "config.json").read_text())["lrclr"]
    assert config["scorer"] == "product" and config["k"] == 3  # the rest as the model had it
    assert run("evaluate", "--model", out, "--data", SET, "--n-bootstrap", 5)[0] == 0


def test_a_run_that_is_refused_says_so_in_its_status(run, model, tmp_path):
    code, _, err = run("finetune", "--model", model, "--out", tmp_path / "run", "--scorer", "best")
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert code == 2 and "scorer" in err
    assert status["status"] == "failed" and "scorer 'best'" in status["error"]


@pytest.mark.slow
def test_pretrain_writes_a_model(run, tmp_path):
    out = tmp_path / "base"
    code, _, _ = run("pretrain", "--out", out, "--data", "phantom:train,n=8,size=64", "--steps", 1,
                     "--batch-size", 4, "--check-data", "phantom:val,n=8,size=64")  # fmt: skip
    assert code == 0 and (out / "model.safetensors").is_file() and (out / "log.jsonl").is_file()


EXPLAIN = ["explain", "--image", "film.png", "--prompt", "edema", "--out", "out.png"]
REFUSALS: dict[str, list[str]] = {
    "no model": ["evaluate", "--model", "nothing"],
    "no set": ["evaluate", "--data", "nothing"],
    "a set of nothing": ["evaluate", "--data", "phantom:n=0"],
    "a manifest without its columns": ["evaluate", "--data", "manifest.csv"],
    "prompts of another shape": ["evaluate", "--prompts", "bad.json"],
    "no prompts": ["evaluate", "--prompts", "no.json"],
    "no labels": ["evaluate", "--data", "films"],
    "no truth": ["localize", "--data", "films"],
    "no such method": ["localize", "--methods", "best"],
    "figures to nowhere": ["evaluate", "--json", "no/figures.json"],
    "a picture to nowhere": [*EXPLAIN, "--out", "no/out.png"],
    "a folder as picture": [*EXPLAIN, "--out", "films"],
    "an empty image": [*EXPLAIN, "--image", "empty.png"],
    "no image": [*EXPLAIN, "--image", "no.png"],
    "text as image": [*EXPLAIN, "--image", "bad.json"],
    "an empty prompt": [*EXPLAIN, "--prompt", " "],
    "a long prompt": [*EXPLAIN, "--prompt", "a " * 400],
    "no method to explain": [*EXPLAIN, "--method", "best"],
    "a file as run": ["finetune", "--out", "film.png"],
    "no steps": ["finetune", "--out", "run", "--steps", "0"],
}


@pytest.mark.parametrize("what", REFUSALS)
def test_bad_input_is_one_sentence_and_exit_code_2(
    run, model, radiograph, tmp_path, monkeypatch, what
):
    monkeypatch.chdir(tmp_path)
    Path("films").mkdir()
    shutil.copy(radiograph, "films")
    Path("empty.png").touch()
    Path("bad.json").write_text('{"Edema": {"positive": "edema"}}')
    Path("manifest.csv").write_text("id,file\n1,a.png\n")
    arguments = REFUSALS[what]
    code, _, err = run(*arguments, *([] if "--model" in arguments else ["--model", model]))
    assert code == 2
    assert err.startswith("Error: ") and err.count("\n") == 1 and len(err) > 30


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["fetch", "mimic", "--root", "sets"], "open-i"),
     (["import", "--data", "none", "--out", "set"], "nothing to import"),
     (["import", "--data", "t.csv", "--out", "set", "--map", "image=path"], "no column 'path'"),
     (["import", "--data", "t.csv", "--out", "set"], "None of the 1 files")],
)  # fmt: skip
def test_what_cannot_be_fetched_or_imported_is_one_sentence(
    run, tmp_path, monkeypatch, arguments, word
):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("id,file\n1,a.png\n")
    code, _, err = run(*arguments)
    assert code == 2 and err.startswith("Error: ") and err.count("\n") == 1 and word in err
    assert not Path("set").exists()


@pytest.mark.parametrize("arguments", [("bogus",), ("evaluate", "--bogus"), ("phantom",),
                                       ("evaluate", "--seed", "x"), ("explain",)])  # fmt: skip
def test_wrong_usage_is_exit_code_2(run, arguments):
    assert run(*arguments)[0] == 2


def test_the_module_runs_as_a_process():
    done = subprocess.run([sys.executable, "-m", "core", "evaluate", "--model", "nothing"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("Error: There is no model 'nothing'")
    assert len(done.stderr.splitlines()) == 1


def test_runs_are_listed_and_compared(run, model, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    code, out, _ = run("runs")
    assert code == 0 and "no run yet" in out
    for name, rate in (("slow", 1e-4), ("fast", 1e-3)):
        code, _, said = run(
            "finetune", "--model", model, "--data", "phantom:train,n=8,size=64", "--check-data",
            "phantom:val,n=12,size=64", "--steps", 2, "--batch-size", 4, "--learning-rate", rate,
            "--out", tmp_path / "runs" / name,
        )  # fmt: skip
        assert code == 0, said
    code, out, _ = run("runs", "slow", "fast", "--json", tmp_path / "runs.json")
    assert code == 0 and "schedule.learning_rate" in out and "No Finding" in out
    told = json.loads((tmp_path / "runs.json").read_text())
    assert [each["name"] for each in told["runs"]] == ["slow", "fast"]
    assert told["differing"] == {"schedule.learning_rate": [1e-4, 1e-3]}
    code, _, said = run("runs", "slower")
    assert code == 2 and "slow" in said


def test_what_a_set_leaves_out_is_said(run, model, radiograph):
    rows = "".join(f"{n},film.png,{'maybe' if n else 1}\n" for n in range(2)) + "".join(
        f"x{n},gone.png,1\n" for n in range(7)
    )
    (radiograph.parent / "m.csv").write_text(f"id,image,Edema\n{rows}")
    code, _, told = run("evaluate", "--model", model, "--data", radiograph.parent / "m.csv")
    assert "Note: Row 4: gone.png is not there." in told
    assert "and 3 more like these" in told and code in (0, 2)


def test_laterals_are_not_scored_in_silence(run, model, tmp_path):
    for name, seed in (("a", 1), ("b", 2), ("c", 3), ("d", 4)):
        film = np.random.default_rng(seed).integers(0, 255, (80, 80), dtype=np.uint8)
        Image.fromarray(film).save(tmp_path / f"{name}.png")
    rows = ["id,image,view,Edema", "a,a.png,PA,1", "b,b.png,L,0", "c,c.png,AP,0", "d,d.png,LL,1"]
    (tmp_path / "set.csv").write_text("\n".join(rows))
    code, _, said = run("evaluate", "--model", model, "--data", tmp_path / "set.csv",
                        "--n-bootstrap", 5)  # fmt: skip
    assert code == 0 and "2 of 4 studies are laterals" in said
    assert any("lateral" in note for note in open_studies(str(tmp_path / "set.csv")).notes(1))
