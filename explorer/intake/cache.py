"""Cached: small pictures of files that may be imported; they are the session's own."""

from pathlib import Path

import streamlit as st

from core.intake.thumbnail import thumbnail
from explorer.shared import figures


@st.cache_data(max_entries=64, show_spinner=False, scope="session")
def _thumbnail(path: str, written: int, size: int) -> str | None:
    picture = thumbnail(Path(path))
    return None if picture is None else figures.data_uri(picture)


def thumbnail_uri(path: Path | None) -> str | None:
    """A small picture of a file as a data URI; None where there is none that can be read."""
    try:
        told = path.stat() if path is not None else None
    except (OSError, ValueError):
        return None
    return _thumbnail(str(path), told.st_mtime_ns, told.st_size) if told is not None else None
