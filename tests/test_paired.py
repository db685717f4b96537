"""Two models or two methods on the same studies: differences against the plain figures, paired."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tiny_model import TinySet, tiny_model

from core.errors import ExplorerError
from core.evaluation.evaluate import evaluate
from core.evaluation.localize import localize
from core.evaluation.paired import compare, paired_auc
from core.evaluation.report import SCORES
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.metrics.bootstrap import resamples

PROMPTS = PromptSet(
    {
        "Fracture": FindingPrompts(("rib fracture",), ("no fracture",)),
        "Lung Opacity": FindingPrompts(("opacity",), ("clear lungs",)),
    }
)


@pytest.fixture(scope="module")
def two() -> tuple[Predictor, Predictor]:
    return Predictor(tiny_model(0), "one"), Predictor(tiny_model(1), "two")


def test_both_sides_are_their_own_figures_and_the_gain_is_between(two, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    studies = TinySet(40)
    report = compare(two, studies, ("similarity", "similarity"), PROMPTS, n_bootstrap=50)
    one, other = (evaluate(p, studies, PROMPTS, n_bootstrap=50) for p in two)
    for name, pair in report.auc.items():
        assert pair.a == pytest.approx(one.findings[name].auc["lrclr"].value)
        assert pair.b == pytest.approx(other.findings[name].auc["lrclr"].value)
        assert pair.gain.value == pytest.approx(pair.b - pair.a)
    assert report.mean_auc is not None
    assert report.mean_auc.a == pytest.approx(one.mean_auc["lrclr"])
    maps = [localize(p, studies, ["similarity"], PROMPTS, n_bootstrap=50) for p in two]
    for measure, pair in report.localisation["Lung Opacity"].items():
        for side, value in zip(maps, (pair.a, pair.b), strict=True):
            figure = side.findings["Lung Opacity"]["similarity"][measure]
            assert value == pytest.approx(figure.value)
    assert report.pooled["cnr"].n == 20
    told = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert set(told) == {"auc", "mean_auc", "localisation", "mean", "pooled", "min_cases",
                         "patients"}  # fmt: skip
    assert set(told["auc"]["Fracture"]["gain"]) == {"value", "low", "high"}
    assert "Fracture" in report.table() and "pointing game" in report.table()


def test_the_gain_in_auc_is_that_of_the_same_patients_drawn_for_both():
    """Against drawing the patients' films again, one resample after the other."""
    studies = TinySet(40)
    studies.table["patient_id"] = [f"p{row // 4}" for row in range(40)]
    rng = np.random.default_rng(0)
    first, second = ({score: rng.random((40, 2)) for score in SCORES} for _ in range(2))
    pairs, mean = paired_auc(studies, PROMPTS, first, second, n_bootstrap=30, seed=2)
    weights = resamples(40, 30, 2, np.repeat(np.arange(10), 4))
    draws = []
    for weight in weights:
        gains = []
        for column, name in enumerate(PROMPTS):
            truth = studies.labels[name].to_numpy(float)
            rows = np.repeat(np.arange(40), weight)
            rows = rows[~np.isnan(truth[rows])]
            sides = [roc_auc_score(truth[rows], s["lrclr"][rows, column]) for s in (first, second)]
            gains.append(sides[1] - sides[0])
        draws.append(gains)
    for column, name in enumerate(PROMPTS):
        low, high = np.quantile([gains[column] for gains in draws], [0.025, 0.975])
        assert pairs[name].gain[1:] == pytest.approx((low, high))
    assert mean is not None
    low, high = np.quantile(np.mean(draws, axis=1), [0.025, 0.975])
    assert mean.gain[1:] == pytest.approx((low, high))


def test_a_gain_that_all_films_share_has_no_width():
    studies = TinySet(30)
    scores = {score: np.random.default_rng(1).random((30, 2)) for score in SCORES}
    shifted = {score: values + 5 for score, values in scores.items()}
    pairs, mean = paired_auc(studies, PROMPTS, scores, shifted, n_bootstrap=40)
    assert mean is not None and tuple(mean.gain) == (0.0, 0.0, 0.0)
    assert all(tuple(pair.gain) == (0.0, 0.0, 0.0) for pair in pairs.values())


