"""What was made lately and costs to make again, within a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The least recently used is forgotten first; safe to share between threads.

    The newest stays, however large it is. Whoever still uses what was forgotten keeps it alive.
    """

    def __init__(self, limit: int, size: Callable[[T], int], ahead: bool = False) -> None:
        """None yet.

        Args:
            limit: bytes.
            size: bytes of one.
            ahead: make room before one is made, else the old ones and the new one are there at
                once: as much as it took the last time, else as `get` expects, else as the largest
                so far took.
        """
        self._limit, self._size, self._ahead = limit, size, ahead
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._being_made: dict[Hashable, Future[T]] = {}
        self._sizes: dict[Hashable, int] = {}  # of all that were ever made
        self._lock = Lock()

    @property
    def nbytes(self) -> int:
        """Of all that are kept."""
        with self._lock:
            return self._bytes()

    def get(self, key: Hashable, make: Callable[[], T], expected: int | None = None) -> T:
        """What a key stands for; of several that ask at once, one makes it and the others wait.

        Args:
            expected: bytes of what is made, where that can be told.

        Raises:
            whatever `make` raises, to all who wait; nothing is kept then. What is no Exception,
            such as the end of somebody's session, ends for that one alone: another makes it.
        """
        while True:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
                being_made = self._being_made.get(key)
                if being_made is None:
                    mine = self._being_made[key] = Future()
                    if self._ahead:
                        largest = max(self._sizes.values(), default=0)
                        guess = largest if expected is None else expected
                        self._make_room(self._sizes.get(key, guess), 0)
                    break
            try:
                return being_made.result()
            except Exception:
                raise
            except BaseException:  # of whoever made it: ask anew
                if being_made.exception() is None:
                    raise
        return self._make(key, make, mine)

    def _make(self, key: Hashable, make: Callable[[], T], mine: "Future[T]") -> T:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._being_made[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._being_made[key]
            self._kept[key] = value
            self._sizes[key] = self._size(value)
            self._make_room(0, 1)
        mine.set_result(value)
        return value

    def _bytes(self) -> int:
        return sum(self._sizes[key] for key in self._kept)

    def _make_room(self, wanted: int, least: int) -> None:
        """Forget until so many bytes more would fit, or so few are left."""
        while self._bytes() + wanted > self._limit and len(self._kept) > least:
            self._kept.popitem(last=False)
