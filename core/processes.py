"""Work in other processes that import what they need and nothing of the program that asked.

By themselves, spawned processes run the main script again. That is the whole app when Streamlit
asks, and a crash in a script without `if __name__ == "__main__"`.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_main = Lock()


def map_in_processes(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    chunksize: int = 1,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> Iterator[Result]:
    """Yield `work(job)` of every job in order; what is left is dropped when the caller stops.

    Args:
        work: a function of a module that can be imported.
        initializer: called once in each process, with `initargs`.
    """
    # Spawned, not forked: torch's threads and a server's locks do not survive a fork.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer, initargs)
    try:
        with _no_main():  # the processes start while the jobs are handed in
            results = pool.map(work, jobs, chunksize=chunksize)
        yield from results
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the main module, so that a process that starts has none to run."""
    with _main:
        hidden, bare = sys.modules["__main__"], ModuleType("__main__")
        sys.modules["__main__"] = bare
        try:
            yield
        finally:
            if sys.modules["__main__"] is bare:  # Streamlit puts its own there for each run
                sys.modules["__main__"] = hidden
