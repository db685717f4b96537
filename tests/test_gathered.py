"""What many ask for at once: worked on together, once, and kept within bytes."""

import threading
from collections.abc import Callable

import pytest

from core.errors import ExplorerError
from core.inference.gathered import Gathered


def _thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_what_waits_while_one_is_at_work_is_worked_on_together() -> None:
    gathered: Gathered[str, str] = Gathered(1000, len, most=16)
    batches: list[list[str]] = []
    begun, go, told = threading.Event(), threading.Event(), {}

    def work(keys: list[str]) -> list[str]:
        batches.append(keys)
        begun.set()
        go.wait(60)
        return [key.upper() for key in keys]

    def ask(*keys: str) -> None:
        told[keys] = gathered.get(keys, work)

    threads = [_thread(lambda: ask("a"))]
    begun.wait(60)
    threads += [_thread(lambda key=key: ask(key, "a", "x")) for key in "bcdef"]
    while len(gathered._waiting) < 6:  # all five and what they share
        go.wait(0.01)
    go.set()
    for thread in threads:
        thread.join(60)
    assert [sorted(batch) for batch in batches] == [["a"], [*"bcdefx"]]
    assert told[("c", "a", "x")] == ["C", "A", "X"]
    assert gathered.get(["f", "f", "a"], work) == ["F", "F", "A"] and len(batches) == 2


def test_so_many_at_once_and_no_more_bytes_than_may_be_kept() -> None:
    gathered: Gathered[str, str] = Gathered(10, len, most=3)
    sizes: list[int] = []

    def work(keys: list[str]) -> list[str]:
        sizes.append(len(keys))
        return [2 * key for key in keys]

    assert gathered.get([*"abcdefgh"], work) == [2 * key for key in "abcdefgh"]
    assert sizes == [3, 3, 2]
    gathered.get(["h", "d"], work)
    assert sizes == [3, 3, 2]  # five of two letters stay
    gathered.get(["c"], work)
    assert sizes == [3, 3, 2, 1]


def test_what_is_wrong_with_one_is_told_to_who_asked_for_it_alone() -> None:
    gathered: Gathered[str, str] = Gathered(100, len, most=16)
    batches: list[list[str]] = []
    begun, go, told = threading.Event(), threading.Event(), {}

    def work(keys: list[str]) -> list[str]:
        batches.append(keys)
        begun.set()
        go.wait(60)
        if "bad" in keys:
            raise ExplorerError("It is bad.")
        return keys

    def ask(key: str) -> None:
        try:
            told[key] = gathered.get([key], work)
        except ExplorerError as error:
            told[key] = str(error)

    threads = [_thread(lambda: ask("first"))]
    begun.wait(60)
    threads += [_thread(lambda key=key: ask(key)) for key in ("good", "bad")]
    while len(gathered._waiting) < 2:
        go.wait(0.01)
    go.set()
    for thread in threads:
        thread.join(60)
    assert told == {"first": ["first"], "good": ["good"], "bad": "It is bad."}
    with pytest.raises(ExplorerError):  # and is tried again
        gathered.get(["bad"], work)
    assert batches[-1] == ["bad"]
