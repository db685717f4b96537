"""A class of three for twenty seconds, by clients of the protocol: nothing goes wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.paths import ROOT


@pytest.mark.slow
def test_three_students_and_their_teacher_hold_a_class(tmp_path: Path) -> None:
    told = tmp_path / "class.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "class.py"), "--students", "3", "--minutes",
         "0.6", "--early", "--think", "0.2", "--steps", "10", "--json", str(told)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(told.read_text())
    assert seen["errors"] == []
    assert seen["open the page, all at once"][0] == 3 == seen["join"][0]
    assert seen["all that was asked for"][0] > 6 and seen["memory"][1] < 6
