"""What many ask for at once is worked on together, and kept.

Thirty sessions that each have one new text read it in thirty passes of one; what waits while a pass
is at work goes into the next one, so that nobody waits for the sake of a batch.
"""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from core.recent import Recent

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Work = Callable[[list[K]], Sequence[V]]
"""Values of some keys, in their order."""
Run = Callable[[Callable[[], None]], None]
"""Has something done, here or elsewhere; returns when it is."""


class Gathered(Generic[K, V]):
    """Values by key, the least recently used forgotten first; safe to share between threads."""

    def __init__(self, limit: int, size: Callable[[V], int], most: int) -> None:
        """None yet.

        Args:
            limit: bytes that are kept.
            size: bytes of one.
            most: keys that are worked on at once.
        """
        self._recent: Recent[V] = Recent(limit, size)
        self._most, self._lock, self._alone = most, Lock(), Lock()
        self._futures: dict[K, Future[V]] = {}  # of what waits and of what is at work
        self._waiting: dict[K, None] = {}  # in the order of asking

    def get(self, keys: Sequence[K], work: Work[K, V], run: Run | None = None) -> list[V]:
        """Values of keys, in their order.

        Args:
            work: makes those that are not kept, and what others wait for.
            run: by default here, when nobody else is at work.

        Raises:
            whatever `work` raises for a key, to all who asked for that key; nothing is kept then.
        """
        values: dict[K, V] = {}
        with self._lock:
            for key in dict.fromkeys(keys):
                kept = self._recent.kept(key)
                if kept is not None:
                    values[key] = kept
                elif key not in self._futures:
                    self._futures[key], self._waiting[key] = Future(), None
            futures = {key: self._futures[key] for key in keys if key not in values}
            begins = any(key in self._waiting for key in futures)
        if begins:
            (run or self._one_by_one)(lambda: self._work_off(work))
        values |= {key: future.result() for key, future in futures.items()}
        return [values[key] for key in keys]

    def _one_by_one(self, work_off: Callable[[], None]) -> None:
        with self._alone:  # what is asked for meanwhile is the next one's
            work_off()

    def _work_off(self, work: Work[K, V]) -> None:
        """Until nothing waits; what others have begun is theirs."""
        while True:
            with self._lock:
                some = list(self._waiting)[: self._most]
                for key in some:
                    del self._waiting[key]
            if not some:
                return
            self._make(some, work)

    def _make(self, keys: list[K], work: Work[K, V]) -> None:
        try:
            values = list(work(keys))
        except BaseException as error:
            if len(keys) > 1:  # whose it was is seen one by one
                for key in keys:
                    self._make([key], work)
                return
            with self._lock:
                future = self._futures.pop(keys[0])
            future.set_exception(error)
            return
        with self._lock:
            for key, value in zip(keys, values, strict=True):
                self._recent.put(key, value)
            futures = [self._futures.pop(key) for key in keys]
        for future, value in zip(futures, values, strict=True):
            future.set_result(value)
