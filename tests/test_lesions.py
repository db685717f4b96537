"""Shapes of lesions by hand, and correlations against scipy and a plain loop."""

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from core.analysis.lesions import (
    MEASURED,
    QUESTIONS,
    LesionCases,
    lesion_report,
    shape_of,
    spearman,
)
from core.analysis.scored import SetIdentity
from core.metrics.bootstrap import resamples


def test_shapes_are_those_drawn():
    row, column = np.mgrid[:200, :200] - 100.0
    disc = row**2 + column**2 < 60**2
    assert shape_of(disc)["elongation"] == pytest.approx(1, abs=0.05)
    assert shape_of(disc)["irregularity"] == pytest.approx(1 - np.pi / 4, abs=0.03)
    turned = (np.abs(row + column) < 100) & (np.abs(row - column) < 20)  # a bar at 45 degrees
    assert shape_of(turned)["elongation"] == pytest.approx(5, rel=0.1)
    assert shape_of(turned)["irregularity"] < 0.15
    two = np.zeros((50, 80), bool)
    two[5:15, 5:35], two[40:44, 70:74] = True, True
    assert shape_of(two) == pytest.approx(
        {"area": 316 / 4000, "elongation": 3, "irregularity": 0, "number": 2}
    )
    one = np.zeros((9, 9), bool)
    one[4, 4] = True
    assert shape_of(one)["elongation"] == 1
    cross = (np.abs(row) < 5) | (np.abs(column) < 5)
    assert shape_of(cross)["irregularity"] > 0.8


def test_correlations_and_intervals_are_those_of_a_plain_loop():
    rng = np.random.default_rng(1)
    n = 60
    questions = {name: rng.normal(size=n).round(1) for name in QUESTIONS}
    iou = np.clip(0.5 + 0.3 * questions["area"] + 0.1 * rng.normal(size=n), 0, 1)
    measured = {"lrclr": {"iou": iou, "pointing_game": (iou > 0.5).astype(float)}}
    patients = np.arange(n) // 2
    findings = np.array(["Edema"] * 40 + ["Fracture"] * 20, object)
    cases = LesionCases(SetIdentity("s", "f", n, 30), findings, patients, questions, measured)
    report = lesion_report(cases, 30, 40, 3)
    assert {one.finding for one in report.relations} == {"", "Edema"}  # the other has too few
    weights = resamples(n, 40, 3, patients)
    for one in report.relations:
        if one.finding:
            continue
        values, asked = measured["lrclr"][one.measure], questions[one.question]
        draws = [spearmanr(np.repeat(values, w), np.repeat(asked, w)).statistic for w in weights]
        assert one.rank.value == pytest.approx(spearmanr(values, asked).statistic)
        assert one.rank.low == pytest.approx(np.nanquantile(draws, 0.025))
    told = {(one.question, one.measure): one for one in report.relations if not one.finding}
    assert told["area", "iou"].p < 0.05 < told["number", "iou"].p
    assert len(report.relations) == 2 * len(QUESTIONS) * len(MEASURED) and "*" in report.table()
    assert np.isnan(spearman(np.ones(4), np.arange(8.0).reshape(2, 4))).all()


def test_lesions_measures_maps_beside_shapes(run, tmp_path):
    code, out, err = run(
        "lesions", "--data", "phantom:n=12,seed=3,size=64", "--methods", "lrclr,centre",
        "--min-cases", 5, "--n-bootstrap", 20, "--films", 11, "--json", tmp_path / "l.json",
    )  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "l.json").read_text())
    pairs = {(one["method"], one["measure"], one["question"]) for one in told["relations"]}
    assert len(pairs) == 2 * 2 * len(QUESTIONS) and told["n"] >= 11 - 3
    assert "confidence" in out and told["set"]["n"] == 11
    areas = [one for one in told["quarters"] if one["question"] == "area"]
    assert sum(one["n"] for one in areas) == 2 * 2 * told["n"]
    code, _, err = run("lesions", "--methods", "tea")
    assert code == 2 and "no method 'tea'" in err
