"""Cached: what finds a set's nearest images and regions."""

import streamlit as st

from core.archive.embedded_set import EmbeddedSet
from core.archive.search import Searcher, search_archive, search_encoding
from core.inference.predictor import Predictor
from core.studies import StudySet
from explorer.shared import cache


@st.cache_resource(max_entries=4, show_spinner="Preparing the search", hash_funcs=cache.KEYS)
def _searcher(model: Predictor, fingerprint: str, regions: bool, _studies: StudySet) -> Searcher:
    if isinstance(_studies, EmbeddedSet):
        _studies.check_model(model.name, model.model_hash)
        return search_archive(_studies.archive, regions)
    return search_encoding(cache.encode_set(model, fingerprint, _studies), regions)


def searcher(spec: str, of: StudySet, regions: bool) -> Searcher:
    """What finds a set's nearest images or regions; an archive's from its shards."""
    return _searcher(cache.predictor(spec), cache.fingerprint_of(of), regions, of)
