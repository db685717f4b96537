"""The only cached wrappers around core; what is cached is shared by sessions and never changed."""

from collections.abc import Callable
from os.path import isfile
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.archive.embedded_set import EmbeddedSet
from core.archive.search import Searcher, search_archive, search_encoding
from core.attribution import attribution_maps
from core.backbones.downloads import reporting
from core.evaluation.evaluate import auc_report
from core.evaluation.report import EvaluationReport
from core.inference.model_card import ModelCard
from core.inference.model_card import model_card as model_card_of
from core.inference.predictor import Predictor, load_predictor
from core.inference.predictor import unreadable as unreadable_studies
from core.inference.prompts import PromptSet, default_prompts
from core.inference.regions import Regions, weight_map
from core.inference.zero_shot import Scores
from core.lrclr.checkpoint import EMBEDDED, model_folder
from core.lrclr.encodings import ImageEncoding
from core.metrics.auc import paired_auc_difference
from core.metrics.bootstrap import Interval
from core.studies import StudySet, open_studies
from core.studies.film import Film
from core.studies.window import Window
from core.training.runs import list_runs
from explorer import figures
from explorer.progress import page_download, page_progress


def _of_model(model: Predictor) -> str:
    """What cached results of a model hang on: its weights, since a run's model changes."""
    return model.model_hash


_KEYS: dict[str | type, Callable[[Any], Any]] = {Predictor: _of_model}


def model_names() -> list[str]:
    """Embedded models that are there, then runs that left a model."""
    embedded = [
        name for name in EMBEDDED if ((f := model_folder(name)) and isfile(f / "config.json"))
    ]
    return embedded + [run.name for run in list_runs() if run.has_model]


def default_model() -> str:
    """`demo`, or what there is."""
    return next(iter(model_names()), "demo")


@st.cache_resource(max_entries=4, show_spinner="Loading the model", show_time=True)
def _predictor(spec: str, written: int) -> Predictor:
    with page_download() as tell, reporting(tell):
        return load_predictor(spec)


def predictor(spec: str) -> Predictor:
    """A model ready to use, as it was last written: a run writes its model at every check.

    Raises:
        ExplorerError: there is no such model, or it cannot be read.
    """
    folder = model_folder(spec)
    config = folder / "config.json" if folder else None
    return _predictor(spec, config.stat().st_mtime_ns if config and isfile(config) else 0)


@st.cache_data(max_entries=8, show_spinner="Reading the model's files", hash_funcs=_KEYS)
def _model_card(model: Predictor) -> ModelCard:
    return model_card_of(model.model, model.name)


def model_card(spec: str) -> ModelCard:
    """What a model is."""
    return _model_card(predictor(spec))


@st.cache_resource(max_entries=8, show_spinner="Opening the study set", show_time=True)
def studies(spec: str) -> StudySet:
    """An open study set."""
    return open_studies(spec)


@st.cache_data(ttl=10, max_entries=16, show_spinner=False)
def _fingerprint(spec: str, _studies: StudySet) -> str:
    """Of a set; a manifest looks at every file for it, too often for each result of a page."""
    return _studies.fingerprint


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_KEYS)
def _set_encoding(model: Predictor, fingerprint: str, _studies: StudySet) -> ImageEncoding:
    with page_progress("Encoding the set, once for this model") as progress:
        return model.encode_set(_studies, progress)


def set_encoding(spec: str, of: StudySet) -> ImageEncoding:
    """Encodings of a whole set, with progress the first time."""
    return _set_encoding(predictor(spec), _fingerprint(of.spec, of), of)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=_KEYS)
def _unreadable(model: Predictor, fingerprint: str, _studies: StudySet) -> tuple[str, ...]:
    return unreadable_studies(_studies, _set_encoding(model, fingerprint, _studies).readable)


def unreadable(spec: str, of: StudySet) -> tuple[str, ...]:
    """Studies of a set whose image cannot be read and why, one sentence each."""
    return _unreadable(predictor(spec), _fingerprint(of.spec, of), of)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_KEYS)
