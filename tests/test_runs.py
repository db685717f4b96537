"""What runs leave behind: the record, the time-lapse, comparisons, and a way to go on."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.training.compare import differing, gains, summary
from core.training.finetune import finetune
from core.training.record import read_record
from core.training.runs import Run, list_runs, recorded, resume_run, start_run
from core.training.settings import FinetuneConfig, Schedule
from core.training.timelapse import read_timelapse

pytestmark = pytest.mark.slow
SMALL = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs and, beside it, a base model."""
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    torch.manual_seed(0)
    model = LRCLR(CompactBackbone(SMALL), LRCLRConfig(added_layers=False))
    save_model(model, tmp_path / "base")
    return tmp_path / "runs"


def _config(runs: Path, steps: int = 4) -> FinetuneConfig:
    return FinetuneConfig(
        model=str(runs.parent / "base"), data="phantom:train,n=8,size=64",
        check_data="phantom:val,n=12,size=64", check_every=2,
        lrclr=LRCLRConfig(k=4, fusion_heads=2),
        schedule=Schedule(steps=steps, batch_size=4, precision="fp32"),
    )  # fmt: skip


def _small(runs: Path) -> list[str]:
    return ["--model", str(runs.parent / "base"), "--data", "phantom:train,n=8,size=64",
            "--check-data", "phantom:val,n=12,size=64", "--batch-size", "4",
            "--k", "4"]  # fmt: skip


def _short(runs: Path) -> list[str]:
    return [*_small(runs), "--steps", "3"]


def _recorded(runs: Path, name: str, config: FinetuneConfig) -> Run:
    recorded(runs / name, ["--out", name], lambda: finetune(config, runs / name))
    return Run(runs / name)


def test_a_run_says_how_it_was_made(runs: Path) -> None:
    run = _recorded(runs, "one", _config(runs))
    record = read_record(run.dir)
    assert record["config"]["schedule"]["steps"] == 4
    assert record["data"]["images"] == 8 and record["data"]["fingerprint"]
    assert record["code"] and record["torch"] == torch.__version__
    assert read_record(runs / "none") == {}


def test_the_time_lapse_holds_every_check_of_each_pin(runs: Path) -> None:
    run = _recorded(runs, "one", _config(runs))
    seen = read_timelapse(run.dir)
    assert seen is not None and seen.steps == [0, 2, 4]
    count = len(seen.names)
    assert 1 <= count <= 4 and len(set(seen.names)) == count
    assert seen.pictures.shape == seen.truth.shape == (count, 64, 64)
    assert seen.maps.shape == (3, count, 4, 4)  # the start is one
    assert [len(films) for films in seen.words] == [count] * 3
    assert seen.truth.any(axis=(1, 2)).all() and seen.pictures.std() > 10
    assert not np.array_equal(seen.maps[0], seen.maps[1])  # it learned something
    assert read_timelapse(runs / "none") is None


def test_runs_are_compared_by_figures_and_settings(runs: Path) -> None:
    first = _recorded(runs, "first", _config(runs))
    config = replace(_config(runs), schedule=replace(_config(runs).schedule, learning_rate=1e-2))
    second = _recorded(runs, "second", config)
    told = summary(first)
    last = [line for line in first.metrics if line["kind"] == "check"][-1]
    assert (told.status, told.step, told.steps) == ("finished", 4, 4)
    assert told.auc == last["auc"] and told.pointing == last["pointing"]
    assert told.best_step in (0, 2, 4)
    assert differing([first, second]) == {"schedule.learning_rate": [3e-4, 1e-2]}
    assert differing([first, first]) == {}
    assert {gain.value for gain in gains(first, first).values()} == {0.0}
    gained = gains(first, second)
    assert set(gained) == set(last["auc_by_finding"]["lrclr"])
    for finding, gain in gained.items():
        before, after = (summary(r).auc_by_finding["lrclr"][finding] for r in (first, second))
        assert gain.value == pytest.approx(after - before, abs=2e-3)  # the log rounds
        assert gain.low <= gain.value <= gain.high


def test_a_resumed_run_counts_the_time_of_each_start_and_keeps_its_place(runs: Path) -> None:
    for name, seconds in (("old", [1.0, 5.0, 2.0, 3.5]), ("new", [1.0])):
        (runs / name).mkdir(parents=True)
        (runs / name / "command.json").write_text("{}")
        steps = [{"kind": "step", "step": n, "steps": 9, "seconds": s}
                 for n, s in enumerate(seconds)]  # fmt: skip
        (runs / name / "log.jsonl").write_text("\n".join(map(json.dumps, steps)))
        os.utime(runs / name / "command.json", (name == "new", name == "new"))
    (runs / "old" / "check.npz").touch()  # as a check does: the folder's own time changes
    assert [run.name for run in list_runs()] == ["new", "old"]
    assert summary(Run(runs / "old")).seconds == 8.5
    assert summary(Run(runs / "new")).seconds == 1.0


def test_runs_checked_on_other_studies_are_not_paired(runs: Path) -> None:
    first = _recorded(runs, "first", _config(runs))
    other = _recorded(runs, "other", replace(_config(runs), check_data="phantom:val,n=14,size=64"))
    assert gains(first, other) == {}
    assert gains(first, Run(runs / "none")) == {}


