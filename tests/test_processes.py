"""Worker processes run their work and not the program that asked for it."""

import operator
import subprocess
import sys

import pytest

from core.processes import map_in_processes

SCRIPT = """
from core.processes import map_in_processes
print("the script runs", flush=True)
print(sum(map_in_processes(abs, [-1, -2, -3], 2)), flush=True)
"""


def test_results_come_in_order():
    main = sys.modules["__main__"]
    before = dict(vars(main))
    assert list(map_in_processes(abs, [-3, 2, -1], 2)) == [3, 2, 1]
    # Workers start without the program that asks; it has its name and file back afterwards.
    assert sys.modules["__main__"] is main and vars(main) == before


def test_a_script_without_a_guard_runs_once(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["the script runs", "6"], done.stderr


def test_an_error_reaches_the_caller():
    with pytest.raises(TypeError):
        list(map_in_processes(operator.neg, [1, "a"], 2))


def test_a_caller_may_stop_early():
    results = map_in_processes(abs, range(1000), 2)
    assert next(results) == 0
    results.close()
