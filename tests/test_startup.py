"""The server's start: it answers at once, and the first page finds its films read."""

import asyncio
import time
from threading import Event

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.evaluation.examples import load_examples
from core.inference import text_scores
from core.inference.prompts import default_prompts, prompts_for
from core.labels import PATHOLOGIES
from core.paths import ROOT
from core.phantom.case import Case
from core.phantom.render import Rendering
from core.specs import open_studies
from core.studies import StudySet, phantom_set
from explorer import Home, startup
from explorer.prompts import cache as score_cache
from explorer.regions import cache as region_cache
from explorer.shared import ahead, cache
from explorer.startup import lifespan


def test_home_is_the_app_that_a_server_imports() -> None:
    assert isinstance(Home.app, st.App)
    assert Home.app.script_path.samefile(Home.__file__)


def test_the_first_page_finds_its_films_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_begun", set())
    monkeypatch.setattr(ahead, "_ahead", {})
    opened, drawn = [], []
    render = phantom_set.render

    def count_opened(spec: str) -> StudySet:
        opened.append(spec)
        return open_studies(spec)

    def count_drawn(case: Case, size: int) -> Rendering:
        rendering = render(case, size)
        drawn.append(case)
        return rendering

    monkeypatch.setattr(cache, "open_studies", count_opened)
    monkeypatch.setattr(phantom_set, "render", count_drawn)
    examples = load_examples()

    async def start() -> float:
        began = time.monotonic()
        async with lifespan(None):
            return time.monotonic() - began

    assert asyncio.run(start()) < 1
    films = len(examples.films) + 1  # the one that is looked at, fine and small
    for _ in range(6000):
        if len(drawn) == films:
            break
        time.sleep(0.01)
    cache._open.clear()
    studies = cache.studies(examples.data)
    for film in examples.films:
        studies.image(film.row)
    studies.film(examples.opening.row)
    assert opened == [examples.data] and len(drawn) == films


def test_other_pages_find_their_prompts_and_modules_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_begun", set())
    monkeypatch.setattr(ahead, "_ahead", {})
    done = Event()
    cache.load_ahead("demo", open_studies("phantom:n=2,seed=2"), "edema", 0, done.set)
    assert done.wait(600)
    model = ahead.result(("model", "demo", cache.written("demo")), lambda: pytest.fail("not read"))
    monkeypatch.setattr(model.model, "encode_text", lambda _: pytest.fail("read again"))
    model.encode_texts(prompts_for(PATHOLOGIES).all_texts())

    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(cache, "get_ready", lambda *told: asked.append(told))
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600).run()
    assert not app.exception and asked[0][-1] is startup.import_all


def test_a_class_finds_scores_and_thumbnails_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    studies = open_studies("phantom:n=6,seed=2")
    monkeypatch.setattr(ahead, "_begun", set())
    monkeypatch.setattr(ahead, "_ahead", {})
    drawn: list[int] = []
    render = phantom_set.render
    monkeypatch.setattr(phantom_set, "render", lambda *a: drawn.append(1) or render(*a))
    startup._work_ahead("demo", studies)
    assert drawn
    drawn.clear()
    model = cache.kept_model("demo", cache.written("demo"))
    passes: list[int] = []
    monkeypatch.setattr(text_scores, "read_films", lambda *_: passes.append(1))
    score_cache.score_ahead("demo", studies)
    score_cache._scores(model, cache.fingerprint_of(studies), studies, default_prompts())
    assert not passes
    monkeypatch.setattr(type(studies), "image", lambda _, row: drawn.append(row))
    for row in range(len(studies)):
        region_cache.thumbnail(studies, row)
    assert not drawn
