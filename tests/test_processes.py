"""Worker processes run their work and not the program that asked for it."""

import operator
import os
import subprocess
import sys
import time

import pytest

from core.errors import ExplorerError
from core.processes import map_in_processes, run_in_process

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


def counted(number, progress):
    if number < 0:
        raise ExplorerError("Less than nothing.")
    progress(1, number)
    if number == 13:
        os._exit(3)
    return number + 1, os.getpid()


def test_one_process_tells_how_far_it_is_and_what_came_of_it():
    seen = []
    result, process = run_in_process(counted, 4, lambda *told: seen.append(told))
    assert result == 5 and process != os.getpid() and (1, 4) in seen
    with pytest.raises(ExplorerError, match="Less than nothing"):
        run_in_process(counted, -1)
    with pytest.raises(ExplorerError, match="ended before its work was done"):
        run_in_process(counted, 13)


def asleep(seconds, progress):
    progress(os.getpid(), 1)
    time.sleep(seconds)


def test_a_caller_who_stops_ends_the_process():
    processes = []

    def stop(process, _):
        processes.append(process)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_process(asleep, 600, stop)
    with pytest.raises(ProcessLookupError):
        os.kill(processes[0], 0)
