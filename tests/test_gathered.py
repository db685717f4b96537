"""What many ask for at once: worked on together, once, and kept within bytes."""

import threading
from collections.abc import Callable
from functools import partial

import pytest

from core.errors import ExplorerError
from core.inference.gathered import Gathered


def _thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


class _Held:
    """Work that says when it has begun, and goes on when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self._begun, self._go = threading.Event(), threading.Event()

    def begin(self, keys: list[str]) -> None:
        """What the work on keys does first."""
        self.batches.append(keys)
        self._begun.set()
        self._go.wait(60)

    def end_with_others(
        self, gathered: Gathered[str, str], first: Callable[[], object],
        others: list[Callable[[], object]], waiting: int,
    ) -> None:  # fmt: skip
        """Have the first at work until the others have asked for so many keys; all have ended."""
        threads = [_thread(first)]
        self._begun.wait(60)
        threads += map(_thread, others)
        while len(gathered._waiting) < waiting:
            self._go.wait(0.01)
        self._go.set()
        for thread in threads:
            thread.join(60)


def test_what_waits_while_one_is_at_work_is_worked_on_together() -> None:
    gathered: Gathered[str, str] = Gathered(1000, len, most=16)
    held, told = _Held(), {}

    def work(keys: list[str]) -> list[str]:
        held.begin(keys)
        return [key.upper() for key in keys]

    def ask(*keys: str) -> None:
        told[keys] = gathered.get(keys, work)

    others = [partial(ask, key, "a", "x") for key in "bcdef"]
    held.end_with_others(gathered, partial(ask, "a"), others, 6)  # all five and what they share
    assert [sorted(batch) for batch in held.batches] == [["a"], [*"bcdefx"]]
    assert told[("c", "a", "x")] == ["C", "A", "X"]
    assert gathered.get(["f", "f", "a"], work) == ["F", "F", "A"]
    assert len(held.batches) == 2


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
    held, told = _Held(), {}

    def work(keys: list[str]) -> list[str]:
        held.begin(keys)
        if "bad" in keys:
            raise ExplorerError("It is bad.")
        return keys

    def ask(key: str) -> None:
        try:
            told[key] = gathered.get([key], work)
        except ExplorerError as error:
            told[key] = str(error)

    others = [partial(ask, key) for key in ("good", "bad")]
    held.end_with_others(gathered, partial(ask, "first"), others, 2)
    assert told == {"first": ["first"], "good": ["good"], "bad": "It is bad."}
    with pytest.raises(ExplorerError):  # and is tried again
        gathered.get(["bad"], work)
    assert held.batches[-1] == ["bad"]
