"""Work ahead of its use: in a thread, while somebody looks at what is there already."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_begun: set[Hashable] = set()
_ahead: dict[Hashable, "Future[Any]"] = {}


def begin(jobs: dict[Hashable, Callable[[], Any]], pause: float) -> None:
    """Do what nobody began yet, one after another in one thread; its results wait for `result`.

    Args:
        jobs: what to do, by what it makes.
        pause: seconds before the first; reading a large library stops all other threads, and what
            was just drawn shall be on its way to the browser first.
    """
    with _lock:
        new = {key: Future[Any]() for key in jobs if key not in _begun}
        _begun.update(new)
        _ahead.update(new)
    if new:
        todo = [(future, jobs[key]) for key, future in new.items()]
        threading.Thread(target=_work, args=(todo, pause), daemon=True).start()


def result(key: Hashable, make: Callable[[], T]) -> T:
    """What was made ahead, waited for where it is at work; made here where it was not begun.

    Given once: whoever asks keeps it. What failed ahead is tried again, so that it is said here.
    """
    with _lock:
        _begun.add(key)  # nobody needs to begin it any more
        future: Future[T] | None = _ahead.pop(key, None)
    if future is None or future.cancel():
        return make()
    if future.exception() is not None:
        return make()
    return future.result()


def _work(todo: list[tuple["Future[Any]", Callable[[], Any]]], pause: float) -> None:
    time.sleep(pause)
    for future, make in todo:
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(make())
            except BaseException as error:  # whoever asks for the result tries again
                future.set_exception(error)