def test_an_image_that_one_cannot_read_counts_for_neither():
    studies = TinySet(30)
    scores = {score: np.random.default_rng(1).random((30, 2)) for score in SCORES}
    broken = {score: values.copy() for score, values in scores.items()}
    for values in broken.values():
        values[3] = np.nan
    pairs, mean = paired_auc(studies, PROMPTS, scores, broken, n_bootstrap=40)
    assert mean is not None and mean.n == 29
    assert all(tuple(pair.gain) == (0.0, 0.0, 0.0) for pair in pairs.values())


def test_two_methods_of_one_model_are_compared_by_their_maps(two):
    report = compare((two[0], two[0]), TinySet(20), ("centre", "random"), PROMPTS, n_bootstrap=40)
    assert report.auc == {} and report.mean_auc is None
    energy = report.mean["energy"]
    assert energy.gain.value == pytest.approx(energy.b - energy.a) and energy.n == 1
    assert report.to_json()["mean_auc"] is None and "AUC" not in report.table()


def test_two_scores_of_one_model_are_compared_by_their_auc(two):
    studies, chosen = TinySet(24), ("random", "random")
    same = (two[0], two[0])
    report = compare(same, studies, chosen, PROMPTS, "global", n_bootstrap=40, score_b="local")
    of_set = two[0].score_set(studies, PROMPTS)
    told, mean = paired_auc(studies, PROMPTS, {"x": of_set["global"]}, {"x": of_set["local"]}, "x",
                            n_bootstrap=40)  # fmt: skip
    assert report.auc == told and report.mean_auc == mean and report.localisation == {}
    assert any(pair.a != pair.b for pair in told.values())
    back = compare(same, studies, chosen, PROMPTS, "local", n_bootstrap=40, score_b="global")
    assert back.mean_auc is not None and mean is not None
    assert back.mean_auc.gain.value == pytest.approx(-mean.gain.value)


def test_nothing_to_compare_is_said(two):
    same = (two[0], two[0])
    with pytest.raises(ExplorerError, match="nothing to compare"):
        compare(same, TinySet(8), ("random", "random"))
    bare = TinySet(8).subset([0, 2, 4])
    bare.table = bare.table[["id", "text", "view", "patient_id"]]
    with pytest.raises(ExplorerError, match="neither a finding"):
        compare(same, bare, ("random", "centre"))


@pytest.mark.slow
def test_the_command_names_both_and_writes_the_figures(run, tmp_path):
    path = tmp_path / "c.json"
    code, out, err = run(
        "compare", "--a", "demo-base", "--b", "demo", "--data", "phantom:n=24,seed=3",
        "--n-bootstrap", 50, "--json", path,
    )  # fmt: skip
    assert code == 0, err
    told = json.loads(path.read_text())
    assert told["a"] == {"model": "demo-base", "method": "similarity"}
    assert told["mean_auc"]["gain"]["value"] > 0 and told["pooled"]["pointing_game"]["b"] > 0.5
    assert out.startswith("a: demo-base, similarity\nb: demo, similarity\n")
    code, _, err = run("compare", "--a", "demo", "--data", "phantom:n=8")
    assert code == 2 and "nothing to compare" in err
    code, out, err = run("compare", "--a", "demo", "--score", "global", "--score-b", "lrclr",
                         "--data", "phantom:n=24,seed=3", "--n-bootstrap", 50)  # fmt: skip
    assert code == 0 and out.startswith("a: demo, similarity, global\nb: demo, similarity, lrclr")
    code, _, err = run("compare", "--a", "demo", "--score-b", "nose")
    assert code == 2 and "'nose'" in err
    code, _, err = run("compare", "--a", "demo", "--method-b", "nose")
    assert code == 2 and "'nose'" in err