def test_a_stopped_run_is_resumed_by_its_own_command(runs: Path) -> None:
    run = start_run("long", [*_small(runs), "--steps", "150", "--save-every", "50"])
    deadline = time.monotonic() + 600
    while not any(line["kind"] == "step" for line in run.metrics):
        assert time.monotonic() < deadline and run.status in ("queued", "running")
        time.sleep(0.1)
    assert not run.can_resume
    with pytest.raises(ExplorerError, match="nothing to resume"):
        resume_run(run)
    run.stop()
    while run.status in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert run.status == "cancelled" and run.can_resume and run.has_model
    before = max(line["step"] for line in run.metrics if line["kind"] == "step")
    assert before < 150
    resume_run(run)
    while run.status in ("queued", "running"):
        assert time.monotonic() < deadline + 600
        time.sleep(0.1)
    assert run.status == "finished", (run.dir / "run.log").read_text()
    steps = [line["step"] for line in run.metrics if line["kind"] == "step"]
    assert steps[-1] == 150 and steps == sorted(set(steps))  # no step is logged twice
    assert not run.can_resume and list_runs()[0].name == "long"


def _until(run: Run, *statuses: str, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while run.status not in statuses:
        assert time.monotonic() < deadline, (run.status, run.error)
        time.sleep(0.05)


def test_a_queued_run_waits_for_the_one_before_it_and_starts_by_itself(runs: Path) -> None:
    first = start_run("first", [*_small(runs), "--steps", "20000", "--save-every", "5"])
    second, third = start_run("second", _short(runs)), start_run("third", _short(runs))
    _until(third, "queued")
    _until(second, "queued")
    assert second.waits_for == ["first"] and set(third.waits_for) == {"first", "second"}
    third.stop()  # taken out of the queue
    _until(third, "cancelled")
    while not any(line["kind"] == "step" for line in first.metrics):
        assert first.status in ("queued", "running"), first.error
        time.sleep(0.1)
    assert second.status == "queued" and not second.metrics
    first.pause()
    _until(first, "paused")
    assert first.can_resume and first.has_model
    _until(second, "finished")


def test_a_stop_or_pause_in_the_first_moment_is_heard(runs: Path) -> None:
    stopped, paused = start_run("stopped", _short(runs)), start_run("paused", _short(runs))
    assert stopped.status == "queued" and paused.status == "queued"  # from the first moment
    stopped.stop()
    paused.pause()
    _until(stopped, "cancelled")
    _until(paused, "paused")
    assert not stopped.metrics and not paused.metrics  # neither began
    assert paused.can_resume and not stopped.can_resume
    resume_run(paused)
    with pytest.raises(ExplorerError, match="nothing to resume"):
        resume_run(paused)
    _until(paused, "finished")
    assert [line["step"] for line in paused.metrics if line["kind"] == "step"][-1] == 3
    assert not paused.can_resume


_TURN = """
import sys, time
from pathlib import Path
from core.paths import runs_dir
from core.training.runs import recorded
name, gate = sys.argv[1], Path(sys.argv[2])
def work():
    with open(runs_dir() / "turns.txt", "a") as file:
        file.write(f"{name} in\\n"); file.flush()
        time.sleep(0.3)
        file.write(f"{name} out\\n")
print("ready", flush=True)
while not gate.exists():
    time.sleep(0.001)
recorded(runs_dir() / name, [], work, queue=True)
"""


def test_runs_that_queue_in_the_same_instant_take_turns(runs: Path) -> None:
    gate, names = runs.parent / "gate", "abcdef"
    runs.mkdir()
    waiting = [
        subprocess.Popen([sys.executable, "-c", _TURN, name, str(gate)], cwd=ROOT, text=True,
                         stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
        for name in names
    ]  # fmt: skip
    for process in waiting:
        assert process.stdout and process.stdout.readline() == "ready\n"
    gate.touch()
    assert [process.wait(600) for process in waiting] == [0] * len(names)
    turns = [line.split() for line in (runs / "turns.txt").read_text().splitlines()]
    assert len(turns) == 2 * len(names) and {Run(runs / n).status for n in names} == {"finished"}
    for begun, ended in zip(turns[::2], turns[1::2], strict=True):
        assert (begun[1], ended[1]) == ("in", "out") and begun[0] == ended[0]


def test_two_sessions_that_press_start_together_train_one_after_the_other(runs: Path) -> None:
    with ThreadPoolExecutor(2) as sessions:
        both = list(sessions.map(lambda name: start_run(name, _short(runs)), ("one", "other")))
    at_once = 0
    while any(run.status in ("queued", "running") for run in both):
        at_once = max(at_once, sum(run.status == "running" for run in both))
        time.sleep(0.02)
    assert at_once == 1 and {run.status for run in both} == {"finished"}
    assert {run.name for run in list_runs()} == {"one", "other"}
    for run in both:
        assert run.command[:4] == ["python", "-m", "core", "finetune"] and run.has_model
        assert {line["kind"] for line in run.metrics} >= {"start", "step", "check"}
    with pytest.raises(ExplorerError, match="already"):
        start_run("one", [])


def test_a_run_whose_process_cannot_be_started_blocks_nobody(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ExplorerError, match="Cannot allocate memory"):
        start_run("one", [])
    assert Run(runs / "one").status == "failed" and not Run(runs / "one").waits_for


def test_a_run_without_checks_is_still_a_line(runs: Path) -> None:
    (runs / "bare").mkdir(parents=True)
    (runs / "bare" / "command.json").write_text(json.dumps({"command": ["x"]}))
    told = summary(Run(runs / "bare"))
    assert told.step == 0 and told.auc == {} and told.best_step is None
