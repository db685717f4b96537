"""Damaged and malicious files through every reader, each case watched from outside its process.

    python benchmarks/fuzz.py [--cases 10000] [--seed 0] [--workers 2] [--only DICOM]

A case breaks the rules by ending its process, by raising anything but one sentence, by taking more
than 5 s of processor time (or 60 s by the clock, which a busy machine may need), or by holding more
than 2 GiB. Printed: a table by format, and every case that broke a rule with the command that
repeats it. Exit code 1 where there is any.
"""

import argparse
import gc
import importlib
import os
import re
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

SECONDS, CLOCK, MEMORY = 5.0, 60.0, 2 * 2**30
_ADDRESSES = 12 * 2**30  # beyond what is loaded: saves the machine, where the watch is too late
_ROOT = Path(__file__).resolve().parents[1]
_PLACES = [str(_ROOT), str(_ROOT / "tests")]  # this checkout comes before an installed one


@dataclass
class Outcome:
    """What a case did: "read", "refused", or how it broke the rules."""

    verdict: str
    said: str = ""
    seconds: float = 0.0
    memory: int = 0


@dataclass
class Row:
    """A line of the table."""

    outcomes: list[Outcome] = field(default_factory=list)
    broken: list[tuple[int, Outcome]] = field(default_factory=list)


