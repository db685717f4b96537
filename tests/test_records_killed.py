"""A writer killed in the middle: nothing that it was told is written is lost, or half there.

LRCLR_KILL_ROUNDS=200 kills two hundred times.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from core.paths import ROOT
from core.records.notebook import Notebook, Wanted

ROUNDS = int(os.environ.get("LRCLR_KILL_ROUNDS", "3"))


def confirmed_before_the_kill(writes: int, after_s: float) -> list[tuple[str, int]]:
    """Start a writer, wait for so many writes and seconds, kill it; what it was told."""
    script = Path(__file__).with_name("killed_writer.py")
    paths = os.pathsep.join((str(ROOT), str(script.parent)))
    writer = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert writer.stdout and writer.stderr
    first = "".join(writer.stdout.readline() for _ in range(writes))
    assert first.count("\n") == writes, writer.stderr.read()
    time.sleep(after_s)
    writer.send_signal(signal.SIGKILL)
    said, _ = writer.communicate()
    assert writer.returncode == -signal.SIGKILL
    # The last line may be cut: a note without its line end was confirmed all the same, but the
    # test cannot read its name.
    whole = (first + said).rpartition("\n")[0].splitlines()
    return [(line.split()[0], int(line.split()[1])) for line in whole]


def test_a_writer_that_is_killed_loses_nothing_that_was_confirmed(tmp_path):
    rng = np.random.default_rng(0)
    told: dict[str, int] = {}
    for _ in range(ROUNDS):
        told |= dict(confirmed_before_the_kill(int(rng.integers(1, 9)), rng.uniform(0, 0.03)))
        notebook = Notebook()
        notes = {note.id: note for note in notebook.notes(Wanted(removed=True))}
        assert {name for name in told if name not in notes} == set()
        assert all(notes[name].version >= version for name, version in told.items())
        histories = notebook.histories(list(notes))
        for name, note in notes.items():  # no note without its steps, no step without its note
            assert [step.version for step in histories[name]] == list(range(1, note.version + 1))
            assert histories[name][-1].said == note.said
        notebook.close()
    file = sqlite3.connect(tmp_path / "notes.sqlite")
    assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert file.execute("PRAGMA foreign_key_check").fetchall() == []
