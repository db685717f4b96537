"""Fine-tuning runs as folders: started as their own process, watched and stopped through files.

A run folder holds command.json, log.jsonl, run.log (what the process printed), pid.json while it
runs, status.json when it ended, and the model. Nothing is kept in the process that watches, so the
page may come and go, and a server restart finds every run again. A queued run is a process that
waits for those before it; every run that `start_run` or `resume_run` submits queues itself.

A request to stop counts from the moment a run is submitted: what an earlier start left of one is
removed then, by the one who submits, and never by the process that starts.
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

from core.claims import claimed, is_alive, owner_of, this_process
from core.errors import ExplorerError
from core.files import write_text_whole
from core.paths import IS_CHECKOUT, ROOT, runs_dir
from core.training.record import read_record
from core.training.states import StateFiles

ENDED = ("finished", "failed", "cancelled", "paused")
GIVE_WAY = "LRCLR_RUNS_GIVE_WAY"
"""In the environment of a server whose runs shall take only the cores that are free."""
_PAUSE = "pause"
_MOMENT = 60.0  # seconds; what is claimed here takes a few milliseconds
_SUBMITTED = "LRCLR_RUN_SUBMITTED"
"""In the environment of a process that a run was submitted to: its folder is prepared."""


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
        """Whether it ended early and left a training state, or was paused before its first step."""
        status = self.status
        if status not in ("failed", "cancelled", "paused"):
            return False
        if StateFiles(self.dir).there:
            return True
        return status == "paused" and not any(line["kind"] == "step" for line in self.metrics)

    def stop(self) -> None:
        """Ask the process to end after its present step and keep what it learned."""
        (self.dir / "stop").touch()

    def pause(self) -> None:
        """As `stop`; says that it is to be resumed."""
        (self.dir / "stop").write_text(_PAUSE, encoding="utf-8")

    @property
    def waits_for(self) -> list[str]:
        """Names of the runs that go first: those that run, and those that queued before it."""
        mine = (_submitted(self.dir), self.name)  # names decide between two of the same moment
        first = []
        for run in list_runs():
            if run.dir.resolve() == self.dir.resolve():
                continue
            status = run.status
            earlier = (_submitted(run.dir), run.name) < mine
            if status == "running" or (status == "queued" and earlier):
                first.append(run.name)
        return first

    def _alive(self) -> bool:
        # By number and start alone: a container has another name each time it is started.
        seen = _read(self.dir / "pid.json")
        return is_alive({name: value for name, value in seen.items() if name != "host"})


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
    run = Run(folder)
    shown = ["python", "-m", "core", "finetune", *arguments, "--out", out_of(name)]
    _submit(run, arguments, shown)
    return run


def out_of(name: str) -> str:
    """What a command says of a run's folder: short in a checkout, where commands are typed."""
    return f"runs/{name}" if IS_CHECKOUT else str(runs_dir() / name)


def resume_run(run: Run) -> None:
    """Start a run that was stopped or died again, from its newest training state.

    Raises:
        ExplorerError: it runs, or there is no state to go on from.
    """
    if not run.can_resume:
        raise ExplorerError(f"'{run.name}' has nothing to resume: it runs, or it kept no state.")
    arguments = run.command[4:]
    if "--out" in arguments:
        place = arguments.index("--out")
        del arguments[place : place + 2]
    _submit(run, [word for word in arguments if word != "--resume"] + ["--resume"])


def _submit(run: Run, arguments: list[str], shown: list[str] | None = None) -> None:
    """Have a process do the run; from here on it is queued, and may be stopped and paused."""
    folder = run.dir
    try:
        with claimed(folder / "submit.lock", run.name, _MOMENT):  # pressed twice at once
            if run.status in ("queued", "running"):
                raise ExplorerError(f"'{run.name}' runs already.")
            (folder / "stop").unlink(missing_ok=True)
            # This process stands for the run until its own is there.
            submitted = {"submitted": time.time_ns()}
            _write(folder / "pid.json", {**this_process(), **submitted})
            _write(folder / "status.json", {"status": "queued"})
            if shown:
                _write(folder / "command.json", {"command": shown})
            _write(folder / "pid.json", {**owner_of(_spawn(folder, arguments)), **submitted})
    except OSError as error:
        said = (
            f"'{run.name}' could not be started ({error.strerror}); free some space or choose "
            "another folder of runs."
        )
        with suppress(OSError):
            _write(folder / "status.json", {"status": "failed", "error": said})
        raise ExplorerError(said) from None


