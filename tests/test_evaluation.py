"""Evaluation: figures against plain computations, stable keys, controls that behave as controls."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tiny_model import TinySet, tiny_model

from core.attribution import METHODS
from core.errors import ExplorerError
from core.evaluation.evaluate import auc_report, evaluate
from core.evaluation.localize import check_methods, default_methods, localize
from core.evaluation.oracle import cells_of, oracle_values
from core.evaluation.prior import location_prior, prior_map
from core.evaluation.report import SCORES
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.metrics.localisation import MEASURES, cnr, energy

PROMPTS = PromptSet(
    {
        "Fracture": FindingPrompts(("rib fracture",), ("no fracture",)),
        "Edema": FindingPrompts(("edema",), ("no edema",)),
        "Lung Opacity": FindingPrompts(("opacity",), ("clear lungs",)),
        "Foreign Body": FindingPrompts(("coin",), ("no coin",)),
    }
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))


@pytest.fixture
def predictor():
    return Predictor(tiny_model(), "tiny")


@pytest.fixture
def truthful(monkeypatch):
    """A method that knows: the brightest pixels, where TinySet draws its findings."""
    method = METHODS["random"]
    bright = type(method)("Bright", lambda _m, pixels, _t, _s: pixels[:, 0].numpy(), "", "pixels")
    monkeypatch.setitem(METHODS, "bright", bright)
    return "bright"


def test_auc_is_that_of_the_scores(predictor):
    studies = TinySet(40)
    report = evaluate(predictor, studies, PROMPTS, n_bootstrap=200)
    scores = predictor.score(predictor.encode_set(studies), PROMPTS)
    assert list(report.findings) == ["Fracture", "Lung Opacity"]
    assert report.left_out == ("Edema", "Foreign Body")  # one class only; no such label
    truth = studies.labels["Fracture"].to_numpy()
    known = ~np.isnan(truth)
    assert report.findings["Fracture"].positives == int(truth[known].sum())
    assert report.findings["Fracture"].negatives == int((truth[known] == 0).sum())
    for score in SCORES:
        expected = roc_auc_score(truth[known], scores[score][known, 0])
        found = report.findings["Fracture"].auc[score]
        assert found.value == pytest.approx(expected)
        assert found.low <= found.value <= found.high
        both = [report.findings[name].auc[score].value for name in report.findings]
        assert report.mean_auc[score] == pytest.approx(np.mean(both))


def test_scores_that_know_and_that_do_not():
    studies = TinySet(40)
    truth = np.nan_to_num(studies.labels["Fracture"].to_numpy())[:, None]
    prompts = PromptSet({"Fracture": PROMPTS["Fracture"]})
    scores = {score: truth.astype(np.float32) for score in SCORES}
    scores["local"] = np.zeros_like(scores["local"])
    auc = auc_report(studies, prompts, scores, 100).findings["Fracture"].auc
    assert auc["global"] == (1.0, 1.0, 1.0)
    assert auc["local"] == (0.5, 0.5, 0.5)


def test_findings_are_resampled_together():
    """Opposite truth by the same scores: the mean AUC is one half in every draw."""
    studies = TinySet(40)
    studies.table["Fracture"] = 1.0 - studies.table["Lung Opacity"]
    prompts = PromptSet({name: PROMPTS[name] for name in ("Fracture", "Lung Opacity")})
    values = np.random.default_rng(0).random((40, 1)).repeat(2, axis=1)
    report = auc_report(studies, prompts, dict.fromkeys(SCORES, values), 100)
    assert report.mean["pair"] == pytest.approx((0.5, 0.5, 0.5))
    alone = report.findings["Fracture"].auc["pair"]
    assert alone.high - alone.low > 0.1


def test_films_of_one_patient_are_one_draw():
    studies, one = TinySet(120), TinySet(40)
    for name in ("Fracture", "Lung Opacity"):
        studies.table[name] = np.tile(one.table[name], 3)
    studies.table["patient_id"] = [f"p{row % 40}" for row in range(120)]
    prompts = PromptSet({name: PROMPTS[name] for name in ("Fracture", "Lung Opacity")})
    values = np.random.default_rng(0).random((40, 2))
    scores = [dict.fromkeys(SCORES, v) for v in (values, np.tile(values, (3, 1)))]
    alone, three = (auc_report(s, prompts, given, 100)
                    for s, given in zip((one, studies), scores, strict=True))  # fmt: skip
    assert (three.n, three.patients, alone.patients) == (120, 40, 40)
    for name in prompts:
        assert three.findings[name].auc["pair"] == pytest.approx(alone.findings[name].auc["pair"])
    assert three.mean["pair"] == pytest.approx(alone.mean["pair"])
    assert "120 studies of 40 patients" in three.table()


def test_a_scored_finding_without_labels_here_and_an_unreadable_image_count_for_none():
    studies = TinySet(40)
    values = np.random.default_rng(0).random((40, len(PROMPTS)))
    values[7] = np.nan
    report = auc_report(studies, PROMPTS, dict.fromkeys(SCORES, values), 50)
    assert report.n == 39 and report.patients == 39 and len(report.unreadable) == 1
    truth = studies.labels["Lung Opacity"].to_numpy()
    expected = roc_auc_score(np.delete(truth, 7), np.delete(values[:, 2], 7))
    assert report.findings["Lung Opacity"].auc["local"].value == pytest.approx(expected)


def test_the_oracle_points_within_the_tolerance_of_the_longer_side():
    """200 by 50: a cell's centre may lie six pixels from the mask."""
    mask = np.zeros((200, 50), bool)
    mask[105:110, 25] = True
    cells = (np.arange(200) // 100)[:, None].repeat(50, axis=1)  # centres at 49.5 and 149.5
    assert oracle_values(mask, cells)["pointing_game"] == 0.0
    mask[:], mask[54:60, 25] = False, True  # 4 to 5 pixels below the first centre
    assert oracle_values(mask, cells)["pointing_game"] == 1.0
    assert oracle_values(mask.T, cells.T)["pointing_game"] == 1.0


def test_default_prompts_are_those_of_the_labels(predictor):
    report = evaluate(predictor, TinySet(20), n_bootstrap=10)
    assert set(report.findings) == {"Fracture", "Lung Opacity"}


def test_evaluation_keys_stay(predictor):
    values = evaluate(predictor, TinySet(20), PROMPTS, n_bootstrap=10).to_json()
    values = json.loads(json.dumps(values, allow_nan=False))
    assert {"n", "mean_auc", "findings"} <= set(values) and values["n"] == 20
    assert set(values["mean_auc_interval"]["pair"]) == {"value", "low", "high"}
    assert set(values["mean_auc"]) == {"positive", "pair", "global", "local", "lrclr"}
    for found in values["findings"].values():
        assert set(found) == {"positives", "auc"} and set(found["auc"]) == set(SCORES)
        assert all(set(figure) == {"value", "low", "high"} for figure in found["auc"].values())


def test_the_same_seed_gives_the_same_figures(predictor):
    first, again = (
        localize(predictor, TinySet(), ["random"], n_bootstrap=50, seed=3) for _ in range(2)
    )
    assert first == again
    other = localize(predictor, TinySet(), ["random"], n_bootstrap=50, seed=4)
    assert other.methods != first.methods


def test_a_set_without_labels_is_refused_before_it_is_encoded(predictor):
    studies = TinySet(4)
    studies.table = studies.table[["id", "text", "view", "patient_id"]]
    with pytest.raises(ExplorerError, match="label"):
        evaluate(predictor, studies)
    with pytest.raises(ExplorerError, match="Foreign Body"):
        evaluate(predictor, TinySet(4), PromptSet({"Foreign Body": PROMPTS["Foreign Body"]}))
    assert studies.reads == 0


def test_a_map_that_knows_beats_the_controls(predictor, truthful):
    methods = [truthful, "oracle", "random", "centre", "lrclr", "similarity", "rollout"]
    report = localize(predictor, TinySet(40), methods, n_bootstrap=50)
    assert report.n == report.cases["Lung Opacity"] == 20  # only studies with truth count
    assert report.methods["bright"]["pointing_game"].value == 1
    for measure in MEASURES:
        best = report.methods["bright"][measure].value
        assert best > report.methods["random"][measure].value
        assert best > report.methods["centre"][measure].value
    assert report.methods["oracle"]["pointing_game"].value == 1
    for measure in ("pointing_game", "energy", "iou"):  # no method of this grid beats its ceiling
        for method in ("random", "centre", "lrclr", "similarity", "rollout"):
            best = report.methods["oracle"][measure].value
            assert best >= report.methods[method][measure].value
    assert report.methods["oracle"]["iou"].value < 1  # whole cells do not fit the box


def test_the_oracle_is_the_best_of_all_sets_of_cells():
    """Against every subset of a grid of six cells."""
    rng = np.random.default_rng(5)
    cells = np.arange(6).reshape(2, 3).repeat(5, axis=0).repeat(4, axis=1)
    for _ in range(20):
        mask = rng.random((10, 12)) < rng.uniform(0.1, 0.9)
        found = oracle_values(mask, cells)
        subsets = [np.isin(cells, np.flatnonzero(chosen)) for chosen in
                   itertools.product([0, 1], repeat=6) if any(chosen)]  # fmt: skip
        overlap = [(s & mask).sum() / (s | mask).sum() for s in subsets]
        assert found["iou"] == pytest.approx(max(overlap))
        twice = [2 * (s & mask).sum() / (s.sum() + mask.sum()) for s in subsets]
        assert found["dice"] == pytest.approx(max(twice))
        assert found["energy"] == pytest.approx(max(energy(s.astype(float), mask) for s in subsets))
        assert found["cnr"] == pytest.approx(max(cnr(s.astype(float), mask) for s in subsets))


def test_cells_follow_the_letterbox(predictor):
    cells = cells_of(predictor.model.backbone.preprocess, (4, 4), (64, 32))
    assert set(np.unique(cells)) == {1, 2, 5, 6, 9, 10, 13, 14}  # black columns hold no pixel
    assert (cells[:16, :16] == 1).all() and (cells[48:, 16:] == 14).all()


def test_localisation_is_in_the_pixels_of_the_image(predictor, truthful):
    """A tall image is letterboxed for the model; its map still lies on its finding."""
    report = localize(predictor, TinySet(8, shape=(64, 32)), [truthful], n_bootstrap=10)
    assert report.methods[truthful]["pointing_game"].value == 1
    assert report.methods[truthful]["iou"].value > 0.5


def test_localisation_keys_stay(predictor):
    report = localize(predictor, TinySet(), ["lrclr", "random"], n_bootstrap=10)
    values = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert values["n"] == 6 and {"n", "methods", "findings", "cases"} <= set(values)
    for methods in (values["methods"], values["pooled"], values["findings"]["Lung Opacity"]):
        assert set(methods) == {"lrclr", "random"}
        for measures in methods.values():
            assert set(measures) == {"pointing_game", "energy", "cnr", "iou", "dice"}
            assert all(set(figure) == {"value", "low", "high"} for figure in measures.values())


class TwoFindings(TinySet):
    """The opacity is always there; one study in eight also has a fracture, elsewhere."""

    def masks(self, row):
        masks = super().masks(row)
        if row % 8 == 0:
            masks["Fracture"] = np.zeros(self.shape, bool)
            masks["Fracture"][30:36, 30:40] = True
        return masks


def test_each_finding_counts_the_same(predictor, truthful):
    report = localize(predictor, TwoFindings(16), [truthful], n_bootstrap=50)
    assert report.cases == {"Lung Opacity": 8, "Fracture": 2} and report.n == 10
    each = [report.findings[name][truthful]["energy"].value for name in report.findings]
    assert report.methods[truthful]["energy"].value == pytest.approx(np.mean(each))
    only = PromptSet({"Fracture": PROMPTS["Fracture"]})
    assert set(localize(predictor, TwoFindings(16), [truthful], only).findings) == {"Fracture"}


def test_rare_findings_do_not_speak_in_the_mean(predictor, truthful):
    report = localize(predictor, TwoFindings(16), [truthful], n_bootstrap=20, min_cases=3)
    assert report.mean_over == ["Lung Opacity"] and set(report.findings) == set(report.cases)
    alone = report.findings["Lung Opacity"][truthful]["energy"]
    assert report.methods[truthful]["energy"].value == pytest.approx(alone.value)
    # Pooled, every case counts the same, of a rare finding too.
    parts = [(report.cases[name], report.findings[name][truthful]["energy"].value)
             for name in report.cases]  # fmt: skip
    expected = sum(count * value for count, value in parts) / 10
    assert report.pooled[truthful]["energy"].value == pytest.approx(expected)
    # Where no finding has as many, all count, and the report says from how many.
    few = localize(predictor, TwoFindings(16), [truthful], n_bootstrap=20)
    assert few.min_cases == 1 and len(few.mean_over) == 2
    assert "findings with 1 cases or more" in few.table() and "all cases pooled" in few.table()


def test_the_mean_location_comes_from_another_set(predictor):
    training = TinySet(40, seed=9)
    report = localize(predictor, TwoFindings(16), ["mean-location", "random"],
                      prior=lambda: location_prior(training), n_bootstrap=20)  # fmt: skip
    found = report.findings
    assert found["Lung Opacity"]["mean-location"]["pointing_game"].value == 1
    # Training never showed a fracture: not known is not zero, and no method's mean takes it.
    assert np.isnan(found["Fracture"]["mean-location"]["pointing_game"].value)
    assert not np.isnan(found["Fracture"]["random"]["pointing_game"].value)
    assert report.mean_over == ["Lung Opacity"]
    for method in ("mean-location", "random"):
        for measure in MEASURES:
            expected = found["Lung Opacity"][method][measure]
            assert report.methods[method][measure] == expected
            assert report.pooled[method][measure].value == pytest.approx(expected.value)
    assert report.to_json()["findings"]["Fracture"]["mean-location"]["iou"]["value"] is None
    assert report.prior == "tiny:40" and "in tiny:40" in report.table()
    assert "Not every method is defined for Fracture." in report.table()


def test_a_method_that_knows_no_finding_leaves_no_mean(predictor):
    class Unknown(TinySet):
        def masks(self, row):
            truth = super().masks(row)
            return {"Fracture": truth["Lung Opacity"]} if truth else {}

    training = TinySet(8)
    report = localize(predictor, Unknown(), ["mean-location", "random"],
                      prior=lambda: location_prior(training), n_bootstrap=20)  # fmt: skip
    assert np.isnan(report.methods["random"]["energy"].value) and report.mean_over == []
    assert "none, so that there is no mean" in report.table()
    assert report.findings["Fracture"]["random"]["energy"].value > 0


def test_a_prior_is_the_share_of_masks():
    prior = location_prior(TinySet(8, shape=(224, 224)))
    share = prior.maps["Lung Opacity"]
    assert share.max() == 1 and share[6:16, 12].min() == 1 and share[8, 6] == 0.5
    assert prior.cases == {"Lung Opacity": 4}
    half = prior_map(prior, "Lung Opacity", (112, 112))
    assert half is not None and half.shape == (112, 112)
    assert prior_map(prior, "Edema", (8, 8)) is None


@pytest.mark.parametrize("methods", [[], ["grad-cam"], ["lrclr", ""]])
def test_unknown_methods_are_refused_with_the_known_ones(predictor, methods):
    with pytest.raises(ExplorerError, match="gradcam.*oracle"):
        localize(predictor, TinySet(), methods)


def test_a_set_without_truth_is_refused(predictor):
    with pytest.raises(ExplorerError, match="no mask or box"):
        localize(predictor, TinySet().subset([0, 2]), ["random"])


def test_tables_name_every_finding(predictor):
    studies = TinySet(20)
    table = evaluate(predictor, studies, PROMPTS, n_bootstrap=10).table()
    assert "Fracture" in table and "left out: Edema, Foreign Body" in table and "n = 20" in table
    assert "Lung Opacity" in localize(predictor, studies, ["centre"], n_bootstrap=10).table()


def test_localize_measures_every_quick_method_and_control_by_default(monkeypatch):
    monkeypatch.setitem(METHODS, "even", replace(METHODS["centre"], title="Even"))
    monkeypatch.setitem(METHODS, "thorough", replace(METHODS["occlusion"], title="Thorough"))
    methods = default_methods()
    assert {"lrclr", "gradcam", "random", "even", "mean-location", "oracle"} <= {*methods}
    assert not {"thorough", "occlusion", "integrated-gradients"} & {*methods}
    check_methods(methods)
