"""Cached: models, study sets, encodings, films. Only files named `cache.py` hold cached wrappers.

What is cached is shared by sessions and never changed. A wing's own results are in its `cache.py`,
keyed by the same `KEYS` and `fingerprint`. What runs a model is imported by what is asked to: the
first page shows its film before torch is read (`tests/test_layers.py`).
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Hashable
from functools import cache
from os.path import isfile
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.backbones.catalogue import ListedModel, choices
from core.backbones.downloads import Download, reporting
from core.films.film import Film
from core.films.window import Window
from core.inference.encoded_set import encodings_of
from core.inference.prompts import prompts_for
from core.labels import PATHOLOGIES
from core.lrclr.folders import CONFIG, EMBEDDED, WEIGHTS, model_folder
from core.memory import memory_for_models
from core.paths import records_url
from core.recent import Recent
from core.specs import open_studies
from core.studies import StudySet
from core.training.runs import list_runs
from explorer import access
from explorer.moment import for_a_moment
from explorer.shared import ahead, lanes
from explorer.shared.kept import MIB, by_study
from explorer.shared.progress import page_download, page_progress

if TYPE_CHECKING:
    from core.inference.images import Forms, Images
    from core.inference.model_card import ModelCard
    from core.inference.predictor import Predictor
    from core.lrclr.encodings import ImageEncoding
    from core.records.class_book import ClassBook
    from core.records.notebook import Notebook
    from core.records.reading_book import ReadingBook


_PAUSE = 3.0  # seconds after the first page was drawn: the browser reads its parts until then


def _of_model(model: Predictor) -> str:
    """What cached results of a model hang on: its weights, since a run's model changes."""
    return model.model_hash


KEYS: dict[str | type, Callable[[Any], Any]] = {"core.inference.predictor.Predictor": _of_model}


def model_names() -> list[str]:
    """Embedded models that are there, then runs that left a model; as far as the session may."""
    embedded = [
        name for name in EMBEDDED if ((f := model_folder(name)) and isfile(f / "config.json"))
    ]
    return access.visible_models(embedded + [run.name for run in list_runs() if run.has_model])


def default_model() -> str:
    """`demo`, or what there is."""
    return next(iter(model_names()), "demo")


@cache
def _models() -> Recent[Predictor]:
    """Loaded models, as many as fit: two of ViT-L size where there are 8 GiB."""
    return Recent(memory_for_models(), lambda model: model.nbytes, ahead=True)


def fetch(spec: str, cancelled: Callable[[], None] | None = None) -> None:
    """Have what a published model needs on this computer, fetched where it is not.

    Args:
        cancelled: as `page_download`.

    Raises:
        ExplorerError: it cannot be had, or this session may not use it or fetch it.
    """
    access.check_model(spec)
    from core.backbones.fetch_apart import fetch_apart
    from core.backbones.hub import cached
    from core.backbones.registry import files_of

    with page_download(cancelled) as tell:
        for repo, files in files_of(spec):
            if cached(repo, files) is None:
                access.check_fetch()
                fetch_apart(repo, files, tell)


@st.cache_data(ttl=10, show_spinner=False)
def published_models() -> list[ListedModel]:
    """Models that people have, those whose weights are here first."""
    from core.backbones.hub import models_here

    return choices(models_here())


def predictor(spec: str) -> Predictor:
    """A model ready to use, as it was last written: a run writes its model at every check.

    One that had to make room for others is loaded again.

    Raises:
        ExplorerError: there is no such model, it cannot be read, or this session may not.
    """
    access.check_model(spec)
    return for_a_moment(("model", spec), lambda: kept_model(spec, written(spec)))


def kept_model(spec: str, written: int) -> Predictor:
    """`predictor`, for whom a session asks that was let in before; see `written`."""
    folder = model_folder(spec)
    weights = folder / WEIGHTS if folder else None
    expected = 2 * weights.stat().st_size if weights and isfile(weights) else None  # kept in half
    return _models().get((spec, written), lambda: _load(spec, written), expected)


