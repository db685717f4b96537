"""A progress bar with an estimate, for what takes longer than a moment."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def page_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that fills as the callback is given (done, total), and goes when the work is done."""
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
