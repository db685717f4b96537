"""Work in other processes that import what they need and nothing of the program that asked.

By themselves, spawned processes run the main script again. That is the whole app when Streamlit
asks, and a crash in a script without `if __name__ == "__main__"`.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import connection, get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from threading import Lock, Thread
from types import ModuleType
from typing import Any, TypeVar

from core.errors import ExplorerError
from core.progress import Progress

Job = TypeVar("Job")
Result = TypeVar("Result")

_main = Lock()
_PATIENCE = 0.5  # seconds that a caller may have to wait before it can stop


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    chunksize: int = 1,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> Iterator[Result]:
    """Yield `work(job)` of every job in order; what is left is dropped when the caller stops.

    At most four chunks a worker are under way, so that a slow caller fills no memory.

    Args:
        work: a function of a module that can be imported.
        initializer: called once in each process, with `initargs`.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a process ended by itself.
    """
    pool = ProcessPoolExecutor(workers, _context(), _start, (initializer, initargs))
    under_way: deque[Future[list[Result]]] = deque()
    try:
        for first in range(0, len(jobs), chunksize):
            with _no_main():  # processes start as jobs are handed in
                under_way.append(pool.submit(_each, work, jobs[first : first + chunksize]))
            if len(under_way) == 4 * workers:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def run_in_process(
    work: Callable[[Job, Callable[..., None]], Result],
    job: Job,
    progress: Callable[..., None] | None = None,
) -> Result:
    """`work(job, progress)` in a process of its own, which ends when the caller stops waiting.

    Args:
        work: a function of a module that can be imported.
        progress: called as the work calls its own (`core.progress`, or whatever can be sent), and
            again while it says nothing new, so that a caller who is to stop can raise there.

    Raises:
        ExplorerError: what the work raises, or its process ended by itself.
    """
    context = _context()
    here, there = context.Pipe(duplex=False)
    # A context of one of several kinds, of which the type does not say that each has processes.
    process = context.Process(target=_tell, args=(work, job, there), daemon=True)  # type: ignore[attr-defined]
    with _no_main():
        process.start()
    there.close()
    told: tuple[Any, ...] | None = None
    try:
        while True:
            if here.poll(_PATIENCE):
                kind, value = here.recv()
                if kind == "result":
                    result: Result = value
                    return result
                if kind == "error":
                    raise value
                told = value
            if progress and told is not None:
                progress(*told)
    except EOFError:
        raise ExplorerError(
            "A process ended before its work was done; free some memory and try again."
        ) from None
    finally:
        here.close()
        process.kill()
        process.join()


def prepare_processes() -> None:
    """Have what processes start from import its modules, while the caller does something else."""
    if _context().get_start_method() == "forkserver":
        from multiprocessing import forkserver  # not to be imported on every system

        with _no_main():
            forkserver.ensure_running()


@cache
def _context() -> BaseContext:
    """Forks of a server that has imported what most need, where a system has such; else spawned.

    Never forks of this process: torch's threads and a server's locks do not survive that.
    """
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["core.specs", "core.preprocessing"])
    return context


def _each(work: Callable[[Job], Result], jobs: Sequence[Job]) -> list[Result]:
    return [work(job) for job in jobs]


def _tell(work: Callable[[Job, Progress], Any], job: Job, there: Any) -> None:
    """Do the work and send what becomes of it."""
    _start(None, ())
    try:
        there.send(("result", work(job, lambda *told: there.send(("progress", told)))))
    except Exception as error:  # whatever it is, the caller has to know
        there.send(("error", error))


def _start(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    if initializer:
        initializer(*initargs)


def _end_with_parent() -> None:
    """A worker whose program was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


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