def _load(spec: str, written: int) -> Predictor:
    def load() -> Predictor:
        from core.inference.predictor import load_predictor

        return load_predictor(spec, lanes.lanes())

    key = ("model", spec, written)
    if get_script_run_ctx(suppress_warning=True) is None:  # nobody looks at a page
        with reporting(lambda *_: access.check_fetch()):
            return ahead.result(key, load)
    with st.spinner("Loading the model", show_time=True), page_download() as tell:

        def told(download: Download, here: int) -> None:  # before the first byte, too
            access.check_fetch()
            tell(download, here)

        with reporting(told):
            return ahead.result(key, load)


def written(spec: str) -> int:
    """When a run or a folder last wrote its model, in ns; 0 of a model that does not change."""
    folder = model_folder(spec)
    config = folder / CONFIG if folder else None
    return config.stat().st_mtime_ns if config and isfile(config) else 0


def get_ready(spec: str, of: StudySet, text: str, then: Callable[[], None]) -> None:
    """Load an embedded model and encode a set of films in a thread, before somebody asks for it.

    For a browser's first page, which is drawn from what is kept; a page that asked for a model has
    it already.

    Args:
        text: that the model reads first, which loads its text tower.
        then: done after that.
    """
    if "torch" in sys.modules or spec not in EMBEDDED or not st.context.headers.get("Host"):
        return
    load_ahead(spec, of, text, _PAUSE, then)


def load_ahead(
    spec: str, of: StudySet, text: str, pause: float, then: Callable[[], None] = lambda: None
) -> None:
    """Load a model, encode a set of films and the default prompts of all findings in a thread.

    Args:
        pause: seconds before that; the others are those of `get_ready`.
    """
    loaded: list[Predictor] = []

    def load() -> Predictor:
        from core.inference.predictor import load_predictor

        loaded.append(load_predictor(spec, lanes.lanes()))
        loaded[0].encode_texts([text])
        # Libraries and this model stay: Python need not look at them again when it looks for waste.
        gc.collect()
        gc.freeze()
        return loaded[0]

    model = ("model", spec, written(spec))
    jobs: dict[Hashable, Callable[[], Any]] = {
        model: load,
        ("set", *model, of.fingerprint): lambda: loaded[0].encode_set(of),
        ("prompts", *model): lambda: loaded[0].encode_texts(prompts_for(PATHOLOGIES).all_texts()),
        "then": then,
    }
    ahead.begin(jobs, pause)


@st.cache_data(max_entries=8, show_spinner="Reading the model's files", hash_funcs=KEYS)
def _model_card(model: Predictor) -> ModelCard:
    from core.inference.model_card import model_card as model_card_of

    return model_card_of(model.model, model.name)


def model_card(spec: str) -> ModelCard:
    """What a model is."""
    return _model_card(predictor(spec))


@st.cache_data(ttl=60, max_entries=16, show_spinner=False)
def where_it_fails(spec: str) -> str:
    """What a reader of a real film's scores must know of a model; empty where it does not say."""
    from core.inference.model_card import where_it_fails

    return where_it_fails(spec)


@st.cache_resource(max_entries=8, show_spinner="Opening the study set", show_time=True)
def _open(spec: str) -> StudySet:
    return ahead.result(("opened", spec), lambda: open_studies(spec))


def open_ahead(spec: str, shown: int, strip: list[int]) -> StudySet:
    """Open a set that comes with the project and read films of it, before a page asks for them.

    Args:
        shown: row of the film that is looked at first.
        strip: rows of the small films beside it.
    """
    opened = open_studies(spec)
    ahead.begin({("opened", spec): lambda: opened}, 0)
    for row in strip:
        opened.image(row)
    opened.film(shown)
    return opened


def studies(spec: str) -> StudySet:
    """An open study set.

    Raises:
        ExplorerError: it cannot be opened, or not by this session.
    """
    access.check_set(spec)
    return _open(spec)


@st.cache_data(ttl=10, max_entries=16, show_spinner=False)
def _fingerprint(spec: str, _studies: StudySet) -> str:
    """Of a set; a manifest looks at every file for it, too often for each result of a page."""
    return _studies.fingerprint


