"""Labs that sessions opened, by a secret word that only the session's own page has.

A page that was let in by `explorer.access` opens a lab and gives its word to the browser; the route
serves whoever has a word, with the model of that lab and no other. Knows no Streamlit.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from core.inference.predictor import Predictor
from core.lab.frame import Lab

MOST = 64
"""Labs that are kept; each has some 20 MB of path lengths. The one that is not used goes first."""
_IDLE = 3600.0  # seconds after which a lab is closed


@dataclass
class OpenLab:
    """A lab with the number of the newest question that it was asked."""

    lab: Lab
    model_hash: str
    newest: int = 0
    used: float = field(default_factory=time.monotonic)


_benches: OrderedDict[str, OpenLab] = OrderedDict()
_lock = Lock()


def open_bench(
    word: str, predictor: Predictor, again: Callable[[], Predictor] | None = None
) -> str:
    """A lab for a model; that of the word where it is one for the same weights.

    Args:
        word: that the session has; "" where it has none.
        again: gives the model for each frame, so that a lab nobody looks at keeps none in memory.

    Returns:
        The word.
    """
    with _lock:
        bench = _benches.get(word)
        if bench is None or bench.model_hash != predictor.model_hash:
            _benches.pop(word, None)
            word = secrets.token_urlsafe(24)
            _benches[word] = OpenLab(Lab(again or predictor), predictor.model_hash)
        _touch(word)
        return word


def bench_of(word: str) -> OpenLab | None:
    """The lab of a word; None where there is none, or no longer."""
    with _lock:
        return _touch(word) if word in _benches else None


def _touch(word: str) -> OpenLab:
    now = time.monotonic()
    bench = _benches[word]
    bench.used = now
    _benches.move_to_end(word)
    for old in [w for w, one in _benches.items() if now - one.used > _IDLE]:
        del _benches[old]
    while len(_benches) > MOST:
        _benches.popitem(last=False)
    return bench
