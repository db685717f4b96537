"""Cached: what a run kept of its pinned films, as the browser takes it."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.training.runs import Run


@st.cache_data(max_entries=32, show_spinner=False)
def _time_lapse(folder: str, kept: tuple[int, int]) -> tuple[list[str], list[dict[str, Any]]]:
    from core.training.timelapse import read_timelapse
    from explorer.runs.lapse_sent import content

    seen = read_timelapse(Path(folder))
    if seen is None:
        return [], []
    return seen.names, [content(seen, place) for place in range(len(seen.names))]


def time_lapse(run: Run) -> tuple[list[str], list[dict[str, Any]]]:
    """Names of a run's pinned films and what the browser gets of each; read again at each check."""
    from core.training.timelapse import last_kept

    return _time_lapse(str(run.dir), last_kept(run.dir))