def _image_encoding(
    model: Predictor, fingerprint: str, row: int, _studies: StudySet
) -> ImageEncoding:
    return model.encode_row(_studies, row)


def image_encoding(spec: str, of: StudySet, row: int) -> ImageEncoding:
    """Encoding of one image, a batch of 1."""
    return _image_encoding(predictor(spec), _fingerprint(of.spec, of), row, of)


@st.cache_resource(max_entries=8, show_spinner=False)
def _film(fingerprint: str, row: int, _studies: StudySet) -> Film:
    return _studies.film(row)


def film(of: StudySet, row: int) -> Film:
    """The image before its window."""
    return _film(_fingerprint(of.spec, of), row, of)


@st.cache_resource(max_entries=4, show_spinner="Preparing the search", hash_funcs=_KEYS)
def _searcher(model: Predictor, fingerprint: str, regions: bool, _studies: StudySet) -> Searcher:
    if isinstance(_studies, EmbeddedSet):
        _studies.check_model(model.name, model.model_hash)
        return search_archive(_studies.archive, regions)
    return search_encoding(_set_encoding(model, fingerprint, _studies), regions)


def searcher(spec: str, of: StudySet, regions: bool) -> Searcher:
    """What finds a set's nearest images or regions; an archive's from its shards."""
    return _searcher(predictor(spec), _fingerprint(of.spec, of), regions, of)


@st.cache_data(max_entries=128, show_spinner=False)
def _display(
    fingerprint: str, row: int, window: tuple[float, float, str] | None, _studies: StudySet
) -> NDArray[np.uint8]:
    if window is None:
        return _studies.display_image(row)
    shown = _film(fingerprint, row, _studies).show(Window(*window))
    return np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def display(of: StudySet, row: int, window: Window | None = None) -> NDArray[np.uint8]:
    """The picture to look at (H, W) uint8, as opened or through another window."""
    key = (window.center, window.width, window.function) if window else None
    return _display(_fingerprint(of.spec, of), row, key, of)


@st.cache_data(max_entries=256, show_spinner=False)
def _notes(fingerprint: str, row: int, _studies: StudySet) -> tuple[str, ...]:
    return _studies.notes(row)


def notes(of: StudySet, row: int) -> tuple[str, ...]:
    """What is unusual about an image."""
    return _notes(_fingerprint(of.spec, of), row, of)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=_KEYS)
def _map(
    method: str,
    model: Predictor,
    fingerprint: str,
    row: int,
    texts: tuple[str, ...],
    _studies: StudySet,
) -> NDArray[np.float32]:
    pixels = model.model.backbone.preprocess(_studies.image(row))[None]
    return attribution_maps(method, model, pixels, list(texts))[0]


def saliency(
    method: str, spec: str, of: StudySet, row: int, texts: tuple[str, ...], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """A method's map at `shape` (H, W), the picture's or the truth's."""
    model = predictor(spec)
    found = _map(method, model, _fingerprint(of.spec, of), row, texts, of)
    return model.model.backbone.preprocess.map_to_image(found, shape)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=_KEYS)
def _regions(
    model: Predictor,
    fingerprint: str,
    row: int,
    texts: tuple[str, ...],
    shape: tuple[int, int],
    _studies: StudySet,
) -> Regions:
    encoding = _image_encoding(model, fingerprint, row, _studies)
    return model.regions(encoding, list(texts), shape)


def regions(
    spec: str, of: StudySet, row: int, texts: tuple[str, ...], shape: tuple[int, int]
) -> Regions:
    """Selected regions for texts, boxes in a picture of `shape`."""
    return _regions(predictor(spec), _fingerprint(of.spec, of), row, texts, shape, of)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=_KEYS)
def _scores(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
            _prompts: PromptSet) -> Scores:  # fmt: skip
    if isinstance(_studies, EmbeddedSet):
        with page_progress("Reading the regions for new prompts") as progress:
            return model.score_set(_studies, _prompts, progress)
    return model.score(_set_encoding(model, fingerprint, _studies), _prompts)


