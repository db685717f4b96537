"""A run that was cut off goes on bit by bit; the best is kept; what cannot be kept says so."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
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

pytestmark = pytest.mark.slow
SMALL = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
OPTIONS = ["--data", "phantom:train,n=8,size=64", "--check-data", "phantom:val,n=12,size=64",
           "--steps", "14", "--batch-size", "4", "--keep", "0.5", "--precision", "bf16",
           "--augment", "1", "--text-augment", "0.5", "--chunk", "2", "--k", "4", "--ema", "0.9",
           "--check-every", "5", "--save-every", "3"]  # fmt: skip


@pytest.fixture
def base(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    folder = tmp_path / "base"
    save_model(LRCLR(CompactBackbone(SMALL), LRCLRConfig(added_layers=False)), folder)
    return folder


def _config(base: Path, **changes: Any) -> FinetuneConfig:
    config = FinetuneConfig(
        model=str(base), data="phantom:train,n=8,size=64", check_data="phantom:val,n=12,size=64",
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


def _start(command: list[str], largest: int = 0) -> subprocess.Popen[bytes]:
    """A run in a process of its own, which may write no file of more than `largest` bytes."""

    def limit() -> None:
        if largest:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.Popen([sys.executable, "-m", "core", *command], preexec_fn=limit,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, said = process.communicate(timeout=600)
    return process.returncode, said.decode()


def _killed_after(state: str, command: list[str], out: Path) -> None:
    """Start a run and kill it as soon as that state is there."""
    process = _start(command)
    deadline = time.monotonic() + 600
    while not list((out / "states").glob(state)):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert _ended(process)[0] == -signal.SIGKILL


def test_a_killed_run_goes_on_to_the_same_curve(base: Path, tmp_path: Path) -> None:
    """The second time it is cut off by a disk that takes no whole state.

    All are new processes: what one has encoded before moves frozen text features by a bit.
    """
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    command = ["finetune", "--model", str(base), *OPTIONS, "--out"]
    assert _ended(_start([*command, str(whole)]))[0] == 0
    _killed_after("step-*3.pt", [*command, str(cut)], cut)
    states = StateFiles(cut)
    newest = max((cut / "states").glob("*.pt"))
    resumed = [*command, str(cut), "--resume"]
    code, said = _ended(_start(resumed, newest.stat().st_size // 2))
    assert code == 2 and "Error: " in said and "--resume" in said, said
    assert "Traceback" not in said
    kept = max((cut / "states").iterdir())
    assert kept == newest and torch.load(kept, weights_only=True)["step"] >= 3
    assert not list(cut.rglob(".*.partial")) and states.there
    assert _ended(_start(resumed))[0] == 0
    assert _told(cut) == _told(whole)
    first, second = (load_model(str(folder)).state_dict() for folder in (cut, whole))
    assert all(torch.equal(first[name], second[name]) for name in second)
    assert not (cut / "states").exists()  # finished: nothing to go on from


def test_a_run_stopped_and_then_interrupted_goes_on_bit_by_bit(base: Path, tmp_path: Path) -> None:
    """In full precision; the interrupt comes after a state and a check of steps to take again."""
    config = _config(base, keep=0.5, ema=0.9)
    whole = finetune(config, tmp_path / "whole")
    out = tmp_path / "cut"
    out.mkdir()
    (out / "stop").touch()
    finetune(config, out)  # stopped before its first step
    (out / "stop").unlink()

    def interrupt(line: Mapping[str, Any]) -> None:
        if line["kind"] == "check" and line["step"] == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(config, out, resume=True, listener=interrupt)
    assert StateFiles(out).there and [line["step"] for line in _told(out)][-1] == 4
    again = finetune(config, out, resume=True)
    assert _told(out) == _told(tmp_path / "whole")
    for name, value in whole.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


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
