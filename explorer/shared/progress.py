"""A progress bar with an estimate, for what takes longer than a moment."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from core.backbones.downloads import Download

_heard = threading.local()


@contextmanager
def heard_by(tell: Callable[[int, int], None]) -> Iterator[None]:
    """In this thread, which draws no page, `tell` gets what `page_progress` would show."""
    before = getattr(_heard, "tell", None)
    _heard.tell = tell
    try:
        yield
    finally:
        _heard.tell = before


@contextmanager
def part(begin: float, end: float) -> Iterator[None]:
    """What this thread tells meanwhile is a part of the work: shares of it, 0 to 1.

    So that a bar over two pieces of work fills once.
    """
    tell: Callable[[int, int], None] = getattr(_heard, "tell", None) or _nobody

    def scaled(done: int, total: int) -> None:
        tell(round(1000 * (begin + (end - begin) * done / max(total, 1))), 1000)

    with heard_by(scaled):
        yield


def _nobody(_done: int, _total: int) -> None:
    """Hear nothing."""


@contextmanager
def page_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that fills as the callback is given (done, total), and goes when the work is done."""
    if get_script_run_ctx(suppress_warning=True) is None:  # work ahead: nobody looks at a page
        yield getattr(_heard, "tell", None) or _nobody
        return
    bar = st.progress(0.0, f"{what} ...")
    started = time.monotonic()

    def show(done: int, total: int) -> None:
        left = (time.monotonic() - started) / max(done, 1) * (total - done)
        bar.progress(
            min(done / max(total, 1), 1.0), f"{what}: {done} of {total}, {left:.0f} s left"
        )

    try:
        yield show
    finally:
        bar.empty()


@contextmanager
def page_download(
    cancelled: Callable[[], None] | None = None,
) -> Iterator[Callable[[Download | None, int], None]]:
    """A bar for weights that are fetched, with their size and licence; nothing where none are.

    Args:
        cancelled: called when the reader presses Cancel, before the page is drawn anew; the draw
            that fetches ends at its next report. None: no such button.
    """
    place, context = st.empty(), get_script_run_ctx()
    started, bars = time.monotonic(), list[DeltaGenerator]()

    def bar() -> DeltaGenerator:
        if not bars:
            box = place.container()
            bars.append(box.progress(0.0, "Asking the Hugging Face Hub ..."))
            if cancelled:
                box.button("Cancel", icon=":material/close:", on_click=cancelled,
                           key="cancel_fetch", width="stretch")  # fmt: skip
        return bars[0]

    def show(download: Download | None, here: int) -> None:
        if get_script_run_ctx(suppress_warning=True) is None:  # a thread of the downloader's own
            add_script_run_ctx(threading.current_thread(), context)
        if download is None:
            bar().progress(0.0, "Asking the Hugging Face Hub ...")
            return
        left = (time.monotonic() - started) / max(here, 1) * (download.size - here)
        said = f"Fetching {download}: {here / 1e6:.0f} MB are here, {left:.0f} s left"
        bar().progress(min(here / max(download.size, 1), 1.0), said)

    try:
        yield show
    finally:
        place.empty()