def scores(spec: str, of: StudySet, prompts: PromptSet) -> Scores:
    """Zero-shot scores of a whole set, (B, F) each."""
    return _scores(predictor(spec), _fingerprint(of.spec, of), prompts.to_json(), of, prompts)


def study_scores(spec: str, of: StudySet, row: int, prompts: PromptSet) -> dict[str, Any]:
    """Zero-shot scores of one study, (F,) each."""
    found = predictor(spec).score(image_encoding(spec, of, row), prompts)
    return {name: value[0] for name, value in found.items()}


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=_KEYS)
def _auc(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
         _prompts: PromptSet) -> EvaluationReport:  # fmt: skip
    found = _scores(model, fingerprint, prompts_json, _studies, _prompts)
    return auc_report(_studies, _prompts, found, 500)


def auc(spec: str, of: StudySet, prompts: PromptSet) -> EvaluationReport:
    """AUC of every finding over the set with intervals."""
    return _auc(predictor(spec), _fingerprint(of.spec, of), prompts.to_json(), of, prompts)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=_KEYS)
def _against_default(model: Predictor, fingerprint: str, prompts_json: str, _studies: StudySet,
                     _prompts: PromptSet) -> dict[str, Interval]:  # fmt: skip
    default = default_prompts()
    edited = _scores(model, fingerprint, prompts_json, _studies, _prompts)
    before = _scores(model, fingerprint, default.to_json(), _studies, default)
    found = {}
    for column, name in enumerate(_prompts):
        if name not in default or name not in _studies.labels or _prompts[name] == default[name]:
            continue
        truth = _studies.labels[name].to_numpy(float)
        known = ~np.isnan(truth) & ~np.isnan(edited["lrclr"][:, column])
        if len(np.unique(truth[known])) == 2:
            old = before["lrclr"][known, list(default).index(name)].astype(float)
            new = edited["lrclr"][known, column].astype(float)
            found[name] = paired_auc_difference(truth[known], old, new, 500)
    return found


def against_default(spec: str, of: StudySet, prompts: PromptSet) -> dict[str, Interval]:
    """Change of AUC against the default prompts, the same cases for both; changed findings only."""
    return _against_default(
        predictor(spec), _fingerprint(of.spec, of), prompts.to_json(), of, prompts
    )


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=_KEYS)
def _set_weights(model: Predictor, fingerprint: str, texts: tuple[str, ...],
                 _studies: StudySet) -> NDArray[np.float32]:  # fmt: skip
    encoded = model.encode_texts(list(texts))
    return weight_map(model.model, _set_encoding(model, fingerprint, _studies), encoded)


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs=_KEYS)
def _weights_picture(model: Predictor, fingerprint: str, row: int, texts: tuple[str, ...],
                     _studies: StudySet) -> figures.Picture:  # fmt: skip
    picture = np.clip(_studies.image(row), 0, 255).astype(np.uint8)
    if isinstance(_studies, EmbeddedSet):  # an archive's patches are too many to hold
        texts_encoded = model.encode_texts(list(texts))
        weights = weight_map(model.model, model.encode_row(_studies, row), texts_encoded)[0]
    else:
        weights = _set_weights(model, fingerprint, texts, _studies)[row]
    shape = (picture.shape[0], picture.shape[1])
    heat = model.model.backbone.preprocess.map_to_image(weights, shape)
    return figures.overlay(picture, heat, 0.7)


def weights_picture(spec: str, of: StudySet, row: int, texts: tuple[str, ...]) -> figures.Picture:
    """A study of a set under its region weights, at the size that the model reads."""
    return _weights_picture(predictor(spec), _fingerprint(of.spec, of), row, texts, of)


def unknown_share(spec: str, text: str) -> float:
    """Share of a text's word pieces that the tokenizer does not know."""
    encoded = predictor(spec).encode_texts([text])
    pieces = [piece for piece in encoded.pieces[0] if piece]
    return sum(piece == "[UNK]" for piece in pieces) / len(pieces) if pieces else 1.0
