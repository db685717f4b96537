"""Intervals of localisation against plain loops: whose draws, paired over findings, which mean."""

import numpy as np
import pytest

from core.evaluation.tally import Cases, Tally, localization_report
from core.metrics.bootstrap import resamples
from core.metrics.localisation import MEASURES


def _tally(rows: list[int], values: list[float], method: str = "m") -> Tally:
    return Tally(rows, {(method, measure): values for measure in MEASURES})


def test_a_finding_is_resampled_by_the_draws_of_its_own_studies() -> None:
    """Rows out of order and with gaps; against repeating the cases that were drawn."""
    rng = np.random.default_rng(0)
    rows = [7, 3, 12, 4, 9]
    values = rng.random(5)
    other = _tally([1, 3, 20], [0.0, 1.0, 0.5])
    patients = np.arange(30)
    cases = Cases({"A": _tally(rows, values.tolist()), "B": other}, patients, 40, seed=5)
    used = [1, 3, 4, 7, 9, 12, 20]
    weights = resamples(len(used), 40, 5)
    for weight, found in zip(weights, cases.finding("A", "m", "cnr").draws, strict=True):
        drawn = [value for row, value in zip(rows, values, strict=True)
                 for _ in range(weight[used.index(row)])]  # fmt: skip
        assert found == pytest.approx(np.mean(drawn)) if drawn else np.isnan(found)


def test_findings_of_one_study_are_drawn_together() -> None:
    """What one finding gains the other loses, study by study: their mean cannot move."""
    values = np.random.default_rng(1).random(25)
    rows = list(range(25))
    lost = (1 - values)[::-1].tolist()
    tallies = {"A": _tally(rows, values.tolist()), "B": _tally(rows[::-1], lost)}
    report = localization_report(tallies, ["m"], np.arange(25), 200, seed=0)
    assert report.methods["m"]["energy"] == pytest.approx((0.5, 0.5, 0.5))
    assert report.pooled["m"]["energy"] == pytest.approx((0.5, 0.5, 0.5))
    alone = report.findings["A"]["m"]["energy"]
    assert alone.high - alone.low > 0.1


def test_copies_of_a_patients_film_add_no_certainty() -> None:
    values = np.random.default_rng(2).random(20).tolist()
    one = localization_report({"A": _tally(list(range(20)), values)}, ["m"], np.arange(20), 200, 0)
    rows, patients = list(range(60)), np.tile(np.arange(20), 3)
    three = localization_report({"A": _tally(rows, values * 3)}, ["m"], patients, 200, 0)
    assert three.findings["A"]["m"]["cnr"] == pytest.approx(one.findings["A"]["m"]["cnr"])
    assert (three.n, three.patients, one.patients) == (60, 20, 20)
    films = localization_report({"A": _tally(rows, values * 3)}, ["m"], np.arange(60), 200, 0)
    widths = [r.findings["A"]["m"]["cnr"].high - r.findings["A"]["m"]["cnr"].low
              for r in (films, three)]  # fmt: skip
    assert widths[0] < 0.75 * widths[1]


def test_the_mean_takes_findings_that_all_know_and_that_are_not_rare() -> None:
    rows = list(range(24))
    tallies = {
        "Both": Tally(rows, {(m, k): [v] * 24 for k in MEASURES
                             for m, v in (("a", 0.2), ("b", 0.4))}),
        "One": Tally(rows, {(m, k): [v] * 24 for k in MEASURES
                            for m, v in (("a", 1.0), ("b", float("nan")))}),
        "Rare": Tally([0, 1], {(m, k): [1.0] * 2 for k in MEASURES for m in "ab"}),
    }  # fmt: skip
    report = localization_report(tallies, ["a", "b"], np.arange(24), 50, 0)
    assert report.mean_over == ["Both"] and report.min_cases == 20
    assert report.methods["a"]["iou"].value == pytest.approx(0.2)
    assert report.methods["b"]["iou"].value == pytest.approx(0.4)
    # Pooled, rare findings count by their cases; what one method does not know stays out.
    assert report.pooled["a"]["iou"].value == pytest.approx((24 * 0.2 + 2) / 26)
    assert report.pooled["b"]["iou"].value == pytest.approx((24 * 0.4 + 2) / 26)
    alone = localization_report(tallies, ["a"], np.arange(24), 50, 0)
    assert alone.mean_over == ["Both", "One"]
    assert alone.methods["a"]["iou"].value == pytest.approx(0.6)
