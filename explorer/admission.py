"""Codes that sessions were let in by. `explorer.access` says what follows from them.

A code is held by session, not by browser: a page that is loaded anew gives it again, by its
address. Wrong ones are counted by address, so that nobody tries many.
"""

import hmac
import time
from collections import OrderedDict, deque
from threading import Lock

from core.errors import ExplorerError
from core.serving.codes import plain_code

_SESSIONS = 4096  # whose codes are held; who came first goes first
_WRONG, _WHILE = 20, 60.0  # wrong codes of an address, within so many seconds
_lock = Lock()
_held: OrderedDict[str, str] = OrderedDict()
_wrong: OrderedDict[str, deque[float]] = OrderedDict()


def give(session: str, address: str, typed: str, rights: tuple[str, ...]) -> bool:
    """Hold the code that a session gives, where it is right.

    Args:
        session: whose it is; "" of nobody, who holds none.
        address: where it comes from.
        rights: the server's codes; an empty one is none.

    Raises:
        ExplorerError: this address gave too many wrong ones just now.
    """
    code = plain_code(typed)
    if not (session and code):
        return False
    with _lock:
        if _held.get(session) == code:
            return _is_one_of(code, rights)
        now = time.monotonic()
        tries = _wrong.setdefault(address, deque(maxlen=_WRONG))
        if len(tries) == _WRONG and now - tries[0] < _WHILE:
            raise ExplorerError("Too many wrong codes came from here; wait a minute and try again.")
        if not _is_one_of(code, rights):
            tries.append(now)
            _bound(_wrong)
            return False
        _held[session] = code
        _bound(_held)
        return True


def holds(session: str, code: str) -> bool:
    """Whether a session gave this code of the server."""
    with _lock:
        held = _held.get(session, "")
    return bool(session) and _is_one_of(held, (code,))


def _is_one_of(code: str, rights: tuple[str, ...]) -> bool:
    equal = [hmac.compare_digest(code.encode(), plain_code(one).encode()) for one in rights if one]
    return bool(code) and any(equal)


def _bound(held: "OrderedDict[str, str] | OrderedDict[str, deque[float]]") -> None:
    while len(held) > _SESSIONS:
        held.popitem(last=False)
