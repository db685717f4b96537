"""The films that the pages open with: their text is true, and the model sees it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.cli import app
from core.errors import ExplorerError
from core.evaluation.examples import (
    FILE,
    OPENING,
    Example,
    choose_examples,
    load_examples,
    other_side,
    points_at,
    write_examples,
)
from core.evaluation.study_scores import text_prompts
from core.evaluation.text_truth import text_truth, true_of
from core.evaluation.verdict import FOR, verdict
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.encodings import ImageEncoding
from core.specs import open_studies
from core.studies.study import StudySet
from explorer.shared.state import Session

RENEW = "choose them anew: python -m core examples --out assets/examples.json"


@pytest.fixture(scope="module")
def opened() -> tuple[Predictor, StudySet, ImageEncoding]:
    examples = load_examples()
    predictor, studies = load_predictor(examples.model), open_studies(examples.data)
    return predictor, studies, predictor.encode_set(studies)


@pytest.mark.parametrize("example", load_examples().films, ids=lambda e: e.finding)
def test_an_example_s_text_is_true_scored_clearly_and_seen(
    opened: tuple[Predictor, StudySet, ImageEncoding], example: Example
) -> None:
    predictor, studies, images = opened
    row, text = example.row, example.prompt
    assert true_of(studies, row, text) == 1
    assert other_side(text) == text or true_of(studies, row, other_side(text)) == 0
    scores = predictor.score(images, text_prompts(text))["lrclr"][:, 0]
    said = verdict(scores, float(scores[row]), text_truth(studies, text), row)
    assert said.call == FOR, RENEW
    mask = studies.masks(row)[example.finding]
    shape = (mask.shape[0], mask.shape[1])
    regions = predictor.regions(images.rows(slice(row, row + 1)), [text], shape)
    assert points_at(regions, mask), RENEW


def test_a_session_opens_with_an_example() -> None:
    opening = load_examples().opening
    session = Session(model="demo")
    assert opening.finding == OPENING
    assert (session.study_set, session.row, session.prompt) == (
        load_examples().data, opening.row, opening.prompt,
    )  # fmt: skip


def test_a_film_whose_text_is_not_true_is_no_example(
    opened: tuple[Predictor, StudySet, ImageEncoding],
) -> None:
    predictor, studies, _ = opened
    prompts = PromptSet({"Fracture": FindingPrompts(("left pneumothorax",), ("intact ribs",))})
    for example in choose_examples(predictor, studies, prompts):
        assert true_of(studies, example.row, "left pneumothorax") == 1
        assert studies.study(example.row).labels["Fracture"] == 1
    upside_down = PromptSet({"Fracture": FindingPrompts(("the bones are intact",), ("fracture",))})
    assert choose_examples(predictor, studies, upside_down) == ()


def test_the_heaviest_region_must_lie_in_the_mask(
    opened: tuple[Predictor, StudySet, ImageEncoding],
) -> None:
    predictor, _, images = opened
    regions = predictor.regions(images.rows(slice(0, 1)), ["edema"], (224, 224))
    x, y, w, h = regions.boxes[0]
    inside = np.zeros((224, 224), bool)
    inside[int(y + h / 2), int(x + w / 2)] = True
    assert points_at(regions, inside)
    assert not points_at(regions, ~inside)
    assert not points_at(replace(regions, boxes=[]), inside)


def test_the_command_writes_what_the_pages_read(tmp_path: Path) -> None:
    out = tmp_path / "examples.json"
    done = CliRunner().invoke(app, ["examples", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert load_examples(out).films == load_examples().films, RENEW
    assert "None is seen clearly" in done.output


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    write_examples(load_examples(), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text("utf-8") == FILE.read_text("utf-8")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"data": "x", "model": "y", "films": []}'])
def test_a_file_without_examples_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "none.json"
    path.write_text(text)
    with pytest.raises(ExplorerError, match="none.json holds no examples"):
        load_examples(path)


def test_examples_hold_nothing_but_a_row_and_words() -> None:
    assert set(json.loads(FILE.read_text("utf-8"))["films"][0]) == {"finding", "row", "prompt"}