def fingerprint_of(studies: StudySet) -> str:
    """What cached results of a set hang on."""
    return _fingerprint(studies.spec, studies)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def encode_set(model: Predictor, fingerprint: str, _studies: StudySet) -> ImageEncoding:
    """Encodings of a whole set, with progress the first time."""
    made_ahead = ("set", "model", model.name, written(model.name), fingerprint)
    with page_progress("Encoding the set, once for this model") as progress:
        return ahead.result(made_ahead, lambda: model.encode_set(_studies, progress))


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=KEYS)
def _unreadable(model: Predictor, fingerprint: str, _studies: StudySet) -> tuple[str, ...]:
    from core.inference.predictor import unreadable as unreadable_studies

    if encodings_of(_studies) is not None:  # whose films that cannot be read have no row
        return ()
    return unreadable_studies(_studies, encode_set(model, fingerprint, _studies).readable)


def unreadable(spec: str, of: StudySet) -> tuple[str, ...]:
    """Studies of a set whose image cannot be read and why, one sentence each."""
    return _unreadable(predictor(spec), fingerprint_of(of), of)


@by_study(st.cache_resource, 192 * MIB, growing=True, max_entries=16, show_spinner=False,
          hash_funcs=KEYS)  # fmt: skip
def _forms(model: Predictor, fingerprint: str, row: int, _studies: StudySet) -> Forms:
    from core.inference.images import Forms

    return Forms()


def images(model: Predictor, fingerprint: str, row: int, of: StudySet) -> Images:
    """One study as a loaded model reads it, for cached results that hang on both.

    What was made of it is kept, and not the model, which may have to make room for another.
    """
    return model.images(of, row, _forms(model, fingerprint, row, of))


def image_encoding(spec: str, of: StudySet, row: int) -> ImageEncoding:
    """Encoding of one image, a batch of 1."""
    return images(predictor(spec), fingerprint_of(of), row, of).encoding


def film(of: StudySet, row: int) -> Film:
    """The image before its window; the set itself remembers a few."""
    return of.film(row)


SHOWN = 1400
"""Pixels of a shown picture's longer side: sharp full screen, coloured in a tenth of a second."""


@by_study(st.cache_data, 192 * MIB, max_entries=16, show_spinner=False)
def _display(
    fingerprint: str, row: int, window: tuple[float, float, str] | None, side: int | None,
    _studies: StudySet,
) -> NDArray[np.uint8]:  # fmt: skip
    if side is not None:
        whole = _display(fingerprint, row, window, None, _studies)
        if max(whole.shape) <= side:
            return whole
        smaller = Image.fromarray(whole)
        smaller.thumbnail((side, side), reducing_gap=2)
        return np.asarray(smaller)
    if window is None:
        return _studies.display_image(row)
    shown = _studies.film(row).show(Window(*window))
    return np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def display(
    of: StudySet, row: int, window: Window | None = None, side: int | None = None
) -> NDArray[np.uint8]:
    """The picture to look at (H, W) uint8, as opened or through another window.

    Args:
        side: the longer side at most, in pixels; None for all of the film.
    """
    key = (window.center, window.width, window.function) if window else None
    return _display(fingerprint_of(of), row, key, side, of)


@by_study(st.cache_data, 2 * MIB, max_entries=16, show_spinner=False)
def _notes(fingerprint: str, row: int, _studies: StudySet) -> tuple[str, ...]:
    return _studies.notes(row)


def notes(of: StudySet, row: int) -> tuple[str, ...]:
    """What is unusual about an image."""
    return _notes(fingerprint_of(of), row, of)


@st.cache_resource(max_entries=4, show_spinner=False)
def _class_book(url: str) -> ClassBook:
    from core.records.class_book import ClassBook

    return ClassBook(url)


def class_book() -> ClassBook:
    """The class, in the database of the notes.

    Raises:
        ExplorerError: the database cannot be used.
    """
    return _class_book(records_url())


@st.cache_resource(max_entries=4, show_spinner=False)
def _reading_book(url: str) -> ReadingBook:
    from core.records.reading_book import ReadingBook

    return ReadingBook(url)


def reading_book() -> ReadingBook:
    """What a class marked on films, in the database of the notes.

    Raises:
        ExplorerError: the database cannot be used.
    """
    return _reading_book(records_url())


@st.cache_resource(max_entries=4, show_spinner=False)
def _notebook(url: str) -> Notebook:
    from core.records.notebook import Notebook

    return Notebook(url)


def notebook() -> Notebook:
    """The notes of `LRCLR_RECORDS`, or the user's.

    Raises:
        ExplorerError: the database cannot be used.
    """
    return _notebook(records_url())
