"""Cached: zero-shot scores of a set and a study, AUC, and what edited prompts change."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.evaluation.evaluate import auc_report
from core.evaluation.prompt_change import PromptChange, prompt_change
from core.evaluation.report import EvaluationReport
from core.inference.encoded_set import encodings_of
from core.inference.predictor import Predictor
from core.inference.prompt_shares import PromptShare, prompt_shares
from core.inference.prompts import PromptSet, default_prompts
from core.inference.zero_shot import Scores
from core.studies import StudySet
from explorer.shared import cache
from explorer.shared.progress import page_progress


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _scores(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
            _prompts: PromptSet) -> Scores:  # fmt: skip
    if encodings_of(_studies) is not None:
        with page_progress("Reading the regions for new prompts") as progress:
            return model.score_set(_studies, _prompts, progress)
    return model.score(cache.encode_set(model, fingerprint, _studies), _prompts)


def scores(spec: str, of: StudySet, prompts: PromptSet) -> Scores:
    """Zero-shot scores of a whole set, (B, F) each."""
    return _scores(cache.predictor(spec), cache.fingerprint_of(of), prompts.to_json(), of, prompts)


def study_scores(spec: str, of: StudySet, row: int, prompts: PromptSet) -> dict[str, Any]:
    """Zero-shot scores of one study, (F,) each."""
    found = cache.predictor(spec).score(cache.image_encoding(spec, of, row), prompts)
    return {name: value[0] for name, value in found.items()}


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=cache.KEYS)
def _shares(model: Predictor, fingerprint: str, row: int, texts: tuple[str, ...],
            _studies: StudySet) -> list[PromptShare]:  # fmt: skip
    image = cache.images(model, fingerprint, row, _studies).encoding
    return prompt_shares(model.model, image, model.encode_texts(list(texts)))


def shares(spec: str, of: StudySet, row: int, texts: Sequence[str]) -> list[PromptShare]:
    """Each prompt of one side of a finding for one study, in order."""
    return _shares(cache.predictor(spec), cache.fingerprint_of(of), row, tuple(texts), of)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _auc(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
         _prompts: PromptSet) -> EvaluationReport:  # fmt: skip
    found = _scores(model, fingerprint, prompts_json, _studies, _prompts)
    return auc_report(_studies, _prompts, found, 500)


def auc(spec: str, of: StudySet, prompts: PromptSet) -> EvaluationReport:
    """AUC of every finding over the set with intervals."""
    return _auc(cache.predictor(spec), cache.fingerprint_of(of), prompts.to_json(), of, prompts)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _against_default(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
                     _prompts: PromptSet) -> PromptChange:  # fmt: skip
    default = default_prompts()
    edited = _scores(model, fingerprint, prompts_json, _studies, _prompts)["lrclr"]
    before = _scores(model, fingerprint, default.to_json(), _studies, default)["lrclr"]
    return prompt_change(_studies, (default, before), (_prompts, edited), 500)


def against_default(spec: str, of: StudySet, prompts: PromptSet) -> PromptChange:
    """Change of AUC against the default prompts, the same cases for both; changed findings only."""
    return _against_default(
        cache.predictor(spec), cache.fingerprint_of(of), prompts.to_json(), of, prompts
    )
