"""Every threshold of one finding, without resampling again: as `error_report` at that threshold."""

import numpy as np
import pytest
from test_analysis_errors import scored

from core.analysis import sweep as sweep_module
from core.analysis.errors import error_report
from core.analysis.sweep import sweep
from core.analysis.threshold import Rule, fit_thresholds
from core.errors import ExplorerError

CASES = scored()
COUNTS = ("true_positives", "false_negatives", "false_positives", "true_negatives")
SWEPT = sweep(CASES, "Edema", 60, seed=4)


@pytest.mark.parametrize("threshold", [-9.0, -1.0, 0.0, 0.31, 0.7, 1.5, 9.0])
def test_a_threshold_gives_what_the_report_gives(threshold):
    report = error_report(CASES, fit_thresholds(Rule("score", threshold), CASES), 60, seed=4)
    expected, told = report.findings["Edema"].confusion, SWEPT.at(threshold)
    for name in COUNTS:
        assert getattr(told, name) == getattr(expected, name), name
    for name, figure in expected.rates.items():
        assert told.rates[name] == pytest.approx(figure, nan_ok=True), name


def test_its_curves_are_those_of_the_report():
    report = error_report(CASES, fit_thresholds(Rule("youden"), CASES), 60, seed=4)
    one = report.findings["Edema"]
    assert (SWEPT.n, SWEPT.positives, SWEPT.auc, SWEPT.average_precision) == (
        one.n, one.positives, one.auc, one.average_precision,
    )  # fmt: skip
    for mine, theirs in ((SWEPT.roc, one.roc), (SWEPT.precision, one.precision)):
        assert np.array_equal(mine.y, theirs.y) and np.array_equal(mine.low, theirs.low)


def test_between_few_places_the_counts_are_exact_and_the_intervals_near(monkeypatch):
    monkeypatch.setattr(sweep_module, "_PLACES", 12)
    cases = scored(400, ties=False)
    few = sweep(cases, "Edema", 200)
    assert len(few.places) == 13
    monkeypatch.setattr(sweep_module, "_PLACES", 1000)
    every = sweep(cases, "Edema", 200)
    for threshold in np.linspace(every.stops[-1], every.stops[0], 23):
        mine, exact = few.at(threshold), every.at(threshold)
        assert mine.true_positives == exact.true_positives
        value, low, high = mine.rates["sensitivity"]
        assert value == exact.rates["sensitivity"].value
        assert (low, high) == pytest.approx(exact.rates["sensitivity"][1:], abs=0.04)


def test_a_finding_that_is_not_there_is_refused():
    with pytest.raises(ExplorerError, match="choose Edema"):
        sweep(CASES, "Mass")


@pytest.mark.parametrize("resamples", [0, 60])
@pytest.mark.parametrize("places", [9, 1000])
def test_all_stops_at_once_are_each_of_them(monkeypatch, places, resamples):
    monkeypatch.setattr(sweep_module, "_PLACES", places)
    swept = sweep(scored(120), "Edema", resamples, seed=4)
    told = swept.at_stops()
    assert len(told) == len(swept.stops) > 9
    for one, threshold in zip(told, swept.stops, strict=True):
        expected = swept.at(threshold)
        assert [getattr(one, name) for name in COUNTS] == [getattr(expected, n) for n in COUNTS]
        assert list(one.rates) == list(expected.rates)
        for name, figure in expected.rates.items():
            np.testing.assert_array_equal(one.rates[name], figure, name)
