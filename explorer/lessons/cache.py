"""Cached: scores of a text over a lesson's films, and maps, for everybody's probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.evaluation.study_scores import text_prompts
from core.lessons.reading_films import lesions
from core.lessons.reading_result import ReadingResult, reading_result
from core.metrics.froc import FilmMark, Mask
from core.records.reading import ReaderMarks, ReadingSet
from core.studies import StudySet
from core.studies.phantom_set import PhantomSet
from explorer.prompts import cache as prompt_cache
from explorer.regions import cache as region_cache
from explorer.shared import cache
from explorer.shared.kept import MIB, in_bytes
from explorer.shared.progress import page_progress

if TYPE_CHECKING:
    from core.inference.predictor import Predictor
    from core.lessons.bench import LessonBench
    from core.lessons.lesson import Lesson
    from core.lessons.shortcuts import ScoredTwins
    from core.lrclr.encodings import ImageEncoding


def bench(lesson: Lesson, seed: int) -> LessonBench:
    """What a student's pictures and probes work on; everything slow of it is cached.

    Raises:
        ExplorerError: the set or the model cannot be opened, or not by this session.
    """
    from core.lessons.bench import LessonBench
    from core.lessons.library import pool

    model, studies = cache.predictor(lesson.model), pool(cache.studies(lesson.films))
    fingerprint = cache.fingerprint_of(studies)

    def score(text: str, name: str) -> NDArray[np.float64]:
        told = prompt_cache.set_scores(model, studies, text_prompts(text))
        return np.asarray(told[name][:, 0], float)

    def saliency(choice: str, row: int, text: str) -> NDArray[np.float32]:
        from core.attribution import choose

        whole = str(choose(choice, model))
        shape = (studies.size, studies.size)
        return region_cache.saliency(whole, lesson.model, studies, row, (text,), shape)

    def encoded() -> ImageEncoding:
        return cache.encode_set(model, fingerprint, studies)

    return LessonBench(model, studies, seed, encoded, score, saliency)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=cache.KEYS)
def _patch_change(
    model: Predictor, fingerprint: str, row: int, patch: tuple[int, int], _bench: LessonBench
) -> NDArray[np.float32]:
    from core.lessons.depth import changes

    return changes(_bench, row, patch)


def patch_change(
    lesson: Lesson, bench: LessonBench, row: int, patch: tuple[int, int]
) -> NDArray[np.float32]:
    """What hiding a patch changes by each block, (L, h, w)."""
    fingerprint = cache.fingerprint_of(bench.studies)
    return _patch_change(cache.predictor(lesson.model), fingerprint, row, patch, bench)


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs=cache.KEYS)
def _rankings(
    model: Predictor, fingerprint: str, seed: int, row: int, text: str, _bench: LessonBench
) -> dict[str, NDArray[np.int64]]:
    from core.lessons.kept import rankings

    return rankings(_bench, row, text)


def rankings(
    lesson: Lesson, bench: LessonBench, row: int, text: str
) -> dict[str, NDArray[np.int64]]:
    """By scorer, the patches of a film, best first."""
    fingerprint = cache.fingerprint_of(bench.studies)
    return _rankings(cache.predictor(lesson.model), fingerprint, bench.seed, row, text, bench)


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs=cache.KEYS)
def _least_kept(
    model: Predictor, fingerprint: str, seed: int, finding: str, text: str, most: int,
    said: str, _bench: LessonBench,
) -> dict[str, dict[int, int]]:  # fmt: skip
    from core.lessons.kept import needed

    with page_progress(said) as progress:
        return needed(_bench, finding, text, most, progress)


def least_kept(
    lesson: Lesson, bench: LessonBench, finding: str, text: str, most: int, said: str
) -> dict[str, dict[int, int]]:
    """By scorer and row of a student's films: the least K that keeps a patch of the finding.

    Args:
        said: what a bar says while it is worked out.
    """
    fingerprint = cache.fingerprint_of(bench.studies)
    return _least_kept(cache.predictor(lesson.model), fingerprint, bench.seed, finding, text, most,
                       said, bench)  # fmt: skip


@in_bytes(64 * MIB)
def _twins(
    model: Predictor, fingerprint: str, row: int, change: str, text: str, _bench: LessonBench
) -> ScoredTwins:
    from core.lessons.shortcuts import scored_twins

    return scored_twins(_bench, row, change, text)


def twins(lesson: Lesson, bench: LessonBench, row: int, change: str, text: str) -> ScoredTwins:
    """A patient with and without one change, and what a text scores on both."""
    fingerprint = cache.fingerprint_of(bench.studies)
    return _twins(cache.predictor(lesson.model), fingerprint, row, change, text, bench)


def films(lesson: Lesson) -> PhantomSet:
    """The set that a lesson's films are of."""
    from core.lessons.library import pool

    return pool(cache.studies(lesson.films))


@in_bytes(32 * MIB)
def _read_film(fingerprint: str, row: int, _studies: StudySet) -> NDArray[np.uint8]:
    return np.clip(_studies.display_image(row), 0, 255).astype(np.uint8)


def read_film(spec: str, row: int) -> NDArray[np.uint8]:
    """A film of a reading as it is looked at, (H, W).

    Raises:
        ExplorerError: this session may not open the set.
    """
    studies = cache.studies(spec)
    return _read_film(cache.fingerprint_of(studies), row, studies)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=cache.KEYS)
def _machine_reading(
    model: Predictor, fingerprint: str, rows: tuple[int, ...], finding: str, _studies: StudySet
) -> tuple[list[list[Mask]], dict[str, list[tuple[FilmMark, ...]]]]:
    from core.lessons.map_marks import METHODS, map_title, model_marks

    with page_progress("The model marks the films") as progress:
        marks = model_marks(model, _studies, rows, finding, METHODS, progress)
    truth = [lesions(_studies, finding, row) for row in rows]
    return truth, {map_title(name): own for name, own in marks.items()}


def machine_reading(
    one: ReadingSet,
) -> tuple[list[list[Mask]], dict[str, list[tuple[FilmMark, ...]]]]:
    """A reading's lesions, film by film, and the marks of the model's maps by their title."""
    studies = cache.studies(one.spec)
    return _machine_reading(cache.predictor(one.model), cache.fingerprint_of(studies), one.rows,
                            one.finding, studies)  # fmt: skip


@st.cache_data(max_entries=32, show_spinner=False)
def _held_reading(key: str, _one: ReadingSet, _marks: dict[str, ReaderMarks]) -> ReadingResult:
    truth, maps = machine_reading(_one)
    return reading_result(truth, _marks, maps)


def held_reading(one: ReadingSet, marks: dict[str, ReaderMarks]) -> ReadingResult:
    """Everybody's figures; worked out once, however many look.

    Args:
        marks: by nickname.
    """
    return _held_reading(repr((one, sorted((who, sorted(own.items())) for who, own in
                                           marks.items()))), one, marks)  # fmt: skip


@in_bytes(32 * MIB)
def _outlined(
    fingerprint: str, row: int, finding: str, _studies: PhantomSet
) -> NDArray[np.bool_] | None:
    return _studies.masks(row).get(finding)


def outlined(of: PhantomSet, row: int, finding: str) -> NDArray[np.bool_] | None:
    """Where a finding is on a film, (H, W); drawing it anew takes longer than the page."""
    return _outlined(cache.fingerprint_of(of), row, finding, of)
