"""Where passes of all sessions are worked on: a few lanes, in the order of asking.

Thirty sessions that each run a pass of their own share the cores in slices, and all wait for the
last; in lanes the first is there when its own pass is done. What is asked for in the same words by
several is worked on once, what a session asked for and has asked otherwise since is dropped, and
who was dropped keeps their place for what they asked instead.

Batches over sessions are not made: `benchmarks/micro_batches.py` has what they would cost on cores.
"""

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.errors import ExplorerError

T = TypeVar("T")
_MOST = 512  # requests that wait; more would wait for minutes
_in_lane = threading.local()


class SupersededError(Exception):
    """The same asker has asked for something else since; nobody needs this any more."""


@dataclass
class _Job:
    """Something to do once, and who waits for it."""

    key: Hashable
    work: Callable[[], Any]
    place: int  # in the order of asking
    waiting: "list[Future[Any]]" = field(default_factory=list)
    askers: set[str] = field(default_factory=set)  # of those who wait, whose newest it is


class Lanes:
    """See the module; safe to share between threads."""

    def __init__(self, count: int, remembered: int = 0) -> None:
        """No thread runs before something is asked for.

        Args:
            count: lanes, 1 or more: as many passes are worked on side by side.
            remembered: newest results that are kept for who asks with `remember`.
        """
        self._count, self._remembered = count, remembered
        self._changed = threading.Condition()
        self._places = itertools.count()
        self._waiting: OrderedDict[int, _Job] = OrderedDict()  # by place
        self._jobs: dict[Hashable, _Job] = {}  # waiting or at work, by key
        self._newest: dict[str, tuple[_Job, Future[Any]]] = {}  # what waits of each asker
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._threads = 0
        self.worked = 0  # jobs that were done, for those who count

    def run(self, key: Hashable, work: Callable[[], T]) -> T:
        """`work()` in a lane, waited for; or what another does for the same key meanwhile.

        Args:
            key: equal where the result is.
            work: what is in a lane already works there, and waits for none.

        Raises:
            ExplorerError: too many wait already; and whatever the work raises.
        """
        if getattr(_in_lane, "here", False):
            return work()
        return self.submit("", key, work).result()

    def submit(
        self, asker: str, key: Hashable, work: Callable[[], T], remember: bool = False
    ) -> "Future[T]":
        """Ask for `work()`.

        Args:
            asker: whose newest request counts; what still waits of theirs ends with
                `SupersededError`. "" of nobody, all of whose requests count.
            key: equal where the result is.
            remember: keep the result for who asks for it next.

        Raises:
            ExplorerError: too many wait already.
        """
        future: Future[T] = Future()
        with self._changed:
            left = self._withdraw(asker)
            if remember and key in self._results:
                self._results.move_to_end(key)
                future.set_result(self._results[key])
            else:
                job = self._jobs.get(key)
                if job is None:
                    job = self._enter(key, work, remember, left)
                    left = None
                self._wait_for(job, asker, future)
            if left is not None:
                del self._waiting[left]
        return future

    def _withdraw(self, asker: str) -> int | None:
        """Drop what waits of an asker; the place that nobody else needs."""
        if asker not in self._newest:
            return None
        job, future = self._newest.pop(asker)
        job.waiting.remove(future)
        job.askers.discard(asker)
        _tell(future, None, SupersededError())
        if job.waiting:
            return None
        del self._jobs[job.key]
        return job.place

    def _enter(
        self, key: Hashable, work: Callable[[], Any], remember: bool, place: int | None
    ) -> _Job:
        """A new job, in the place of one that was dropped, or last."""
        if place is None:
            if len(self._waiting) >= _MOST:
                raise ExplorerError("Too many wait for this server; try again in a moment.")
            place = next(self._places)
        job = _Job(key, (lambda: self._remember(key, work())) if remember else work, place)
        self._jobs[key] = self._waiting[place] = job
        if self._threads < min(self._count, len(self._jobs)):
            self._threads += 1
            threading.Thread(target=self._work_on, name="lane", daemon=True).start()
        self._changed.notify()
        return job

    def _wait_for(self, job: _Job, asker: str, future: "Future[Any]") -> None:
        job.waiting.append(future)
        if asker and job.place in self._waiting:
            job.askers.add(asker)
            self._newest[asker] = job, future

    def _remember(self, key: Hashable, result: T) -> T:
        with self._changed:
            self._results[key] = result
            while len(self._results) > self._remembered:
                self._results.popitem(last=False)
        return result

    def _work_on(self) -> None:
        _in_lane.here = True
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                job = self._waiting.popitem(last=False)[1]
                for asker in job.askers:
                    del self._newest[asker]
            result, raised = None, None
            try:
                result = job.work()
            except BaseException as error:  # whoever asked shall hear it; the lane goes on
                raised = error
            with self._changed:
                del self._jobs[job.key]  # nobody joins any more
                self.worked += 1
            while job.waiting:
                _tell(job.waiting.pop(0), result, raised)
            del job, result, raised  # a lane that waits keeps no model alive


def _tell(future: "Future[Any]", result: Any, raised: BaseException | None) -> None:
    """End a future, unless who waited for it has gone."""
    if future.set_running_or_notify_cancel():
        if raised is None:
            future.set_result(result)
        else:
            future.set_exception(raised)
