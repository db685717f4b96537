"""Cached: what masks do to a score, what twins show, what maps reach on lesions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.inference.prompts import PromptSet, default_prompts
from core.studies import StudySet
from core.studies.selection import spread
from explorer.errors import cache as errors_cache
from explorer.errors.choice import FindingChoice
from explorer.shared import cache, state
from explorer.shared.progress import page_progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.analysis.lesion_bands import Band
    from core.analysis.lesions import LesionReport
    from core.analysis.masked_scores import MaskedScores
    from core.analysis.shortcuts import ShortcutReport
    from core.analysis.twins import TwinReport
    from core.inference.predictor import Predictor
    from core.studies.phantom_set import PhantomSet

Masked = tuple["ShortcutReport", "tuple[int, list[NDArray[np.float32]]] | None"]
"""What masks do to a score; and `masked_looks` of the first part that a film has."""


class ToldTwins(NamedTuple):
    """What twins show, and one of them."""

    report: TwinReport
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]]  # (H, W) of the low and the high side
    scores: tuple[float, float]  # of the finding
    has_finding: bool


class ToldLesions(NamedTuple):
    """What maps reach on lesions."""

    report: LesionReport
    bands: tuple[Band, ...]


def _one(of: StudySet, finding: str) -> PromptSet:
    """The prompts of a finding alone."""
    prompts = errors_cache.asked_prompts(of, state.session().prompts)
    return PromptSet({finding: prompts[finding]})


class MaskedFilms(NamedTuple):
    """Films whole, masked and masked elsewhere, under a key of what was asked."""

    key: str
    scored: MaskedScores
    films: StudySet


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.KEYS)
def _masked(model: Predictor, fingerprint: str, prompts_json: str, score: str,
            parts: tuple[str, ...], films: int, draws: int, _studies: StudySet,
            _prompts: PromptSet) -> MaskedFilms:  # fmt: skip
    from core.analysis.masked_scores import score_masked

    with page_progress("Masking films") as progress:
        some = spread(_studies, films)
        scored = score_masked(model, some, _prompts, parts, draws, score=score, progress=progress)
    key = f"{model.model_hash} {fingerprint} {prompts_json} {score} {parts} {films} {draws}"
    return MaskedFilms(key, scored, some)


def _of_masked(masked: MaskedFilms) -> str:
    return masked.key


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={MaskedFilms: _of_masked})
def _of_finding(masked: MaskedFilms, finding: str) -> Masked:
    from core.analysis.masked_scores import masked_looks
    from core.analysis.shortcuts import shortcut_report

    report = shortcut_report(masked.scored.only(finding), errors_cache.RESAMPLES)
    shown = next((one.part for one in report.shortcuts), None)
    parts = tuple(masked.scored.masked)
    return report, masked_looks(masked.films, parts, shown) if shown else None


def masked(choice: FindingChoice, of: StudySet, parts: tuple[str, ...], films: int, draws: int
           ) -> Masked:  # fmt: skip
    """How far the session's score moves where parts of some films are masked, and elsewhere.

    Films are masked and encoded once for all findings: another finding costs no pass.
    """
    here, prompts = state.session(), errors_cache.asked_prompts(of, state.session().prompts)
    films_masked = _masked(
        cache.predictor(here.model), cache.fingerprint_of(of), prompts.to_json(),
        here.judged_score, parts, films, draws, of, prompts,
    )  # fmt: skip
    return _of_finding(films_masked, choice.finding)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=cache.KEYS)
def _twins(model: Predictor, fingerprint: str, prompts_json: str, score: str, change: str,
           count: int, _studies: PhantomSet, _prompts: PromptSet) -> ToldTwins:  # fmt: skip
    from core.analysis.twin_scores import compare_twins, draw_twins

    with page_progress(f"Drawing and scoring {count} twins") as progress:
        report = compare_twins(model, _studies, _prompts, change, count, score,
                               errors_cache.RESAMPLES, progress=progress)  # fmt: skip
    drawn = draw_twins(_studies, change, 1)  # the first of them, drawn from the same seed
    first, second = (one.display_image(0) for one in (drawn.low, drawn.high))
    low, high = (float(model.score_set(one, _prompts)[score][0, 0])
                 for one in (drawn.low, drawn.high))  # fmt: skip
    present = bool(drawn.low.labels[next(iter(_prompts))].iloc[0] == 1)
    return ToldTwins(report, (first, second), (low, high), present)


def twins(choice: FindingChoice, of: PhantomSet, change: str, count: int) -> ToldTwins:
    """What one thing alone does to the session's score of a finding, beside slices of the set.

    Raises:
        ExplorerError: the finding is what the change makes.
    """
    here, prompts = state.session(), _one(of, choice.finding)
    return _twins(cache.predictor(here.model), cache.fingerprint_of(of), prompts.to_json(),
                  here.judged_score, change, count, of, prompts)  # fmt: skip


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=cache.KEYS)
def _lesions(model: Predictor, fingerprint: str, prompts_json: str, score: str,
             methods: tuple[str, ...], films: int, _studies: StudySet,
             _prompts: PromptSet | None) -> ToldLesions:  # fmt: skip
    from core.analysis.lesion_bands import lesion_bands
    from core.analysis.lesion_maps import lesion_cases
    from core.analysis.lesions import lesion_report

    with page_progress("Mapping films") as progress:
        cases = lesion_cases(model, spread(_studies, films), methods, _prompts, score,
                             progress=progress)  # fmt: skip
    with page_progress("Resampling the patients, maps and lesions") as progress:
        report = lesion_report(cases, n_bootstrap=errors_cache.RESAMPLES, progress=progress)
        return ToldLesions(report, lesion_bands(cases, errors_cache.RESAMPLES))


def lesions(of: StudySet, methods: tuple[str, ...], films: int) -> ToldLesions:
    """What maps reach on every lesion of some films, against what the lesions are like.

    Raises:
        ExplorerError: the films have neither masks nor boxes.
    """
    here = state.session()
    edited = None if here.prompts == default_prompts() else here.prompts  # as the command has it
    return _lesions(cache.predictor(here.model), cache.fingerprint_of(of), here.prompts.to_json(),
                    here.judged_score, methods, films, of, edited)  # fmt: skip
