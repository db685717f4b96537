"""Each wording of a file by itself: AUC, the worst, and how many are taken for their opposite."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_model import TinySet, tiny_model

from core.errors import ExplorerError
from core.evaluation import wordings as wordings_module
from core.evaluation.evaluate import evaluate
from core.evaluation.wordings import WordingPair, load_wordings, measure_wordings
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet, default_prompts
from core.paths import ASSETS

HELD_OUT = Path(__file__).parent / "wordings.json"
TEXTS = [("an opacity", "clear"), ("white patch", "no patch"), ("dense", "lucent here")]


@pytest.fixture
def predictor() -> Predictor:
    return Predictor(tiny_model(), "tiny")


def _given(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "words.json"
    path.write_text(json.dumps(content))
    return path


def test_a_wording_has_the_auc_that_evaluate_gives_it_as_the_only_prompt(predictor):
    studies = TinySet(30)
    lines = [WordingPair("Lung Opacity", *texts) for texts in TEXTS]
    lines += [WordingPair("Fracture", *texts) for texts in TEXTS]
    report = measure_wordings(predictor, studies, lines, n_bootstrap=50, seed=3)
    assert len(report.wordings) == 6 and report.n == 30
    for line in report.wordings:
        pair = FindingPrompts((line.wording.positive,), (line.wording.negative,))
        alone = evaluate(predictor, studies, PromptSet({line.wording.finding: pair}), 50, 3)
        wanted = alone.findings[line.wording.finding]
        assert tuple(line.auc) == pytest.approx(tuple(wanted.auc["lrclr"]))
        assert line.scores["positive"] == pytest.approx(wanted.auc["positive"].value)
        assert (line.positives, line.negatives) == (wanted.positives, wanted.negatives)
    values = [line.auc.value for line in report.wordings]
    assert values == sorted(values)
    assert report.mean.value == pytest.approx(np.mean(values))
    assert report.mean.low < report.mean.value < report.mean.high


def test_the_set_is_read_once_and_many_wordings_keep_their_own_scores(predictor, monkeypatch):
    studies, few = TinySet(20), [WordingPair("Lung Opacity", *texts) for texts in TEXTS]
    whole = measure_wordings(predictor, studies, few, 10)
    monkeypatch.setattr(wordings_module, "_AT_ONCE", 2)
    studies = TinySet(20, seed=0)
    # Nothing of it is on disk, and nothing can be put there.
    monkeypatch.setenv("LRCLR_CACHE", __file__)
    parts = measure_wordings(predictor, studies, few, 10)
    assert studies.reads == 20
    assert [(line.wording, line.auc.value) for line in parts.wordings] == [
        (line.wording, line.auc.value) for line in whole.wordings
    ]


def test_low_and_inverted_wordings_are_counted(predictor):
    studies = TinySet(40)
    forth = WordingPair("Lung Opacity", *TEXTS[0])
    back = WordingPair("Lung Opacity", forth.negative, forth.positive)
    report = measure_wordings(predictor, studies, [forth, back, back], 10)
    low, _, high = (line.auc.value for line in report.wordings)
    assert low == pytest.approx(1 - high) and low < 0.5
    made = report.to_json()
    assert (made["inverted"], made["worst"]) == (2, low)
    assert made["under_75"] == 2 + (high < 0.75)
    assert made["wordings"][0]["auc"]["value"] == low
    assert "2 inverted" in report.table()


def test_findings_that_the_set_cannot_judge_are_named(predictor):
    lines = [WordingPair("Lung Opacity", *TEXTS[0]), WordingPair("Edema", "wet", "dry"),
             WordingPair("Coin", "coin", "no coin")]  # fmt: skip
    report = measure_wordings(predictor, TinySet(12), lines, 10)
    assert report.left_out == ("Edema", "Coin") and len(report.wordings) == 1
    assert "left out: Edema, Coin" in report.table()
    with pytest.raises(ExplorerError, match="no finding of the wordings .Edema"):
        measure_wordings(predictor, TinySet(12), lines[1:2], 10)


def test_both_shapes_of_a_file_give_the_same_wordings(tmp_path):
    pairs = [{"positive": yes, "negative": no} for yes, no in TEXTS]
    wanted = [WordingPair("Edema", yes, no) for yes, no in TEXTS]
    assert load_wordings(_given(tmp_path, {"Edema": pairs})) == wanted
    beside = {"header": {"author": "somebody"}, "wordings": {"Edema": pairs}}
    assert load_wordings(_given(tmp_path, beside)) == wanted
    sides = {"positive": [yes for yes, _ in TEXTS], "negative": [no for _, no in TEXTS]}
    assert load_wordings(_given(tmp_path, {"Edema": sides})) == wanted
    assert len(load_wordings(ASSETS / "prompts" / "unseen.json")) == 50


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "holds no wordings"),
        ({"wordings": {}}, "holds no wordings"),
        ({"Edema": []}, '"Edema" has no pairs'),
        ({"Edema": [{"positive": "wet"}]}, '"Edema" has no pairs'),
        ({"Edema": [{"positive": "wet", "negative": 3}]}, '"Edema" has no pairs'),
        ({"Edema": {"positive": ["wet", "soaked"], "negative": ["dry"]}}, '"Edema" has no pairs'),
        ({"Edema": {"positive": "wet", "negative": "dry"}}, '"Edema" has no pairs'),
        ({"Edema": [{"positive": " ", "negative": "dry"}]}, '"Edema": The prompt is empty'),
    ],
)
def test_a_file_of_another_shape_is_refused_in_a_sentence(tmp_path, content, words):
    with pytest.raises(ExplorerError, match=words):
        load_wordings(_given(tmp_path, content))


def test_a_file_that_is_no_json_is_refused(tmp_path):
    path = tmp_path / "words.json"
    path.write_text("{")
    with pytest.raises(ExplorerError, match="words.json is not JSON"):
        load_wordings(path)


def test_the_held_out_wordings_are_many_and_few_are_default_prompts():
    lines = load_wordings(HELD_OUT)
    findings = [line.finding for line in lines]
    assert len(set(findings)) == 9 and min(findings.count(name) for name in findings) >= 8
    assert len({line.positive for line in lines}) == len(lines)
    defaults = {text.lower() for text in default_prompts().all_texts()}
    # Written without having seen them: that some are the field's own words cannot be helped.
    same = defaults & {line.positive.lower().rstrip(".") for line in lines}
    assert len(same) <= 0.1 * len(lines)


def test_the_command_prints_and_writes(run, tmp_path):
    path = _given(tmp_path, {"Pneumothorax": [{"positive": "pneumothorax", "negative": "clear"}]})
    made = tmp_path / "made.json"
    code, out, _ = run("wordings", path, "--data", "phantom:n=24,seed=3,size=64", "--n-bootstrap",
                       5, "--json", made)  # fmt: skip
    figures = json.loads(made.read_text())
    assert code == 0 and "1 wordings: mean AUC" in out and figures["n"] == 24
    assert figures["wordings"][0]["positive"] == "pneumothorax"
    code, _, err = run("wordings", tmp_path / "none.json")
    assert code == 2 and "none.json" in err
