"""What a page of a large set does not wait for: it is drawn without, and again when it is there."""

import itertools
import logging
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillAtWork
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.inference.lanes import SupersededError
from explorer.shared import lanes
from explorer.shared.progress import heard_by

T = TypeVar("T")

LARGE = 2000
"""Films from which resampling takes seconds: below, a page waits for it and is drawn once."""
_KEPT = 128  # jobs that are remembered
_PATIENCE = 0.1  # seconds in which what is kept on disk is there, so that nothing is drawn twice
_TURN = 0.02  # seconds in which a free lane begins
_LOOK = 1.0  # seconds between two looks at a job
_BEHIND = 10  # of 19: how far work in a lane stands behind pages

# A cached function warns each time that no page is drawn where it is called; here that is meant.
logging.getLogger(get_script_run_ctx.__module__).addFilter(lambda one: one.threadName != "lane")
_lock = threading.Lock()
_jobs: OrderedDict[Hashable, "Job"] = OrderedDict()


@dataclass
class Job:
    """Work that is waited for, or being done; how far it is."""

    title: str
    future: "Future[Any]" = field(default_factory=Future)
    asked: float = field(default_factory=time.monotonic)
    began: float = 0.0  # by time.monotonic; 0.0 while it waits for its turn
    done: int = 0
    total: int = 1

    def tell(self, done: int, total: int) -> None:
        """Take how far it is."""
        self.done, self.total = done, total


def ask(title: str, hangs_on: Hashable, films: int, work: Callable[[], T]) -> T | Job:
    """`work()`, which is kept in a cache; of a large set at first the job that does it in a thread.

    What the same session asked for under this title before, and nobody has begun, is dropped.

    Args:
        title: what is done, in words; the same whatever it is done of, and one alone on a page.
        hangs_on: equal where the result is.
        films: of the set; below LARGE the work is done here.
        work: asks neither the session nor the page, and tells `page_progress` how far it is.

    Raises:
        ExplorerError: whatever the work raises.
    """
    if films < LARGE:
        return work()
    key = (title, hangs_on)
    job = _begun(key, work)
    try:
        _await(job)
    except StillAtWork:
        return job
    except SupersededError:  # by a session that asks for something else now; this one still does
        _forget(key)
        return _begun(key, work)
    except BaseException:
        _forget(key)  # so that it is tried again when it is asked for again
        raise
    return work()  # from the cache


def _await(job: Job) -> None:
    """Its end, as long as what is kept on disk takes; no page waits twice, or for others' turns.

    Raises:
        StillAtWork: it takes longer; and whatever the work raises.
    """
    with suppress(StillAtWork):
        job.future.result(max(job.asked + _TURN - time.monotonic(), 0))
        return
    if not job.began:
        raise StillAtWork
    job.future.result(max(job.asked + _PATIENCE - time.monotonic(), 0))


def wait(job: Job) -> None:
    """A bar that fills; when the work is done the page is drawn anew."""
    st.fragment(_bar, run_every=_LOOK)(job, itertools.count())


def at_work() -> bool:
    """Whether any work is not done yet."""
    with _lock:
        return not all(job.future.done() for job in _jobs.values())


def _begun(key: tuple[str, Hashable], work: Callable[[], Any]) -> Job:
    """The job of a key, handed to the lanes where it is new."""
    job = Job(key[0])

    def tell_and_work() -> None:
        _step_back()
        job.began = time.monotonic()
        with heard_by(job.tell):
            work()

    context = get_script_run_ctx(suppress_warning=True)
    asker = f"{context.session_id} {key[0]}" if context else ""
    with _lock:
        if key not in _jobs:
            job.future = lanes.resampling().submit(asker, key, tell_and_work)
            _jobs[key] = job
            while len(_jobs) > _KEPT:
                _jobs.popitem(last=False)
        _jobs.move_to_end(key)
        return _jobs[key]


def _step_back() -> None:
    """Have who draws a page go before this thread of a lane, where the system can: pages of 20,000
    films are then drawn in half to two thirds of the time."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        here = threading.get_native_id()
        with suppress(OSError):
            if os.getpriority(os.PRIO_PROCESS, here) < _BEHIND:
                os.setpriority(os.PRIO_PROCESS, here, _BEHIND)


def _forget(key: Hashable) -> None:
    with _lock:
        _jobs.pop(key, None)


def _bar(job: Job, looks: Iterator[int]) -> None:
    """How far it is.

    The first look is the page's own run: ended here, it would forget the boxes further down. The
    second may come right after it, when the browser has not drawn what those boxes begin with.
    """
    if next(looks) > 1 and job.future.done():
        st.rerun()
    if job.future.done():
        st.progress(1.0, f"{job.title}: there in a moment")
        return
    if not job.began:
        st.progress(0.0, f"{job.title}: waits for its turn; the page can be used meanwhile")
        return
    left = (time.monotonic() - job.began) / max(job.done, 1) * (job.total - job.done)
    said = f", {left:.0f} s left" if job.done else " ..."
    st.progress(min(job.done / max(job.total, 1), 1.0),
                f"{job.title}{said}; the page can be used meanwhile")  # fmt: skip
