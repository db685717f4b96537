"""What was made lately and costs to make again, within a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from threading import Lock
from typing import Any, Generic, TypeVar

_NUMBER = 8  # bytes
T = TypeVar("T")


class Recent(Generic[T]):
    """The least recently used is forgotten first; safe to share between threads.

    The newest stays, however large it is. Whoever still uses what was forgotten keeps it alive.
    """

    def __init__(
        self, limit: int, size: Callable[[T], int], ahead: bool = False, growing: bool = False
    ) -> None:
        """None yet.

        Args:
            limit: bytes.
            size: bytes of one.
            growing: whether what is kept takes more bytes as it is used; all are measured again
                whenever another is made.
            ahead: make room before one is made, else the old ones and the new one are there at
                once: as much as it took the last time, else as `get` expects, else as the largest
                so far took.
        """
        self._limit, self._size, self._ahead, self._growing = limit, size, ahead, growing
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._being_made: dict[Hashable, Future[T]] = {}
        self._sizes: dict[Hashable, int] = {}  # of those kept; with `ahead`, of all ever made
        self._total = 0  # bytes of those kept
        self._lock = Lock()

    @property
    def nbytes(self) -> int:
        """Of all that are kept."""
        with self._lock:
            self._measure_again()
            return self._total

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def clear(self) -> None:
        """Forget all that are kept."""
        with self._lock:
            self._make_room(self._limit + 1, 0)

    def kept(self, key: Hashable) -> T | None:
        """What a key stands for, where it is kept; it is used so."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Keep what was made elsewhere."""
        with self._lock:
            self._keep(key, value)

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
            self._keep(key, value)
        mine.set_result(value)
        return value

    def _keep(self, key: Hashable, value: T) -> None:
        self._measure_again()
        if key in self._kept:
            self._total -= self._sizes[key]
        self._kept[key] = value
        self._kept.move_to_end(key)
        self._sizes[key] = self._size(value)
        self._total += self._sizes[key]
        self._make_room(0, 1)

    def _measure_again(self) -> None:
        if self._growing:
            self._sizes = {key: self._size(value) for key, value in self._kept.items()}
            self._total = sum(self._sizes.values())

    def _make_room(self, wanted: int, least: int) -> None:
        """Forget until so many bytes more would fit, or so few are left."""
        while self._total + wanted > self._limit and len(self._kept) > least:
            key, _ = self._kept.popitem(last=False)
            self._total -= self._sizes[key]
            if not self._ahead:  # which guesses by it; else a name of all that ever was would stay
                del self._sizes[key]


def nbytes_of(value: Any) -> int:
    """Bytes of arrays, tensors, texts and what holds them, without what Python adds to each.

    >>> nbytes_of({"a": b"1234", "b": ["12", bytearray(3)]})
    11
    """
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    if (size := getattr(value, "nbytes", None)) is not None:
        return int(size)
    if isinstance(value, Mapping):
        return sum(nbytes_of(one) + nbytes_of(key) for key, one in list(value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return sum(map(nbytes_of, value))
    if value is None or isinstance(value, bool | int | float):
        return _NUMBER
    return sum(map(nbytes_of, vars(value).values())) if hasattr(value, "__dict__") else _NUMBER
