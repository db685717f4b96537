"""Work ahead of its use: done once, waited for, and done at once where somebody is quicker."""

import threading
import time
from typing import Any

import pytest

from explorer.shared import ahead


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_begun", set())
    monkeypatch.setattr(ahead, "_ahead", {})


def _never() -> Any:
    raise AssertionError("made twice")


def test_a_result_is_waited_for_and_made_once() -> None:
    go, names = threading.Event(), []

    def make() -> str:
        go.wait(600)
        names.append(threading.current_thread())
        return "model"

    ahead.begin({"a": make}, 0)
    ahead.begin({"a": _never}, 0)
    while not ahead._ahead["a"].running():
        time.sleep(0.01)
    threading.Timer(0.1, go.set).start()
    assert ahead.result("a", _never) == "model"
    assert names != [threading.current_thread()] and len(names) == 1
    assert ahead.result("a", lambda: "given once") == "given once"


def test_who_asks_before_it_is_begun_makes_it_and_does_not_wait() -> None:
    ahead.begin({"a": _never, "b": _never}, 600)
    began = time.monotonic()
    assert ahead.result("a", lambda: threading.current_thread()) is threading.current_thread()
    assert time.monotonic() - began < 300
    ahead.begin({"a": _never}, 0)  # somebody has it: nobody begins it any more
    assert "a" not in ahead._ahead


def test_what_failed_ahead_is_tried_again_and_the_next_is_done() -> None:
    def fail() -> None:
        raise OSError("the disk")

    ahead.begin({"a": fail, "b": lambda: 2}, 0)
    while not ahead._ahead["b"].done():
        time.sleep(0.01)
    assert ahead.result("b", _never) == 2
    with pytest.raises(OSError, match="the disk"):
        ahead.result("a", fail)
