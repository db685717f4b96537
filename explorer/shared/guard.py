"""Errors as one sentence on the page; the app stays up and what the user had stays too."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import ExplorerError


@contextmanager
def sentences() -> Iterator[None]:
    """Show an ExplorerError's sentence in place of what would have been drawn."""
    try:
        yield
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
