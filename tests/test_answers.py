"""What the model says of the example films, as kept: true of this model and set, or not given."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation import answers as answers_module
from core.evaluation.answers import (
    FILE,
    Answer,
    answers_of,
    kept_answer,
    load_answers,
    write_answers,
)
from core.evaluation.examples import load_examples
from core.inference.predictor import Predictor, load_predictor
from core.lrclr import folders
from core.paths import ROOT
from core.specs import open_studies
from core.studies.study import StudySet

RENEW = "write them anew: python -m core examples --out assets/examples.json"
OPENING = load_examples().opening


@pytest.fixture(scope="module")
def studies() -> StudySet:
    return open_studies(load_examples().data)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return load_predictor(load_examples().model)


def test_what_is_kept_is_what_the_model_says(predictor: Predictor, studies: StudySet) -> None:
    films = load_examples().films
    fresh = answers_of(predictor, studies, films)
    for film in films:
        kept = kept_answer(predictor.name, studies, film.row, film.prompt)
        assert kept is not None, RENEW
        _assert_close(kept, fresh.by_film[film.row, film.prompt])
    assert len(load_answers().by_film) == len(films)  # type: ignore[union-attr]


def _assert_close(kept: Answer, fresh: Answer) -> None:
    assert kept.shape == fresh.shape and kept.score.own.keys() == fresh.score.own.keys()
    for name, value in fresh.score.own.items():
        assert kept.score.own[name] == pytest.approx(value, abs=1e-3), RENEW
    assert kept.score.others == pytest.approx(fresh.score.others, abs=1e-3), RENEW
    assert np.array(kept.regions.boxes) == pytest.approx(np.array(fresh.regions.boxes), abs=1e-3)
    assert kept.regions.weights == pytest.approx(fresh.regions.weights, abs=1e-3), RENEW
    assert kept.regions.nowhere == pytest.approx(fresh.regions.nowhere, abs=1e-3)


def test_of_another_model_set_film_or_text_nothing_is_kept(studies: StudySet) -> None:
    row, text = OPENING.row, OPENING.prompt
    assert kept_answer("demo", studies, row, text) is not None
    assert kept_answer("demo-base", studies, row, text) is None
    assert kept_answer("biomedclip", studies, row, text) is None
    assert kept_answer("demo", open_studies("phantom:test,n=96,seed=21"), row, text) is None
    assert kept_answer("demo", studies, row + 1, text) is None
    assert kept_answer("demo", studies, row, f"{text}s") is None


def test_other_weights_under_the_same_name_have_no_answers(
    studies: StudySet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "assets" / "demo", tmp_path / "demo")
    monkeypatch.setattr(folders, "ASSETS", tmp_path)
    assert kept_answer("demo", studies, OPENING.row, OPENING.prompt) is not None
    with (tmp_path / "demo" / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    assert kept_answer("demo", studies, OPENING.row, OPENING.prompt) is None
    (tmp_path / "demo" / "model.safetensors").unlink()
    assert kept_answer("demo", studies, OPENING.row, OPENING.prompt) is None


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    kept = load_answers()
    assert kept is not None
    write_answers(kept, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text("utf-8") == FILE.read_text("utf-8")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"films": [{"row": 3}]}'])
def test_without_a_sound_file_nothing_is_kept(tmp_path: Path, text: str, studies: StudySet) -> None:
    path = tmp_path / "answers.json"
    assert kept_answer("demo", studies, OPENING.row, OPENING.prompt, path) is None
    path.write_text(text)
    assert load_answers(path) is None


def test_home_shows_what_is_kept_and_asks_the_model_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = load_answers()
    assert kept is not None
    told = kept.by_film[OPENING.row, OPENING.prompt]
    low = replace(told.score, own={**told.score.own, "lrclr": -99.0})
    changed = replace(kept, by_film={(OPENING.row, OPENING.prompt): replace(told, score=low)})
    write_answers(changed, tmp_path / "answers.json")
    monkeypatch.setattr(answers_module.kept_answer, "__defaults__", (tmp_path / "answers.json",))
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600).run()
    assert not app.exception
    assert any("-99.000" in line.value for line in app.markdown)
    (tmp_path / "answers.json").write_text(json.dumps({}))
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600).run()
    assert not app.exception
    assert not any("-99.000" in line.value for line in app.markdown)
    assert any(f"{told.score.own['lrclr']:.3f}" in line.value for line in app.markdown)
