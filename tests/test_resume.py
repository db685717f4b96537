"""A run that was cut off goes on bit by bit; the best is kept; what cannot be kept says so."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.lrclr.checkpoint import load_model, save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.training.finetune import BEST, finetune
from core.training.settings import FinetuneConfig
from core.training.states import StateFiles

SMALL = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
OPTIONS = ["--data", "phantom:train,n=8", "--check-data", "phantom:val,n=12", "--steps", "14",
           "--batch-size", "4", "--keep", "0.5", "--precision", "fp32", "--k", "4",
           "--ema", "0.9", "--check-every", "5", "--save-every", "3"]  # fmt: skip


@pytest.fixture
def base(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    folder = tmp_path / "base"
    save_model(LRCLR(CompactBackbone(SMALL), LRCLRConfig(added_layers=False)), folder)
    return folder


def _config(base: Path, **changes: Any) -> FinetuneConfig:
    config = FinetuneConfig(
        model=str(base), data="phantom:train,n=8", check_data="phantom:val,n=12",
        check_every=2, save_every=2, lrclr=LRCLRConfig(k=4, fusion_heads=2),
    )  # fmt: skip
    values = {"steps": 6, "batch_size": 4, "precision": "fp32", **changes}
    return replace(config, schedule=replace(config.schedule, **values))


def _told(folder: Path) -> list[dict[str, Any]]:
    """Steps and checks of a log, without what a clock or the machine told."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    clock = {"seconds", "left", "images_per_second", "waiting", "memory"}
    told = [{k: v for k, v in json.loads(line).items() if k not in clock} for line in lines]
    return [line for line in told if line["kind"] in ("step", "check")]


def _start(base: Path, out: Path, *more: str, largest: int = 0) -> subprocess.Popen[bytes]:
    """A run in its own process, which may write no file of more than `largest` bytes."""
    command = [sys.executable, "-m", "core", "finetune", "--model", str(base), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def limit() -> None:
        if largest:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.Popen([*command, *OPTIONS, *more], env=environment, preexec_fn=limit,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip


def _killed_after(state: str, run: subprocess.Popen[bytes], out: Path) -> None:
    deadline = time.monotonic() + 120
    while not list((out / "states").glob(state)):
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()


EVERYTHING = ["--precision", "bf16", "--augment", "1", "--text-augment", "0.5", "--chunk", "2"]


@pytest.mark.parametrize("more", [[], EVERYTHING], ids=["fp32", "bf16 with augmentation"])
def test_a_killed_run_goes_on_to_the_same_curve(
    base: Path, tmp_path: Path, more: list[str]
) -> None:
    """The second time it is cut off by a disk that takes no whole state."""
    whole = _start(base, tmp_path / "whole", *more)
    assert whole.wait(timeout=120) == 0
    _killed_after("step-*3.pt", _start(base, tmp_path / "cut", *more), tmp_path / "cut")
    states = StateFiles(tmp_path / "cut")
    newest = max((tmp_path / "cut" / "states").glob("*.pt"))
    full = _start(base, tmp_path / "cut", *more, "--resume", largest=newest.stat().st_size // 2)
    _, said = full.communicate(timeout=120)
    assert full.returncode == 2 and b"Traceback" not in said
    assert b"Error: " in said and b"--resume" in said, said
    kept = max((tmp_path / "cut" / "states").iterdir())
    assert kept == newest and torch.load(kept, weights_only=True)["step"] >= 3
    assert not list((tmp_path / "cut").rglob(".*.partial")) and states.there
    again = _start(base, tmp_path / "cut", *more, "--resume")
    assert again.wait(timeout=120) == 0
    assert _told(tmp_path / "cut") == _told(tmp_path / "whole")
    first, second = (load_model(str(tmp_path / n)).state_dict() for n in ("cut", "whole"))
    assert all(torch.equal(first[name], second[name]) for name in second)
    assert not (tmp_path / "cut" / "states").exists()  # finished: nothing to go on from


def test_a_stopped_run_keeps_its_state_and_goes_on(base: Path, tmp_path: Path) -> None:
    finetune(_config(base), tmp_path / "whole")
    out = tmp_path / "stopped"
    out.mkdir()
    (out / "stop").touch()
    finetune(_config(base), out)  # stopped before its first step
    (out / "stop").unlink()
    finetune(_config(base), out, resume=True)
    assert _told(out)[-1] == _told(tmp_path / "whole")[-1]


def test_states_of_other_settings_are_refused(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    StateFiles(out, identity="another").save(2, {})
    with pytest.raises(ExplorerError, match="other settings"):
        finetune(_config(base), out, resume=True)


def test_the_last_states_stay_and_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    files = StateFiles(tmp_path, keep=2)
    for step in (1, 2, 3):
        files.save(step, {"rows": [step]})
    paths = sorted((tmp_path / "states").iterdir())
    assert [path.name for path in paths] == ["step-00000002.pt", "step-00000003.pt"]
    paths[-1].write_bytes(b"cut off")
    found = files.load()
    assert found is not None and found["rows"] == [2]


def test_a_full_disk_is_one_sentence_and_the_last_state_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = StateFiles(tmp_path)
    files.save(1, {"rows": [1]})

    def full(values: Any, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(ExplorerError, match="No space left"):
        files.save(2, {"rows": [2]})
    found = files.load()
    assert found is not None and found["rows"] == [1]
    assert not list((tmp_path / "states").glob(".*.partial"))


def test_a_disk_that_is_full_for_a_check_says_so_and_keeps_the_model(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = tmp_path / "run", Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if not path.name.startswith(".model.safetensors.") or not StateFiles(out).there:
            return real(path, data)
        real(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ExplorerError, match="No space left on device.*--resume"):
        finetune(_config(base), out)
    assert load_model(str(out)).config.added_layers and not list(out.glob(".*.partial"))
    assert StateFiles(out).there
    monkeypatch.undo()


def test_the_best_check_is_kept_and_patience_ends_a_run(base: Path, tmp_path: Path) -> None:
    # A learning rate of nothing: the first check stays the best.
    config = _config(base, learning_rate=1e-12, patience=2, steps=40)
    finetune(config, tmp_path / "run")
    told = _told(tmp_path / "run")
    checks = [line for line in told if line["kind"] == "check"]
    assert [line["step"] for line in checks] == [0, 2, 4]
    notes = json.loads((tmp_path / "run" / BEST / "config.json").read_text())["notes"]
    assert notes["step"] == 0 and notes["score"] == max(line["score"] for line in checks)
    assert load_model(str(tmp_path / "run" / BEST)).config.added_layers


def test_averaged_weights_are_what_is_kept(base: Path, tmp_path: Path) -> None:
    plain = finetune(_config(base, learning_rate=1e-2), tmp_path / "plain")
    averaged = finetune(_config(base, learning_rate=1e-2, ema=0.99), tmp_path / "averaged")
    start = load_model(str(base)).backbone.projection.weight
    moved = [(model.backbone.projection.weight - start).norm() for model in (plain, averaged)]
    assert 0 < moved[1] < moved[0]
