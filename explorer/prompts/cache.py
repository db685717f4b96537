"""Cached: zero-shot scores of a set and a study, AUC, and what edited prompts change."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.analysis.probability import Probability, kept_probabilities
from core.evaluation.answers import TextScore, kept_answer
from core.evaluation.study_scores import text_prompts
from core.inference.encoded_set import encodings_of
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts
from core.kept_result import kept_result
from core.studies import StudySet, UploadedSet
from core.studies.phantom_set import PhantomSet
from explorer import access
from explorer.shared import cache, following
from explorer.shared.following import Job
from explorer.shared.kept import MIB, by_study, in_bytes
from explorer.shared.progress import page_progress

if TYPE_CHECKING:
    from core.evaluation.evaluate import DrawnAuc
    from core.evaluation.prompt_change import PromptChange
    from core.evaluation.report import EvaluationReport
    from core.inference.predictor import Predictor
    from core.inference.prompt_shares import PromptShare
    from core.inference.text_scores import SetTexts
    from core.inference.zero_shot import Scores

_RESAMPLES = 500


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _archive_scores(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
                    _prompts: PromptSet) -> Scores:  # fmt: skip
    with page_progress("Reading the regions for new prompts") as progress:
        return model.score_set(_studies, _prompts, progress)


@st.cache_resource(max_entries=8, show_spinner=False)
def _set_texts(model_hash: str, fingerprint: str) -> SetTexts:
    from core.inference.text_scores import SetTexts

    return SetTexts()


@in_bytes(32 * MIB)
def _finding_scores(model: Predictor, fingerprint: str, positive: tuple[str, ...],
                    negative: tuple[str, ...], _studies: StudySet) -> Scores:  # fmt: skip
    """(B, 1) each: a finding's scores hang on no other's prompts, so an edit costs one finding."""
    prompts = PromptSet({"finding": FindingPrompts(positive, negative)})
    images = cache.encode_set(model, fingerprint, _studies)
    return _set_texts(model.model_hash, fingerprint).scores(model, images, prompts)


def _scores(model: Predictor, fingerprint: str, studies: StudySet, prompts: PromptSet) -> Scores:
    if encodings_of(studies) is not None:  # whose patches are read from disk, once for all findings
        return _archive_scores(model, fingerprint, prompts.to_json(), studies, prompts)
    columns = [
        _finding_scores(model, fingerprint, one.positive, one.negative, studies)
        for one in prompts.values()
    ]
    return {name: np.concatenate([one[name] for one in columns], axis=1) for name in columns[0]}


def set_scores(model: Predictor, of: StudySet, prompts: PromptSet) -> Scores:
    """`scores` by a model that a session was let in to."""
    return _scores(model, cache.fingerprint_of(of), of, prompts)


def scores(spec: str, of: StudySet, prompts: PromptSet) -> Scores:
    """Zero-shot scores of a whole set, (B, F) each."""
    return _scores(cache.predictor(spec), cache.fingerprint_of(of), of, prompts)


def score_ahead(spec: str, of: StudySet) -> None:
    """`scores` for the default prompts, and their AUC, before a session asks for them."""
    model, prompts = cache.kept_model(spec, cache.written(spec)), default_prompts()
    _auc(model, cache.fingerprint_of(of), prompts.to_json(), of, prompts)


def study_scores(spec: str, of: StudySet, row: int, prompts: PromptSet) -> dict[str, Any]:
    """Zero-shot scores of one study, (F,) each."""
    found = cache.predictor(spec).score(cache.image_encoding(spec, of, row), prompts)
    return {name: value[0] for name, value in found.items()}


def probabilities(
    spec: str, of: StudySet, prompts: PromptSet, own: NDArray[np.floating]
) -> dict[str, Probability]:
    """Of a study's scores (F,), where the model has a calibration of such pictures."""
    drawn = isinstance(of, PhantomSet)
    return kept_probabilities(spec, cache.predictor(spec).model_hash, prompts, own, drawn)


def text_score(
    spec: str, of: StudySet, row: int, text: str, reference: StudySet
) -> TextScore | Job:  # fmt: skip
    """Scores of one study for a text, and of a set's studies; an example's are kept in a file.

    Of a large archive, whose regions are read from disk, at first the job that does so.
    """
    answer = kept_answer(spec, of, row, text) if reference is of else None
    if answer is not None:
        access.check_model(spec)
        return answer.score
    prompts = text_prompts(text)
    model, name = cache.predictor(spec), cache.fingerprint_of(reference)
    films = len(reference) if encodings_of(reference) is not None else 0
    others = following.ask("Rank among the set's films", (model.model_hash, name, text), films,
                           lambda: _scores(model, name, reference, prompts))  # fmt: skip
    if isinstance(others, Job):
        return others
    if reference is of:
        own = {name: float(values[row, 0]) for name, values in others.items()}
    else:
        own = own_score(spec, of, row, text)
    return TextScore(own, others["lrclr"][:, 0])


def own_score(spec: str, of: StudySet, row: int, text: str) -> dict[str, float]:
    """Scores of one study for a text."""
    told = study_scores(spec, of, row, text_prompts(text))
    return {name: float(value[0]) for name, value in told.items()}


