"""Cached: selected regions, saliency maps, and pictures under their region weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from core.evaluation.answers import WeighedBoxes, kept_answer
from core.inference.encoded_set import encodings_of
from core.studies import StudySet
from explorer import access
from explorer.shared import cache, figures, state
from explorer.shared.kept import MIB, by_study, in_bytes
from explorer.shared.state import Current

if TYPE_CHECKING:
    from core.inference.predictor import Predictor
    from core.inference.regions import Regions

_ANY = ("a radiograph",)
"""What a method that reads no text is asked with."""


@by_study(st.cache_data, 32 * MIB, max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _map(
    method: str,
    model: Predictor,
    fingerprint: str,
    row: int,
    texts: tuple[str, ...],
    _studies: StudySet,
) -> NDArray[np.float32]:
    from core.attribution import attribution_maps

    images = cache.images(model, fingerprint, row, _studies)
    return attribution_maps(method, model, images, list(texts))[0]


def saliency(
    method: str, spec: str, of: StudySet, row: int, texts: tuple[str, ...], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """A map at `shape` (H, W), the picture's or the truth's.

    Args:
        method: a choice in words that leaves nothing open.

    Raises:
        ExplorerError: its score does not read what it is explained by.
    """
    from core.attribution import method_of

    model = cache.predictor(spec)
    if not method_of(method).reads_text:
        texts = _ANY  # so that a new prompt does not make the map again
    found = _map(method, model, cache.fingerprint_of(of), row, texts, of)
    return model.model.backbone.preprocess.map_to_image(found, shape)


@by_study(st.cache_data, 48 * MIB, max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _regions(
    model: Predictor,
    fingerprint: str,
    row: int,
    texts: tuple[str, ...],
    shape: tuple[int, int],
    _studies: StudySet,
) -> Regions:
    encoding = cache.images(model, fingerprint, row, _studies).encoding
    return model.regions(encoding, list(texts), shape)


def regions(
    spec: str, of: StudySet, row: int, texts: tuple[str, ...], shape: tuple[int, int]
) -> Regions:
    """Selected regions for texts, boxes in a picture of `shape`."""
    return _regions(cache.predictor(spec), cache.fingerprint_of(of), row, texts, shape, of)


def is_kept(current: Current, text: str) -> bool:
    """Whether what the session's model says of a film and a text is kept, its words known."""
    model = state.session().model
    return kept_answer(model, current.studies, current.row, text) is not None


def weighed_boxes(
    spec: str, of: StudySet, row: int, text: str, shape: tuple[int, int]
) -> WeighedBoxes:
    """Selected regions for one text with their weights; those of an example are kept in a file."""
    answer = kept_answer(spec, of, row, text)
    if answer is not None and answer.shape == shape:
        access.check_model(spec)
        return answer.regions
    chosen = regions(spec, of, row, (text,), shape)
    return WeighedBoxes(chosen.boxes, chosen.weights, chosen.nowhere, chosen.no_place)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=cache.KEYS)
def _set_weights(model: Predictor, fingerprint: str, texts: tuple[str, ...],
                 _studies: StudySet) -> NDArray[np.float32]:  # fmt: skip
    from core.inference.regions import weight_map

    encoded = model.encode_texts(list(texts))
    return weight_map(model.model, cache.encode_set(model, fingerprint, _studies), encoded)


@in_bytes(64 * MIB)
def _weights_picture(model: Predictor, fingerprint: str, row: int, texts: tuple[str, ...],
                     _studies: StudySet) -> figures.Picture:  # fmt: skip
    from core.inference.regions import weight_map

    picture = np.clip(_studies.image(row), 0, 255).astype(np.uint8)
    if encodings_of(_studies) is not None:  # an archive's patches are too many to hold
        texts_encoded = model.encode_texts(list(texts))
        weights = weight_map(model.model, model.encode_row(_studies, row), texts_encoded)[0]
    else:
        weights = _set_weights(model, fingerprint, texts, _studies)[row]
    shape = (picture.shape[0], picture.shape[1])
    heat = model.model.backbone.preprocess.map_to_image(weights, shape)
    return figures.overlay(picture, heat, 0.7)


def weights_picture(spec: str, of: StudySet, row: int, texts: tuple[str, ...]) -> figures.Picture:
    """A study of a set under its region weights, at the size that the model reads."""
    return _weights_picture(cache.predictor(spec), cache.fingerprint_of(of), row, texts, of)


@in_bytes(48 * MIB)  # 1,200 films of thirty people
def _thumbnail(fingerprint: str, row: int, _studies: StudySet) -> figures.Picture:
    small = Image.fromarray(np.clip(_studies.image(row), 0, 255).astype(np.uint8))
    small.thumbnail((200, 200))
    return np.asarray(small)


def thumbnail(of: StudySet, row: int) -> figures.Picture:
    """A small picture of a study."""
    return _thumbnail(cache.fingerprint_of(of), row, of)
