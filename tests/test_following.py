"""What a page does not wait for: who asks, what is dropped, what the bar says, by itself."""

import itertools
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.inference.lanes import Lanes
from explorer.shared import following, lanes
from explorer.shared.progress import page_progress, part

MANY = following.LARGE


class Held:
    """A lane that begins nothing until it is let go."""

    def __init__(self) -> None:
        self.lane, self.free = Lanes(1), threading.Event()
        self.lane.submit("", object(), self.free.wait)

    def let_go(self) -> None:
        """Work on all that waits, and wait for that."""
        self.free.set()
        until = time.monotonic() + 30
        while following.at_work() and time.monotonic() < until:
            time.sleep(0.005)
        assert not following.at_work()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    told = Held()
    monkeypatch.setattr(lanes, "resampling", lambda: told.lane)
    monkeypatch.setattr(following, "_jobs", OrderedDict())
    yield told
    told.free.set()


def asked_by(monkeypatch: pytest.MonkeyPatch, session: str) -> None:
    context = SimpleNamespace(session_id=session)
    monkeypatch.setattr(following, "get_script_run_ctx", lambda **_: context)


class Work:
    """Counts how often it is done; like a cached function it gives what it made before."""

    def __init__(self, value: str = "made") -> None:
        self.value, self.times = value, 0
        self.kept: str | None = None

    def __call__(self) -> str:
        if self.kept is None:
            self.times += 1
            self.kept = self.value
        return self.kept


def test_a_small_set_is_worked_on_where_it_is_asked_for(held: Held) -> None:
    assert following.ask("Bands", 1, MANY - 1, Work()) == "made"
    assert not following.at_work()


def test_of_a_large_set_a_job_comes_first_and_then_what_it_made(held: Held) -> None:
    work = Work()
    job = following.ask("Bands", 1, MANY, work)
    assert isinstance(job, following.Job) and work.times == 0
    assert following.ask("Bands", 1, MANY, work) is job
    held.let_go()
    assert following.ask("Bands", 1, MANY, work) == "made" and work.times == 1


