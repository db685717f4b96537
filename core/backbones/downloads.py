"""Who is told of downloads: what is fetched, how large it is, and how much of it is here.

A context variable, so that no loader between a page or command and the Hub has to pass it on.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Download:
    """A download that is about to begin or goes on."""

    repo: str
    size: int  # bytes, as the Hub states it; what is here already is not counted
    licence: str  # of the model card, or "not stated"
    folder: Path  # the Hub's cache

    def __str__(self) -> str:
        return f"{self.repo}, {self.size / 1e6:.1f} MB, licence: {self.licence}"


Reporter = Callable[[Download, int], None]  # and the bytes that are here
_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


@contextmanager
def reporting(to: Reporter) -> Iterator[None]:
    """Within it `to` is told of downloads."""
    before = _reporter.set(to)
    try:
        yield
    finally:
        _reporter.reset(before)


def reporter() -> Reporter | None:
    """Who is to be told here, if anyone."""
    return _reporter.get()
