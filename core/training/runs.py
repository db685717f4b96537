"""Fine-tuning runs as folders: started as their own process, watched and stopped through files.

A run folder holds command.json, log.jsonl, run.log (what the process printed), pid.json while it
runs, status.json when it ended, and the model. Nothing is kept in the process that watches, so the
page may come and go, and a server restart finds every run again. A queued run is a process that
waits for those before it.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from core.errors import ExplorerError
from core.files import write_text_whole
from core.paths import ROOT, runs_dir
from core.training.record import read_record
from core.training.states import StateFiles

ENDED = ("finished", "failed", "cancelled", "paused")
_PAUSE = "pause"


class Cancelled(Exception):
    """The run was asked to stop before it had anything worth keeping."""


@dataclass(frozen=True)
class Run:
    """One run folder, read afresh by every property."""

    dir: Path

    @property
    def name(self) -> str:
        """The folder's name; a finished run is a model of that name."""
        return self.dir.name

    @property
    def status(self) -> str:
        """`queued`, `running` or one of ENDED; a dead process without a word failed."""
        status = str(_read(self.dir / "status.json").get("status", ""))
        if status in ENDED:
            return status
        if not self._alive():
            return "failed"
        return "queued" if status == "queued" else "running"

    @property
    def error(self) -> str | None:
        """Why a failed run failed, in one sentence."""
        if self.status != "failed":
            return None
        said = _read(self.dir / "status.json").get("error")
        return str(said or "The process ended without a word; see run.log in the run's folder.")

    @property
    def command(self) -> list[str]:
        """The terminal command that repeats the run."""
        return list(_read(self.dir / "command.json").get("command", []))

    @property
    def left_out(self) -> list[str]:
        """Studies that were not trained or checked on since their image cannot be read, and why."""
        return list(read_record(self.dir).get("data", {}).get("left_out", []))

    @property
    def remarks(self) -> list[str]:
        """What the run was checked on, and how many studies had no text, in sentences."""
        return list(read_record(self.dir).get("data", {}).get("remarks", []))

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Whole lines of log.jsonl: kinds `start`, `progress`, `step` and `check`."""
        try:
            lines = (self.dir / "log.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:  # the last line may be half written
                continue
        return found

    @property
    def has_model(self) -> bool:
        """Whether the run left a model to load."""
        return (self.dir / "config.json").is_file()

    @property
    def can_resume(self) -> bool:
        """Whether it ended early and left a training state to go on from."""
        ended = self.status in ("failed", "cancelled", "paused")
        return ended and StateFiles(self.dir).there

    def stop(self) -> None:
        """Ask the process to end after its present step and keep what it learned."""
        (self.dir / "stop").touch()

    def pause(self) -> None:
        """As `stop`; says that it is to be resumed."""
        (self.dir / "stop").write_text(_PAUSE, encoding="utf-8")

    @property
    def waits_for(self) -> list[str]:
        """Names of the runs that were started earlier and have not ended."""
        # Two that are started at once can have the same time: their names decide then.
        mine = (float(_read(self.dir / "pid.json").get("created", 0)), self.name)
        return [
            run.name
            for run in list_runs()
            if run.dir.resolve() != self.dir.resolve()
            and run.status in ("running", "queued")
            and (float(_read(run.dir / "pid.json").get("created", mine[0])), run.name) < mine
        ]

    def _alive(self) -> bool:
        seen = _read(self.dir / "pid.json")
        try:
            process = psutil.Process(int(seen["pid"]))
            # A number is used again after a restart: the start time tells the processes apart.
            same = abs(process.create_time() - float(seen["created"])) < 2
            return same and process.status() != psutil.STATUS_ZOMBIE
        except (KeyError, ValueError, psutil.Error):
            return False


def list_runs() -> list[Run]:
    """All runs of `runs_dir()`, the newest first."""
    # By what is written once: a folder's own time changes with every check, and so would the order.
    started = sorted(runs_dir().glob("*/command.json"), key=lambda p: p.stat().st_mtime_ns)
    return [Run(path.parent) for path in reversed(started)]


def start_run(name: str, arguments: list[str]) -> Run:
    """Start `python -m core finetune ARGUMENTS --out runs/NAME` as its own process.

    Raises:
        ExplorerError: the name is not a plain word or is taken.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise ExplorerError(
            f"'{name}' cannot name a run: use letters, digits, dot, dash and underscore, at most "
            "64, and begin with a letter or digit."
        )
    folder = runs_dir() / name
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ExplorerError(f"There is a run '{name}' already; choose another name.") from None
    shown = ["python", "-m", "core", "finetune", *arguments, "--out", f"runs/{name}"]
    (folder / "command.json").write_text(json.dumps({"command": shown}), encoding="utf-8")
    _spawn(folder, arguments)
    return Run(folder)


def resume_run(run: Run) -> None:
    """Start a run that was stopped or died again, from its newest training state.

    Raises:
        ExplorerError: it runs, or there is no state to go on from.
    """
    if run.status == "running" or not run.can_resume:
        raise ExplorerError(f"'{run.name}' has nothing to resume: it runs, or it kept no state.")
    arguments = run.command[4:]
    if "--out" in arguments:
        place = arguments.index("--out")
        del arguments[place : place + 2]
    (run.dir / "status.json").unlink(missing_ok=True)
    _spawn(run.dir, [word for word in arguments if word != "--resume"] + ["--resume"])


def _spawn(folder: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "core", "finetune", *arguments, "--out", str(folder)]
    with (folder / "run.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    _note_process(folder, process.pid)


def recorded(
    folder: Path, arguments: list[str], work: Callable[[], Any], queue: bool = False
) -> None:
    """Do the work of a run in this process and leave its pid and how it ended in the folder.

    Args:
        queue: wait first until the runs of `runs_dir()` that were started earlier have ended.

    Raises:
        ExplorerError: as `work` does, once it is written down.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stale in ("status.json", "stop"):
        (folder / stale).unlink(missing_ok=True)
    if not (folder / "command.json").is_file():
        shown = ["python", "-m", "core", "finetune", *arguments]
        (folder / "command.json").write_text(json.dumps({"command": shown}), encoding="utf-8")
    _note_process(folder, os.getpid())
    stop = folder / "stop"
    try:
        if queue:
            _wait_turn(Run(folder))
        work()
        ended = "finished"
        if stop.exists():
            ended = "paused" if stop.read_text(encoding="utf-8") == _PAUSE else "cancelled"
        _write(folder / "status.json", {"status": ended})
    except (Cancelled, KeyboardInterrupt):
        _write(folder / "status.json", {"status": "cancelled"})
    except BaseException as error:
        said = str(error) if isinstance(error, ExplorerError) else f"{type(error).__name__}."
        with suppress(OSError):  # a full disk must not hide what went wrong
            _write(folder / "status.json", {"status": "failed", "error": said})
        raise
    finally:
        (folder / "pid.json").unlink(missing_ok=True)


def _wait_turn(run: Run) -> None:
    _write(run.dir / "status.json", {"status": "queued"})
    while run.waits_for:
        if (run.dir / "stop").exists():
            raise Cancelled
        time.sleep(0.5)
    (run.dir / "status.json").unlink()


def _note_process(folder: Path, pid: int) -> None:
    try:
        created = psutil.Process(pid).create_time()
    except psutil.Error:  # it ended already; its status says how
        created = time.time()
    _write(folder / "pid.json", {"pid": pid, "created": created})


def _write(path: Path, values: dict[str, Any]) -> None:
    write_text_whole(path, json.dumps(values))


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