def test_what_is_kept_on_disk_is_there_at_once(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_TURN", 20.0)  # of a busy computer
    held.free.set()
    assert following.ask("Bands", 1, MANY, Work()) == "made"


def test_nobody_waits_twice_or_for_the_turns_of_others(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PATIENCE", 20.0)
    monkeypatch.setattr(following, "_TURN", 0.01)
    began = time.monotonic()
    following.ask("Bands", 1, MANY, Work())  # which does not begin
    assert time.monotonic() - began < 10
    go_on, begun = threading.Event(), threading.Event()

    def at_work() -> str:
        begun.set()
        go_on.wait(30)
        return "made"

    job = following.ask("Slices", 1, MANY, at_work)
    held.free.set()
    assert begun.wait(30)
    assert isinstance(job, following.Job)
    job.asked -= 30  # seconds ago
    began = time.monotonic()
    assert following.ask("Slices", 1, MANY, at_work) is job
    assert time.monotonic() - began < 10
    go_on.set()


def test_the_newest_question_of_a_session_counts(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, other = Work(), Work(), Work()
    asked_by(monkeypatch, "one")
    following.ask("Bands", 1, MANY, first)
    following.ask("Bands", 2, MANY, second)  # another finding: nobody needs the first
    following.ask("Slices", 1, MANY, other)  # another part of the page
    held.let_go()
    assert (first.times, second.times, other.times) == (0, 1, 1)
    held.free.clear()
    held.lane.submit("", object(), held.free.wait)
    assert isinstance(following.ask("Bands", 1, MANY, first), following.Job)  # asked again
    held.let_go()
    assert first.times == 1


def test_what_another_session_asks_for_too_is_not_dropped_and_done_once(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()
    for session in ("one", "two"):
        asked_by(monkeypatch, session)
        following.ask("Bands", 1, MANY, work)
    following.ask("Bands", 2, MANY, Work())  # "two" goes on
    asked_by(monkeypatch, "one")
    job = following.ask("Bands", 1, MANY, work)
    assert isinstance(job, following.Job)
    held.let_go()
    assert following.ask("Bands", 1, MANY, work) == "made" and work.times == 1


def test_what_failed_is_said_once_and_tried_again(held: Held) -> None:
    def fail() -> str:
        raise ValueError("no memory")

    held.free.set()
    with pytest.raises(ValueError, match="no memory"):
        _end(fail)
    assert _end(Work()) == "made"


def _end(work: Callable[[], str]) -> Any:
    """What comes of it, however long a busy computer takes."""
    for _ in range(600):
        told = following.ask("Bands", 1, MANY, work)
        if not isinstance(told, following.Job):
            return told
        time.sleep(0.05)
    raise AssertionError("it never ends")


def test_only_so_many_are_remembered(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_KEPT", 3)
    monkeypatch.setattr(following, "_TURN", 0.0)
    for number in range(6):
        following.ask(f"Bands {number}", 1, MANY, Work())
    assert [title for title, _ in following._jobs] == ["Bands 3", "Bands 4", "Bands 5"]


def page() -> None:
    """A page that shows a job."""
    import streamlit as st

    from explorer.shared import following

    st.session_state["draws"] = st.session_state.get("draws", 0) + 1
    following.wait(following.SHOWN)  # type: ignore[attr-defined]


def bar(monkeypatch: pytest.MonkeyPatch, job: following.Job) -> tuple[AppTest, float, str]:
    """The page, and how full and with which words its bar is drawn."""
    monkeypatch.setattr(following, "SHOWN", job, raising=False)
    app = AppTest.from_function(page).run()
    assert not app.exception
    (told,) = [one.proto for one in app.get("progress")]
    return app, told.value, told.text


def test_a_bar_says_that_work_waits_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    job = following.Job("Bands")
    app, value, text = bar(monkeypatch, job)
    assert (value, text) == (0, "Bands: waits for its turn; the page can be used meanwhile")
    job.began = time.monotonic() - 3000
    assert bar(monkeypatch, job)[1:] == (0, "Bands ...; the page can be used meanwhile")
    job.tell(250, 1000)
    _, value, text = bar(monkeypatch, job)
    seconds = int(text.removeprefix("Bands, ").split(" s left")[0])
    assert value == 25 and 9000 <= seconds < 9600
    assert app.session_state["draws"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority on Linux alone")
def test_who_draws_a_page_goes_before_what_follows(held: Held) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    seen: list[int] = []
    before = priority()
    following.ask("Bands", 1, MANY, lambda: seen.append(priority()))
    held.let_go()
    assert seen == [max(before, following._BEHIND)] and priority() == before


def test_what_works_in_a_lane_tells_its_bar(held: Held) -> None:
    def work() -> str:
        with page_progress("Resampling") as progress:
            progress(3, 10)
        return "made"

    job = following.ask("Bands", 1, MANY, work)
    assert isinstance(job, following.Job)
    held.let_go()
    assert (job.done, job.total) == (3, 10) and job.began > 0


def test_a_bar_over_two_pieces_of_work_fills_once(held: Held) -> None:
    told: list[float] = []

    def work() -> str:
        for begin, end in ((0, 0.25), (0.25, 1)):
            with part(begin, end), page_progress("A piece") as progress:
                for done in (1, 2):
                    progress(done, 2)
                    told.append(job.done / job.total)
        return "made"

    job = following.ask("Bands", 1, MANY, work)
    assert isinstance(job, following.Job)
    held.let_go()
    assert told == [0.125, 0.25, 0.625, 1.0]
    with part(0, 0.5), page_progress("Nobody looks") as progress:
        progress(1, 2)


def test_the_page_is_looked_at_again_and_its_own_run_goes_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[Any] = []
    fragment = st.fragment

    def seen(function: Any = None, *, run_every: Any = None) -> Any:
        looks.append(run_every)
        return fragment(function, run_every=run_every)

    monkeypatch.setattr(following.st, "fragment", seen)
    job = following.Job("Bands")
    job.future.set_result(None)
    app, value, text = bar(monkeypatch, job)
    assert app.session_state["draws"] == 1 and looks == [following._LOOK]
    assert (value, text) == (100, "Bands: there in a moment")


def test_from_the_second_look_on_what_is_done_has_the_page_drawn_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Anew(Exception):
        """The page is drawn anew."""

    def rerun() -> None:
        raise Anew

    monkeypatch.setattr(following.st, "rerun", rerun)
    job, looks = following.Job("Bands"), itertools.count()
    for _ in range(4):  # not done
        following._bar(job, looks)
    job.future.set_result(None)
    with pytest.raises(Anew):
        following._bar(job, looks)
    looks = itertools.count()
    following._bar(job, looks)
    following._bar(job, looks)
    with pytest.raises(Anew):
        following._bar(job, looks)
