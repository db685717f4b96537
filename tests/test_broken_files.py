"""A set where one file in twenty is broken is encoded and evaluated without those, named."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from planted import film
from tiny_model import tiny_model

from core.errors import ExplorerError
from core.evaluation.evaluate import evaluate
from core.evaluation.localize import localize
from core.evaluation.report import left_out_sentence
from core.evaluation.retrieval import own_report_rank
from core.inference.predictor import Predictor, unreadable
from core.inference.prompts import FindingPrompts, PromptSet
from core.specs import open_studies
from core.studies import StudySet
from core.training.check import QuickCheck
from core.training.data import load_training_data
from core.training.record import write_record
from core.training.runs import Run
from core.training.settings import FinetuneConfig

PROMPTS = PromptSet({"Edema": FindingPrompts(("edema",), ("no edema",))})


def broken_set(folder: Path, n: int = 20, broken: tuple[int, ...] = (4,)) -> StudySet:
    """n films with labels, reports and boxes; the files of `broken` cannot be decoded."""
    box = json.dumps([{"label": "Edema", "x": 5, "y": 5, "w": 20, "h": 20}])
    rows = []
    for number in range(n):
        path = folder / f"{number}.png"
        Image.fromarray(film(number)).save(path)
        if number in broken:
            path.write_bytes(path.read_bytes()[:-100])
        rows.append({"id": f"s{number}", "image": path.name, "Edema": number % 2, "boxes": box,
                     "text": "Edema." if number % 2 else f"Clear {number}."})  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return open_studies(str(folder / "manifest.csv"))


@pytest.fixture
def predictor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predictor:
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))
    return Predictor(tiny_model(), "tiny")


def test_broken_files_are_left_out_named_and_remembered(
    tmp_path: Path, predictor: Predictor
) -> None:
    studies = broken_set(tmp_path)
    for _ in range(2):  # encoded, then read from the cache
        report = evaluate(predictor, studies, PROMPTS, n_bootstrap=10)
        assert report.n == 19 and report.findings["Edema"].positives == 10
        assert report.findings["Edema"].negatives == 9
        assert report.unreadable == (
            "s4: 4.png is damaged or cut short and cannot be decoded; export or copy it again.",
        )
    assert report.to_json()["unreadable"] == list(report.unreadable)
    assert "cannot be read: 1." in report.table() and "s4: 4.png" in report.table()


def test_the_others_score_as_they_do_alone(tmp_path: Path, predictor: Predictor) -> None:
    studies = broken_set(tmp_path)
    whole = predictor.score(predictor.encode_set(studies), PROMPTS)
    rows = [row for row in range(20) if row != 4]
    alone = predictor.score(predictor.encode_set(studies.subset(rows)), PROMPTS)
    for name, values in whole.items():
        np.testing.assert_allclose(values[rows], alone[name], atol=1e-5)
        if name != "match":  # which this model has no layers for
            assert np.isnan(values[4]).all()


def test_localisation_and_retrieval_leave_them_out(tmp_path: Path, predictor: Predictor) -> None:
    studies = broken_set(tmp_path)
    report = localize(predictor, studies, ["centre"], PROMPTS, n_bootstrap=10)
    assert report.n == 19 and report.unreadable[0].startswith("s4: 4.png is damaged")
    assert report.to_json()["unreadable"] and "s4: 4.png" in report.table()
    ranks = own_report_rank(predictor, studies)
    assert np.flatnonzero(np.isnan(ranks)).tolist() == [4]


def test_training_and_its_checks_leave_them_out(tmp_path: Path, predictor: Predictor) -> None:
    studies = broken_set(tmp_path, 12, (0, 7))
    alone = studies.subset([row for row in range(12) if row not in (0, 7)])
    model = predictor.model
    for _ in range(2):  # read, then from the disk
        data = load_training_data(studies, model.backbone, as_pixels=True)
        expected = load_training_data(alone, model.backbone, as_pixels=True)
        assert torch.equal(data.inputs[:], expected.inputs[:])
        assert torch.equal(data.inputs[[9, 2]], expected.inputs[[9, 2]])
        assert (data.index.sentences, data.index.rows) == (
            expected.index.sentences, expected.index.rows,
        )  # fmt: skip
        assert [said.split(":")[0] for said in data.left_out] == ["s0", "s7"]
        check = QuickCheck(studies, model, PROMPTS)
        assert check(model) == QuickCheck(alone, model, PROMPTS)(model)
        assert check.left_out == data.left_out
    write_record(tmp_path / "run", FinetuneConfig(), data, data.left_out)
    assert Run(tmp_path / "run").left_out == list(data.left_out)


def test_training_on_broken_files_alone_is_one_sentence(
    tmp_path: Path, predictor: Predictor
) -> None:
    studies = broken_set(tmp_path, 3, (0, 1, 2))
    with pytest.raises(ExplorerError, match="No image of .* can be read. 0.png is damaged"):
        load_training_data(studies, predictor.model.backbone, as_pixels=True)


def test_a_set_of_broken_files_alone_is_one_sentence(tmp_path: Path, predictor: Predictor) -> None:
    studies = broken_set(tmp_path, 3, (0, 1, 2))
    with pytest.raises(ExplorerError, match="No image of .* can be read. 0.png is damaged"):
        predictor.encode_set(studies)


def test_one_in_twenty_of_a_set_that_worker_processes_read(
    tmp_path: Path, predictor: Predictor
) -> None:
    studies = broken_set(tmp_path, 60, (0, 31, 59))
    images = predictor.encode_set(studies)
    assert np.flatnonzero(~images.readable).tolist() == [0, 31, 59]
    named = [said.split(":")[0] for said in unreadable(studies, images.readable)]
    assert named == ["s0", "s31", "s59"]


def test_a_page_names_a_few() -> None:
    assert left_out_sentence(()) == ""
    assert left_out_sentence(("a.",)).startswith("1 study left out")
    said = left_out_sentence([f"s{n}." for n in range(5)])
    assert said.startswith("5 studies") and said.endswith("s0. s1. s2. And 2 more.")
