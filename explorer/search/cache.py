"""Cached: what finds a set's nearest images and regions."""

import streamlit as st

from core.archive.search import Searcher, search_set
from core.inference.predictor import Predictor
from core.studies import StudySet
from explorer.shared import cache


@st.cache_resource(max_entries=4, show_spinner="Preparing the search", hash_funcs=cache.KEYS)
def _searcher(model: Predictor, fingerprint: str, regions: bool, _studies: StudySet) -> Searcher:
    return search_set(
        model, _studies, regions, lambda: cache.encode_set(model, fingerprint, _studies)
    )


def searcher(spec: str, of: StudySet, regions: bool) -> Searcher:
    """What finds a set's nearest images or regions; an archive's from its shards."""
    return _searcher(cache.predictor(spec), cache.fingerprint_of(of), regions, of)