@by_study(st.cache_data, 8 * MIB, max_entries=64, show_spinner=False, hash_funcs=cache.KEYS)
def _shares(model: Predictor, fingerprint: str, row: int, texts: tuple[str, ...],
            _studies: StudySet) -> list[PromptShare]:  # fmt: skip
    from core.inference.prompt_shares import prompt_shares

    if encodings_of(_studies) is None and not isinstance(_studies, UploadedSet):
        images = cache.encode_set(model, fingerprint, _studies)
        kept = _set_texts(model.model_hash, fingerprint)
        return kept.shares(model, images, row, texts)
    image = cache.images(model, fingerprint, row, _studies).encoding
    return prompt_shares(model.model, image, model.encode_texts(list(texts)))


def shares(spec: str, of: StudySet, row: int, texts: Sequence[str]) -> list[PromptShare]:
    """Each prompt of one side of a finding for one study, in order."""
    return _shares(cache.predictor(spec), cache.fingerprint_of(of), row, tuple(texts), of)


@in_bytes(16 * MIB)
def _finding_auc(
    model: Predictor, fingerprint: str, finding: str, positive: tuple[str, ...],
    negative: tuple[str, ...], _studies: StudySet,
) -> DrawnAuc | None:  # fmt: skip
    from core.evaluation.evaluate import drawn_auc

    own = _finding_scores(model, fingerprint, positive, negative, _studies)
    return drawn_auc(_studies, finding, {name: one[:, 0] for name, one in own.items()}, _RESAMPLES)


def _auc_by_finding(
    model: Predictor, fingerprint: str, studies: StudySet, prompts: PromptSet
) -> EvaluationReport:
    """As `auc_report`, of which an edit asks for one finding."""
    from core.evaluation.evaluate import joined_report

    drawn = {
        name: _finding_auc(model, fingerprint, name, one.positive, one.negative, studies)
        for name, one in prompts.items()
    }
    readable = cache.encode_set(model, fingerprint, studies).readable
    return joined_report(studies, drawn, readable)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _auc(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
         _prompts: PromptSet, resamples: int = _RESAMPLES) -> EvaluationReport:  # fmt: skip
    from core.evaluation.evaluate import auc_report
    from core.evaluation.report import EvaluationReport

    large = len(_studies) >= following.LARGE
    if encodings_of(_studies) is None and not large:
        return _auc_by_finding(model, fingerprint, _studies, _prompts)
    found = _scores(model, fingerprint, _studies, _prompts)

    def work() -> EvaluationReport:
        return auc_report(_studies, _prompts, found, resamples)

    if not (resamples and large):
        return work()
    labels = _studies.labels
    values = sha256(labels.to_numpy(float).tobytes() + _studies.patients.tobytes()).hexdigest()
    hangs_on = model.model_hash, fingerprint, prompts_json, list(labels), values
    return kept_result(EvaluationReport, hangs_on, work)


def auc(spec: str, of: StudySet, prompts: PromptSet) -> tuple[EvaluationReport, Job | None]:
    """AUC of every finding over the set with intervals, NaN while a job works on them."""
    model, told = cache.predictor(spec), prompts.to_json()
    asked = model, cache.fingerprint_of(of), told, of, prompts
    whose = "default prompts" if prompts == default_prompts() else "edited prompts"
    report = following.ask(f"Intervals of the AUC, {whose}", (model.model_hash, *asked[1:3]),
                           len(of), lambda: _auc(*asked))  # fmt: skip
    return (_auc(*asked, 0), report) if isinstance(report, Job) else (report, None)


@in_bytes(2 * MIB)
def _finding_change(
    model: Predictor, fingerprint: str, finding: str, edited: FindingPrompts,
    _studies: StudySet, _pair: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> PromptChange:  # fmt: skip
    """Of one finding that has default prompts, too, from its scores (B, 1) before and after."""
    from core.evaluation.prompt_change import prompt_change

    old, new = PromptSet({finding: default_prompts()[finding]}), PromptSet({finding: edited})
    return prompt_change(_studies, (old, _pair[0]), (new, _pair[1]), _RESAMPLES)


def _against_default(
    model: Predictor, fingerprint: str, studies: StudySet, prompts: PromptSet
) -> PromptChange:
    from core.evaluation.prompt_change import PromptChange

    default = default_prompts()
    before, after = (
        dict(zip(some, _scores(model, fingerprint, studies, some)["lrclr"].T, strict=True))
        for some in (default, prompts)
    )
    changes = [
        _finding_change(model, fingerprint, name, one, studies,
                        (before[name][:, None], after[name][:, None]))
        for name, one in prompts.items() if name in default and one != default[name]
    ]  # fmt: skip
    found = {name: edit for change in changes for name, edit in change.findings.items()}
    return PromptChange(found, tuple(name for change in changes for name in change.left_out))


def against_default(spec: str, of: StudySet, prompts: PromptSet) -> PromptChange | Job:
    """Change of AUC against the default prompts, the same cases for both; changed findings only."""
    model, fingerprint = cache.predictor(spec), cache.fingerprint_of(of)
    return following.ask(
        "Change of the AUC", (model.model_hash, fingerprint, prompts.to_json()), len(of),
        lambda: _against_default(model, fingerprint, of, prompts),
    )  # fmt: skip
