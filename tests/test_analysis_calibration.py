"""Calibrations against scikit-learn's, bins and figures against plain loops, files that lie."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import brier_score_loss
from test_analysis_errors import repeated, scored

from core.analysis.calibration import (
    METHODS,
    calibration_file,
    fit_calibrations,
    fitted_curve,
    keep_calibrations,
    kept_calibrations,
)
from core.analysis.probability import kept_probabilities
from core.analysis.reliability import CHANCES, calibration_report, reliability
from core.errors import ExplorerError
from core.inference.prompts import FindingPrompts, prompts_for
from core.metrics.bootstrap import resamples


class Scores(ClassifierMixin, BaseEstimator):
    """A classifier that was trained already: its decision is the score."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def decision_function(self, X):
        return np.asarray(X)[:, 0]

    def predict(self, X):
        return (np.asarray(X)[:, 0] > 0).astype(int)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_are_scikit_learn_s(method):
    truth, score = scored(300, ties=False).of("Edema")
    frozen = FrozenEstimator(Scores().fit(None, None))
    theirs = CalibratedClassifierCV(frozen, method=method, ensemble=False)
    theirs.fit(score[:, None], truth.astype(int))
    wanted = theirs.predict_proba(score[:, None])[:, 1]
    ours = fitted_curve(method, truth, score, np.ones(len(truth)), score)
    assert ours == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_weight_counts_as_copies(method):
    truth, score = scored(80, ties=False).of("Edema")
    weights = resamples(len(truth), 1, 0)[0]
    drawn = fitted_curve(method, truth, score, weights.astype(float), score)
    y, s = repeated(truth, weights), repeated(score, weights)
    assert drawn == pytest.approx(fitted_curve(method, y, s, np.ones(len(y)), score), abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_parted_classes_have_finite_probabilities(method):
    truth, score = np.repeat([0.0, 1.0], 20), np.r_[np.arange(-20.0, 0), np.arange(1.0, 21)]
    made = fitted_curve(method, truth, score, np.ones(40), score)
    assert np.isfinite(made).all() and (np.diff(made) >= 0).all() and made[0] < 0.1 < 0.9 < made[-1]


def test_bands_hold_the_curve_and_narrow_with_films():
    widths = []
    for n in (120, 1200):
        one = fit_calibrations(scored(n), "sigmoid", 60)["Edema"]
        value, low, high = one.probabilities(np.linspace(-5, 5, 50))
        assert (low <= value + 1e-9).all() and (value <= high + 1e-9).all()
        widths.append((one.high - one.low).mean())
    assert widths[1] < widths[0] / 2


def test_bins_brier_and_calibration_error_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    probability = rng.random(200)
    truth = (rng.random(200) < probability**2).astype(float)
    patients = np.arange(200) // 2
    told = reliability(truth, probability, patients, 10, 30, seed=5)
    order = np.argsort(probability)
    bins = np.array_split(order, 10)
    assert [one.n for one in told.bins] == [20] * 10
    for one, rows in zip(told.bins, bins, strict=True):
        assert one.predicted == pytest.approx(probability[rows].mean())
        assert one.observed.value == pytest.approx(truth[rows].mean())
    assert told.brier.value == pytest.approx(brier_score_loss(truth, probability))
    wanted = sum(abs(probability[rows].mean() - truth[rows].mean()) * 0.1 for rows in bins)
    assert told.ece.value == pytest.approx(wanted)
    briers, errors = [], []
    for w in resamples(200, 30, 5, patients):
        briers.append(brier_score_loss(repeated(truth, w), repeated(probability, w)))
        gaps = [abs(w[rows] @ (probability - truth)[rows]) for rows in bins]
        errors.append(sum(gaps) / w.sum())
    assert (told.brier.low, told.brier.high) == pytest.approx(
        tuple(np.quantile(briers, [0.025, 0.975]))
    )
    assert (told.ece.low, told.ece.high) == pytest.approx(
        tuple(np.quantile(errors, [0.025, 0.975]))
    )


def test_the_error_by_chance_is_what_right_probabilities_have():
    rng = np.random.default_rng(1)
    probability = rng.random(300)
    errors = []
    for _ in range(30):
        truth = (rng.random(300) < probability).astype(float)
        errors.append(reliability(truth, probability, n_bootstrap=1).ece.value)
    told = reliability(truth, probability, n_bootstrap=1).ece_by_chance
    assert told == pytest.approx(np.mean(errors), rel=0.15)


def test_net_benefit_is_counted_film_by_film():
    rng = np.random.default_rng(2)
    probability = np.round(rng.random(100), 2)
    truth = (rng.random(100) < probability).astype(float)
    told = reliability(truth, probability, n_bootstrap=20)
    for place in (0, 29, 98):
        chance = CHANCES[place]
        acted = probability >= chance
        odds = chance / (1 - chance)
        wanted = ((truth == 1) & acted).sum() - ((truth == 0) & acted).sum() * odds
        assert told.benefit[place] == pytest.approx(wanted / 100)
        everyone = truth.sum() - (1 - truth).sum() * odds
        assert told.benefit_of_all[place] == pytest.approx(everyone / 100)


def test_one_probability_for_all_is_one_bin():
    told = reliability(np.array([0.0, 1, 1, 0]), np.full(4, 0.5), n_bootstrap=5)
    assert len(told.bins) == 1 and told.bins[0].n == 4 and told.ece.value == 0


def test_calibrations_are_kept_for_their_model_score_and_prompts(tmp_path):
    cases = scored()
    prompts = prompts_for(cases.findings)
    made = fit_calibrations(cases, "isotonic", 10)
    path = tmp_path / "deep" / "calibration.json"
    keep_calibrations(path, made, "hash", "lrclr", prompts)
    read = kept_calibrations(path, "hash", "lrclr", prompts)
    scores = np.linspace(-2, 3, 9)
    for name, one in made.items():
        assert read[name].fitted_on == cases.identity and read[name].n == one.n
        assert np.allclose(read[name].probabilities(scores), one.probabilities(scores))
    assert kept_calibrations(path, "other", "lrclr", prompts) == {}
    assert kept_calibrations(path, "hash", "global", prompts) == {}
    assert kept_calibrations(tmp_path / "none.json", "hash", "lrclr", prompts) == {}
    edited = prompts.with_finding("Edema", FindingPrompts(("wet",), ("dry",)))
    assert set(kept_calibrations(path, "hash", "lrclr", edited)) == {*cases.findings} - {"Edema"}


def test_a_kept_calibration_gives_probabilities_of_its_own_kind_of_pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CALIBRATIONS", str(tmp_path))
    cases = scored()
    cases = replace(cases, identity=replace(cases.identity, spec="/secret/place/val.csv,view=PA"))
    prompts = prompts_for((*cases.findings, "Hernia"))
    made = fit_calibrations(cases, "sigmoid", 10)
    keep_calibrations(calibration_file("demo", "hash"), made, "hash", "lrclr", prompts)
    scores = np.linspace(-1, 2, len(prompts))
    told = kept_probabilities("demo", "hash", prompts, scores, drawn=False)
    assert set(told) == set(cases.findings)
    for column, name in enumerate(cases.findings):
        wanted = made[name].probabilities(scores[column])
        assert (told[name].value, told[name].low, told[name].high) == pytest.approx(wanted)
        assert told[name].low <= told[name].value <= told[name].high
    assert told["Edema"].source() == "fitted on 120 films of 60 patients (val.csv,view=PA)."
    assert kept_probabilities("demo", "hash", prompts, scores, drawn=True) == {}
    assert kept_probabilities("demo", "other", prompts, scores, drawn=False) == {}


@pytest.mark.parametrize("change", ["cut", "knots", "text", "probability"])
def test_a_damaged_calibration_is_refused_in_a_sentence(tmp_path, change):
    cases = scored()
    prompts = prompts_for(cases.findings)
    path = tmp_path / "c.json"
    keep_calibrations(path, fit_calibrations(cases, "sigmoid", 2), "hash", "lrclr", prompts)
    told = json.loads(path.read_text())
    edema = told["findings"]["Edema"]
    if change == "knots":
        edema["knots"] = edema["knots"][1:]
    elif change == "text":
        edema["n"] = "many"
    elif change == "probability":
        edema["high"][0] = 2
    text = json.dumps(told)
    path.write_text(text[:500] if change == "cut" else text)
    with pytest.raises(ExplorerError, match=r"c\.json is no calibration"):
        kept_calibrations(path, "hash", "lrclr", prompts)


def test_a_file_lies_in_a_run_beside_a_file_or_by_hash(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CALIBRATIONS", str(tmp_path / "own"))
    (tmp_path / "weights.pt").write_bytes(b"")
    assert calibration_file(str(tmp_path), "h") == tmp_path / "calibration.json"
    beside = calibration_file(str(tmp_path / "weights.pt"), "h")
    assert beside == tmp_path / "weights.pt.calibration.json"
    assert calibration_file("demo", "h" * 40) == tmp_path / "own" / f"{'h' * 24}.json"


def test_fitted_on_the_shown_films_is_called_optimistic():
    cases = scored()
    other = replace(cases, identity=replace(cases.identity, fingerprint="f" * 16, spec="val"))
    own = calibration_report(cases, fit_calibrations(cases, "sigmoid", 2), 5)
    fitted = calibration_report(cases, fit_calibrations(other, "sigmoid", 2), 5)
    assert "optimistic" in own.table() and own.to_json()["findings"]["Edema"]["optimistic"]
    assert "fitted on val (n = 120)" in fitted.table() and "optimistic" not in fitted.table()


def test_a_method_that_is_none_is_refused():
    with pytest.raises(ExplorerError, match="no calibration 'magic'.*temperature"):
        fit_calibrations(scored(), "magic")