def _spawn(folder: Path, arguments: list[str]) -> int:
    """Start the process of a run; its number."""
    queue = [] if "--queue" in arguments else ["--queue"]
    out = str(folder.resolve())
    # In the folder that somebody's paths begin in; -P: no `core` that lies there is taken for ours.
    command = [sys.executable, "-P", "-m", "core", "finetune", *arguments, *queue, "--out", out]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {
        **os.environ, _SUBMITTED: out, "LRCLR_RUNS": str(runs_dir().resolve()), "PYTHONPATH": path
    }  # fmt: skip
    with (folder / "run.log").open("ab") as log:
        pid = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, env=environment,
        ).pid  # fmt: skip
    if os.environ.get(GIVE_WAY):
        _give_way(pid)
    return pid


def _give_way(pid: int) -> None:
    """Have a run take what cores are free, so that a class that looks at pages waits for none."""
    with suppress(psutil.Error, OSError):
        psutil.Process(pid).nice(10 if os.name == "posix" else psutil.BELOW_NORMAL_PRIORITY_CLASS)
    with suppress(OSError):  # where sessions are weighed against each other, that alone counts
        Path(f"/proc/{pid}/autogroup").write_text("10", encoding="ascii")


def recorded(
    folder: Path, arguments: list[str], work: Callable[[], Any], queue: bool = False
) -> None:
    """Do the work of a run in this process and leave its pid and how it ended in the folder.

    Args:
        queue: wait first until the runs of `runs_dir()` that were started earlier have ended.

    Raises:
        ExplorerError: as `work` does, once it is written down.
    """
    _prepare(folder, arguments)
    stop = folder / "stop"
    try:
        if queue:
            _wait_turn(Run(folder))
        _write(folder / "status.json", {"status": "running"})
        if not stop.exists():  # asked for before it began
            work()
        _write(folder / "status.json", {"status": _asked(stop) or "finished"})
    except (Cancelled, KeyboardInterrupt):
        _write(folder / "status.json", {"status": _asked(stop) or "cancelled"})
    except BaseException as error:
        said = str(error) if isinstance(error, ExplorerError) else f"{type(error).__name__}."
        with suppress(OSError):  # a full disk must not hide what went wrong
            _write(folder / "status.json", {"status": "failed", "error": said})
        raise
    finally:
        (folder / "pid.json").unlink(missing_ok=True)


def _prepare(folder: Path, arguments: list[str]) -> None:
    """What a folder needs before its run: as `_submit` left it, or for a run from a terminal."""
    if os.environ.pop(_SUBMITTED, "") == str(folder.resolve()):
        _write(folder / "pid.json", {**this_process(), "submitted": _submitted(folder)})
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stop").unlink(missing_ok=True)
    _write(folder / "pid.json", {**this_process(), "submitted": time.time_ns()})
    _write(folder / "status.json", {"status": "queued"})
    if not (folder / "command.json").is_file():
        shown = ["python", "-m", "core", "finetune", *arguments]
        _write(folder / "command.json", {"command": shown})


def _asked(stop: Path) -> str:
    """What a run was asked for, as its status; "" for nothing."""
    try:
        return "paused" if stop.read_text(encoding="utf-8") == _PAUSE else "cancelled"
    except FileNotFoundError:
        return ""


def _submitted(folder: Path) -> int:
    """When a run was submitted, in nanoseconds; now, where it does not say."""
    try:
        return int(_read(folder / "pid.json")["submitted"])
    except (KeyError, TypeError, ValueError):
        return time.time_ns()


def _wait_turn(run: Run) -> None:
    """Return when it is this run's turn, and have it count as running then.

    Looking who goes first and taking the turn are one act: two that queued in the same instant
    could each have seen nobody otherwise.
    """
    runs_dir().mkdir(parents=True, exist_ok=True)
    while True:
        if (run.dir / "stop").exists():
            raise Cancelled
        try:
            with claimed(runs_dir() / ".turn.lock", "The queue of runs", _MOMENT):
                before = len(run.waits_for)
                if not before:
                    _write(run.dir / "status.json", {"status": "running"})
                    return
        except ExplorerError:  # another one is looking
            time.sleep(0.05)
            continue
        # Who has many before them looks less often: each looks at all the others.
        for _ in range(min(before, 20)):
            time.sleep(0.5)
            if (run.dir / "stop").exists():
                raise Cancelled


def _write(path: Path, values: dict[str, Any]) -> None:
    write_text_whole(path, json.dumps(values))


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
