"""Cached: what each model made of a film and a text, with the seconds that it took the first time.

Kept by the model's name, not by the loaded model: an answer that is kept is shown again without
loading a model that had to make room for another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.studies import StudySet
from explorer import access
from explorer.shared import cache
from explorer.shared.kept import by_study

if TYPE_CHECKING:
    from core.evaluation.arena import ArenaEntry


@by_study(st.cache_data, max_entries=256, show_spinner="Reading the film")
def _entry(
    spec: str, written: int, fingerprint: str, row: int, text: str, method: str, anyway: bool,
    _studies: StudySet,
) -> ArenaEntry:  # fmt: skip
    from core.evaluation.arena import model_entry

    return model_entry(cache.predictor(spec), _studies.image(row), text, method, row, anyway)


def entry(spec: str, of: StudySet, row: int, text: str, method: str, anyway: bool) -> ArenaEntry:
    """A model's map, scores and seconds; see `core.evaluation.arena.model_entry`.

    Raises:
        ExplorerError: there is no such model or this session may not load it, it does not know the
            words, or has no such map.
    """
    access.check_model(spec)
    fingerprint = cache.fingerprint_of(of)
    return _entry(spec, cache.written(spec), fingerprint, row, text, method, anyway, of)