def main() -> None:
    """Read the options, run the cases, print the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="", help="one format")
    options.add_argument("--case", type=int, help="one case of it, run here and not caught")
    chosen = options.parse_args()
    sys.path[:0] = _PLACES
    if chosen.case is not None:
        repeat(chosen.only, chosen.case, chosen.seed)
        return
    started = time.monotonic()
    rows = fuzz("fuzz_formats", chosen.cases, chosen.seed, chosen.workers, chosen.only)
    print(f"seed {chosen.seed}, {time.monotonic() - started:.0f} s, {chosen.workers} workers")
    sys.exit(report(rows, chosen.seed))


def fuzz(module: str, cases: int, seed: int, workers: int, only: str = "") -> dict[str, Row]:
    """Run cases of the formats of a module, in processes of their own; a row by format.

    The numbers of a format's cases begin at 0 in every run: runs of one format each are together
    the same cases as one run of all.
    """
    formats = [f for f in importlib.import_module(module).FORMATS if only in ("", f.name)]
    rows = {form.name: Row() for form in formats}
    total = sum(form.share for form in formats)
    counts = {form.name: max(round(cases * form.share / total), 1) for form in formats}
    todo = iter([(name, number) for name, count in counts.items() for number in range(count)])
    crew = [_Worker(module, seed, list(rows)) for _ in range(workers)]
    done = 0
    while any([worker.busy or worker.start(todo) for worker in crew]):
        wait([worker.pipe for worker in crew if worker.busy], timeout=0.05)
        for worker in crew:
            finished = worker.finished() if worker.busy else None
            if not finished:
                continue
            (name, number), outcome = finished
            rows[name].outcomes.append(outcome)
            if outcome.verdict not in ("read", "refused"):
                rows[name].broken.append((number, outcome))
            done += 1
            if done % 100 == 0:
                print(f"{done} cases", file=sys.stderr)
    for worker in crew:
        worker.stop()
    return rows


def report(rows: dict[str, Row], seed: int) -> int:
    """Print the table and what broke the rules; the exit code."""
    print(f"{'format':12}{'cases':>7}{'read':>7}{'refused':>9}{'broken':>8}"
          f"{'slowest':>10}{'most memory':>13}")  # fmt: skip
    for name, row in rows.items():
        verdicts = [outcome.verdict for outcome in row.outcomes]
        slowest = max((outcome.seconds for outcome in row.outcomes), default=0)
        most = max((outcome.memory for outcome in row.outcomes), default=0)
        print(f"{name:12}{len(verdicts):7}{verdicts.count('read'):7}{verdicts.count('refused'):9}"
              f"{len(row.broken):8}{slowest:8.2f} s{most / 2**20:9.0f} MiB")  # fmt: skip
    for name, row in rows.items():
        for number, outcome in row.broken:
            print(f"\n{name} {number}: {outcome.verdict}\n{outcome.said}\n  again: python "
                  f"benchmarks/fuzz.py --seed {seed} --only {name} --case {number}")  # fmt: skip
    return int(any(row.broken for row in rows.values()))


class _Worker:
    """A process that reads cases one by one, replaced when one of them takes it along."""

    def __init__(self, module: str, seed: int, names: list[str]) -> None:
        self.arguments = (module, seed, names)
        self.case: tuple[str, int] = ("", 0)
        self.busy = False
        self._begin()

    def _begin(self) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, *self.arguments))
        self.process.start()
        theirs.close()
        self.ready = False

    def start(self, todo: Iterator[tuple[str, int]]) -> bool:
        """Take up the next case, if there is one."""
        case = next(todo, None)
        if case is None:
            return False
        if not self.ready:
            self.ready = bool(self.pipe.recv())
            self.watched = psutil.Process(self.process.pid)
        self.pipe.send(case)
        self.case, self.busy, self.since = case, True, time.monotonic()
        self.spent = self._seconds()
        return True

    def finished(self) -> tuple[tuple[str, int], Outcome] | None:
        """The case and how it ended, or None while it goes on."""
        try:
            if self.pipe.poll():
                outcome: Outcome = self.pipe.recv()
                self.busy = False
                return self.case, outcome
            seconds, memory = self._seconds() - self.spent, self.watched.memory_info().rss
        except (EOFError, OSError, psutil.Error):
            self.process.join()
            return self._replaced(Outcome("crash", f"exit code {self.process.exitcode}"))
        clock = time.monotonic() - self.since
        if memory > MEMORY:
            return self._replaced(Outcome("memory", "", seconds, memory))
        if seconds > 2 * SECONDS or clock > CLOCK:
            said = f"no end after {seconds:.0f} s of processor time, {clock:.0f} s by the clock"
            return self._replaced(Outcome("hang", said, seconds, memory))
        return None

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()

    def _replaced(self, outcome: Outcome) -> tuple[tuple[str, int], Outcome]:
        self.stop()
        self._begin()
        self.busy = False
        return self.case, outcome

    def _seconds(self) -> float:
        times = self.watched.cpu_times()
        return float(times.user + times.system)


def _serve(pipe: Connection, module: str, seed: int, names: list[str]) -> None:
    """The process: cases in, outcomes out."""
    sys.path[:0] = _PLACES
    formats = importlib.import_module(module).FORMATS
    forms = {form.name: form for form in formats if form.name in names}
    os.environ["LRCLR_FUZZ_MARKER"] = str(Path(TemporaryDirectory().name) / "made")
    for form in forms.values():
        form.sound()
    _sound_once(forms)
    gc.freeze()  # what is loaded is looked through once, not for every case
    limit = psutil.Process().memory_info().vms + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    pipe.send(True)
    while True:
        name, number = pipe.recv()
        pipe.send(run_case(forms[name], number, seed))


def _sound_once(forms: dict[str, Any]) -> None:
    """Read one sound file of each format: what readers load once is no memory of a case."""
    with TemporaryDirectory() as folder:
        for form in forms.values():
            path = Path(folder) / form.file
            path.write_bytes(form.sound()[0])
            form.read(path)


def run_case(form: Any, number: int, seed: int) -> Outcome:
    """Read one case in this process, and judge what comes of it."""
    data = form.case(number, seed)
    gc.collect()
    with TemporaryDirectory() as folder:
        path = Path(folder) / form.file
        path.write_bytes(data)
        del data
        _forget_peak()
        started = time.process_time()
        outcome = judge(form.read, path)
        outcome.seconds, outcome.memory = time.process_time() - started, _peak()
    if outcome.seconds > SECONDS and outcome.verdict in ("read", "refused"):
        outcome.verdict = "slow"
    if outcome.memory > MEMORY:
        outcome.verdict = "memory"
    return outcome


def judge(read: Any, path: Path) -> Outcome:
    """ "read", "refused" in one sentence, or how the reader broke that rule."""
    from core.errors import ExplorerError

    marker = Path(os.environ.get("LRCLR_FUZZ_MARKER", "/nonexistent/marker"))
    try:
        read(path)
        outcome = Outcome("read")
    except ExplorerError as error:
        said = str(error)
        outcome = Outcome("refused" if one_sentence(said) else "no sentence", said)
    except BaseException:  # whatever it is, it is what is looked for
        outcome = Outcome("raised", traceback.format_exc(limit=-4))
    return Outcome("ran code", outcome.said) if marker.exists() else outcome


def one_sentence(said: str) -> bool:
    """Whether a refusal is one sentence of bearable length, without a line of a program in it."""
    ends = re.findall(r"[.!?](?=\s+[A-Z])", said)
    plain = said.isprintable() and "Traceback" not in said and "JANE" not in said
    return plain and said.endswith(".") and not ends and 10 < len(said) < 500


def repeat(name: str, number: int, seed: int) -> None:
    """Read one case here, with nothing caught."""
    form = next(f for f in importlib.import_module("fuzz_formats").FORMATS if f.name == name)
    with TemporaryDirectory() as folder:
        path = Path(folder) / form.file
        path.write_bytes(form.case(number, seed))
        form.read(path)
    print("read")


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Most memory since it was last forgotten, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
