"""What a page asks for a hundred times and what does not change while it is drawn.

Each look at a file lets another session's page go on first; of thirty pages at once all wait for
such looks longer than for anything else (`benchmarks/class.py`).
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

T = TypeVar("T")
_AGE = 1.0  # seconds for which it holds, where a page takes longer


class _Kept(threading.local):
    """Of the thread of a page, which ends with its run."""

    def __init__(self) -> None:
        self.values: dict[Hashable, tuple[float, Any]] = {}


_kept = _Kept()


def for_a_moment(key: Hashable, make: Callable[[], T]) -> T:
    """`make()`, or what it gave to this very run of a page within the last second.

    Raises:
        whatever `make` raises; that is asked anew.
    """
    if get_script_run_ctx(suppress_warning=True) is None:  # a route, a lane, a test
        return make()
    now = time.monotonic()
    until, value = _kept.values.get(key, (0.0, None))
    if until < now:
        value = make()
        _kept.values[key] = now + _AGE, value
    result: T = value
    return result
