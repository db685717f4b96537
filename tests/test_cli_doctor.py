"""The doctor: what is there, what is missing and where to put it."""

import json
import sys

import pytest

from core import health
from core.cli import main


@pytest.fixture
def doctor(monkeypatch, capsys, tmp_path):
    """Runs the doctor on assets in a temporary folder; gives exit code and what it printed."""
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(health, "ASSETS", tmp_path)

    def call() -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["core", "doctor"])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return call


def weights(folder, data=b"weights", stated=None):
    from hashlib import sha256

    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(data)
    stated = stated or sha256(data).hexdigest()
    (folder / "config.json").write_text(json.dumps({"sha256": stated}))


def test_a_whole_installation(doctor, tmp_path):
    weights(tmp_path / "demo")
    weights(tmp_path / "demo-base")
    weights(tmp_path / "runs" / "my-run")
    code, said = doctor()
    assert code == 0 and "MISSING" not in said and "my-run" in said
    for name in ("torch", "streamlit", "JPEG 2000", "MiniLM weights", "browser test", "cache"):
        assert name in said


def test_missing_weights_have_a_place_and_a_command(doctor, tmp_path):
    weights(tmp_path / "demo-base")
    code, said = doctor()
    (line,) = [line for line in said.splitlines() if line.startswith("MISSING")]
    assert code == 1 and "model demo " in line
    assert str(tmp_path / "demo") in line and "python -m core finetune" in line


@pytest.mark.parametrize("damage", ["weights", "config", "no weights"])
def test_damaged_weights_are_told_apart(tmp_path, damage):
    folder = tmp_path / "demo"
    weights(folder, stated="0" * 64 if damage == "weights" else None)
    if damage == "config":
        (folder / "config.json").write_text("{")
    if damage == "no weights":
        (folder / "model.safetensors").unlink()
    found = health.model_files(folder)
    assert found.state == "missing"
    assert ("SHA-256" in found.said) == (damage == "weights")


def test_absent_and_broken_packages_are_told_apart(monkeypatch):
    broken = {"nowhere-to-be-found": "nowhere", "numpy": "no_such_module_of_numpy"}
    monkeypatch.setattr(health, "PACKAGES", broken)
    absent, unfit = health._packages()
    assert absent.state == unfit.state == "missing"
    assert "not installed" in absent.said and "broken" in unfit.said


def test_what_is_optional_does_not_fail(doctor, tmp_path, monkeypatch):
    weights(tmp_path / "demo")
    weights(tmp_path / "demo-base")
    monkeypatch.setenv("CXR_DATA", str(tmp_path))
    monkeypatch.setattr(health.shutil, "which", lambda name: None)
    code, said = doctor()
    assert code == 0 and "CXR_DATA" in said and "needs chromium" in said
