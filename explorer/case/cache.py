"""Cached: a film as the browser takes it, words beside regions, the effect of words."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from core.films.window import Window
from core.studies import StudySet
from explorer.shared import cache, following
from explorer.shared.kept import MIB, by_study

if TYPE_CHECKING:
    from core.inference.film_words import FilmWords
    from core.inference.layer_maps import LayerMaps
    from core.inference.predictor import Predictor
    from core.inference.word_effects import WordEffects
    from core.inference.word_gradients import WordGradients

_SIDE = 2048  # pixels at most: a browser windows so many in some 20 ms


@by_study(st.cache_data, 96 * MIB, max_entries=8, show_spinner=False)
def _film_uri(
    fingerprint: str, row: int, window: tuple[float, float, str] | None, side: int,
    _studies: StudySet,
) -> str:  # fmt: skip
    picture = Image.fromarray(cache.display(_studies, row, Window(*window) if window else None))
    picture.thumbnail((side, side))
    buffer = io.BytesIO()
    # PNG, since a window makes the traces of JPEG plain; little compressed, since that is quick.
    picture.save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def film_uri(of: StudySet, row: int, window: Window | None, side: int = _SIDE) -> str:
    """The picture of a film as an 8-bit PNG in a data URI, `side` pixels at most."""
    key = (window.center, window.width, window.function) if window else None
    return _film_uri(cache.fingerprint_of(of), row, key, side, of)


@by_study(st.cache_data, 32 * MIB, max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _film_words(
    model: Predictor, fingerprint: str, row: int, texts: tuple[str, ...], _studies: StudySet
) -> FilmWords:
    from core.inference.film_words import film_words

    encoding = cache.images(model, fingerprint, row, _studies).encoding
    height, width = _studies.image(row).shape
    return film_words(model, encoding, texts, (height, width))


def film_words(spec: str, of: StudySet, row: int, texts: tuple[str, ...]) -> FilmWords:
    """Words of texts beside the regions kept for them; boxes in pixels of `StudySet.image`."""
    return _film_words(cache.predictor(spec), cache.fingerprint_of(of), row, texts, of)


@by_study(st.cache_data, max_entries=128, show_spinner=False, hash_funcs=cache.KEYS)
def _word_effects(
    model: Predictor, fingerprint: str, row: int, text: str, score: str, _studies: StudySet
) -> WordEffects:
    from core.inference.word_effects import word_effects

    encoding = cache.images(model, fingerprint, row, _studies).encoding
    return word_effects(model, encoding, text, score)


def word_effects(spec: str, of: StudySet, row: int, text: str, score: str) -> WordEffects:
    """A score of a text on a film without each of its words.

    Raises:
        ExplorerError: it has a single word, or too many signs.
    """
    return _word_effects(cache.predictor(spec), cache.fingerprint_of(of), row, text, score, of)


@by_study(st.cache_data, max_entries=128, show_spinner=False, hash_funcs=cache.KEYS)
def _word_gradients(
    model: Predictor, fingerprint: str, row: int, text: str, score: str, _studies: StudySet
) -> WordGradients:
    from core.inference.word_gradients import word_gradients

    encoding = cache.images(model, fingerprint, row, _studies).encoding
    return word_gradients(model, encoding, text, score)


def word_gradients(
    spec: str, of: StudySet, row: int, text: str, score: str
) -> WordGradients | following.Job:
    """The slope of a score along each word of a text on a film.

    Raises:
        ExplorerError: as `word_effects`.
    """
    model, name = cache.predictor(spec), cache.fingerprint_of(of)
    # An upload, whose results are its session's, is a set of one film: it is not followed.
    return following.ask(
        "Slopes along the words", (model.model_hash, name, row, text, score), len(of),
        lambda: _word_gradients(model, name, row, text, score, of),
    )  # fmt: skip


@by_study(st.cache_data, 64 * MIB, max_entries=8, show_spinner=False, hash_funcs=cache.KEYS)
def _layer_maps(
    model: Predictor, fingerprint: str, row: int, text: str, _studies: StudySet
) -> LayerMaps:
    from core.inference.layer_maps import layer_maps

    return layer_maps(model, _studies.image(row), text)


def layer_maps(spec: str, of: StudySet, row: int, text: str) -> LayerMaps:
    """Words beside regions block by block, and where each head looks.

    Raises:
        ExplorerError: the model cannot be loaded, or not by this session.
    """
    return _layer_maps(cache.predictor(spec), cache.fingerprint_of(of), row, text, of)
