"""Models kept within a number of bytes: who goes first, and what comes back when it is asked."""

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from app_driver import session_of, sound
from streamlit.testing.v1 import AppTest
from test_rivals import small_model

from core import memory
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.lrclr.checkpoint import save_model
from core.paths import ROOT
from core.recent import Recent
from explorer.shared import cache

DATA, TEXT = "phantom:n=4,seed=3,size=64", "the heart is enlarged"
NAMES = ("one", "two", "three")


class End(BaseException):
    """As Streamlit ends a session's script."""


def test_room_is_made_before_one_is_made() -> None:
    recent, most = Recent(10, len, ahead=True), []

    def make(value: str) -> str:
        most.append(recent.nbytes + len(value))
        return value

    for value in ("aaaa", "bbbb", "cccc", "bbbb", "aaaa"):
        recent.get(value[0], lambda value=value: make(value))
    assert most == [4, 8, 8, 8] and recent.nbytes == 8  # b was there when it was asked again
    recent.get("d", lambda: make("d"), expected=1)
    assert most[-1] == 9  # a small one of which that is known lets the others stay


def test_one_that_is_too_large_stays_alone() -> None:
    recent = Recent(10, len)
    recent.get("a", lambda: "aaaa")
    assert recent.get("b", lambda: "b" * 20) == "b" * 20 and recent.nbytes == 20
    assert recent.get("b", lambda: "") == "b" * 20


def test_the_end_of_the_session_that_makes_it_does_not_end_those_that_wait() -> None:
    recent, told = Recent(10, len), []
    begun, go = threading.Event(), threading.Event()

    def second() -> None:
        told.append(recent.get("a", lambda: "a"))

    def ends() -> str:
        begun.set()
        go.wait(10)
        raise End

    def first() -> None:
        with pytest.raises(End):
            recent.get("a", ends)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert told == ["a"]


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    inner = tmp_path / "groups" / "a" / "b"
    inner.mkdir(parents=True)
    for folder, limit, used in ((inner, "max", 5), (inner.parent, 800, 300)):
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{used}\n")
    (tmp_path / "own").write_text("0::/a/b\n")
    assert [*memory._limits(tmp_path / "groups", tmp_path / "own")] == [(800, 300)]
    old = tmp_path / "groups" / "memory" / "c"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("700")
    (old / "memory.usage_in_bytes").write_text("100")
    (tmp_path / "own").write_text("3:cpu,memory:/c\n2:pids:/c\n")
    assert [*memory._limits(tmp_path / "groups", tmp_path / "own")] == [(700, 100)]
    assert 0 < memory.free_memory() <= memory.total_memory()


@pytest.mark.parametrize("told", ["much", "0", "nan", "inf"])
def test_a_wrong_setting_is_one_sentence(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRCLR_MODEL_MEMORY", "1.5")
    assert memory.memory_for_models() == 1.5 * 2**30
    monkeypatch.setenv("LRCLR_MODEL_MEMORY", told)
    with pytest.raises(ExplorerError, match="number of GiB"):
        memory.memory_for_models()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The app with room for two of three small models."""
    for seed, name in enumerate(NAMES):
        save_model(small_model(seed), tmp_path / "runs" / name)
        (tmp_path / "runs" / name / "command.json").write_text('{"command": ["x"]}')
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))
    one = Predictor(small_model(), "one").nbytes
    kept = Recent[Predictor](int(2.5 * one), lambda model: model.nbytes, ahead=True)
    monkeypatch.setattr(cache, "_models", lambda: kept)
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    app.query_params.update({"set": DATA, "model": "one", "study": "1", "prompt": TEXT})
    return app


def test_pages_keep_no_model_alive_that_had_to_go_and_load_it_again(app: AppTest) -> None:
    sound(app.run())
    assert session_of(app).model == "one"
    for page in ("case", "compare", "lab"):
        sound(app.switch_page(f"../pages/{page}.py").run())
    models = {}
    for name in NAMES:
        models[name] = weakref.ref(cache.kept_model(name, cache.written(name)).model)
    gc.collect()
    assert models["one"]() is None, "what is cached of a model holds it"
    assert models["two"]() and models["three"]()
    for page in ("compare", "home"):
        sound(app.switch_page(f"../pages/{page}.py").run())
    gc.collect()
    assert models["two"]() is None and models["three"]()  # the one unused longest
