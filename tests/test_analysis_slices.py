"""Slices against scikit-learn and a plain loop over resamples; columns; what is too small."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score
from test_analysis_errors import repeated, scored

from core.analysis.columns import column_values, columns_of, lesion_columns
from core.analysis.found_slices import found_slices
from core.analysis.scored import ScoredSet
from core.analysis.slices import slice_report
from core.analysis.threshold import fit_thresholds, parse_rule
from core.errors import ExplorerError
from core.language.claim import PRESENT, Claim
from core.language.facts import Facts
from core.metrics.bootstrap import resamples


def table(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "view": rng.choice(["AP", "PA", ""], n).astype(object),
        "sex": rng.choice(["F", "M"], n).astype(object),
    }


def auc(truth: np.ndarray, score: np.ndarray) -> float:
    return float(roc_auc_score(truth, score)) if 0 < truth.sum() < len(truth) else np.nan


def in_and_out(cases: ScoredSet, values: np.ndarray, value: str):
    known = cases.known("Edema")
    return known & (values == value), known & (values != value) & (values != "")


def test_auc_of_slices_and_their_rest_are_scikit_learn_s_in_every_resample():
    cases = scored(240)
    columns = table(240)
    report = slice_report(cases, "Edema", columns, n_bootstrap=40, seed=6, min_cases=5)
    known = cases.known("Edema")
    truth, score = cases.truth[:, 0], cases.scores[:, 0]
    drawn = np.zeros((40, 240), np.int32)
    drawn[:, known] = resamples(int(known.sum()), 40, 6, cases.patients[known])
    assert {one.name for one in report.slices} == {"view AP", "view PA", "sex F", "sex M"}
    for one in report.slices:
        ((column, value),) = one.values
        inside, outside = in_and_out(cases, columns[column], value)
        assert one.n == inside.sum() and one.positives == truth[inside].sum()
        assert one.compared.inside.value == pytest.approx(auc(truth[inside], score[inside]))
        assert one.compared.outside.value == pytest.approx(auc(truth[outside], score[outside]))
        gaps = [
            auc(repeated(truth[inside], w[inside]), repeated(score[inside], w[inside]))
            - auc(repeated(truth[outside], w[outside]), repeated(score[outside], w[outside]))
            for w in drawn
        ]
        told = one.compared.difference
        assert (told.low, told.high) == pytest.approx(tuple(np.quantile(gaps, [0.025, 0.975])))
    p = [one.compared.p for one in report.slices]
    assert [one.p_corrected for one in report.slices] == pytest.approx(
        list(false_discovery_control(p))
    )
    assert p == sorted(p)


@pytest.mark.parametrize("metric", ["error", "sensitivity", "specificity"])
def test_rates_of_slices_are_those_of_a_plain_loop(metric):
    cases, columns = scored(240), table(240)
    limit = fit_thresholds(parse_rule("0.5"), cases)["Edema"]
    report = slice_report(cases, "Edema", columns, None, metric, limit, 5, n_bootstrap=20)
    truth, called = cases.truth[:, 0], cases.scores[:, 0] >= 0.5
    base = {"error": ~np.isnan(truth), "sensitivity": truth == 1, "specificity": truth == 0}[metric]
    event = (called != (truth == 1)) if metric == "error" else called == (truth == 1)
    for one in report.slices:
        ((column, value),) = one.values
        inside = base & (columns[column] == value)
        assert one.n == inside.sum()
        assert one.compared.inside.value == pytest.approx(event[inside].mean())


def test_a_lesion_s_place_is_sliced_among_positive_films_against_all_negatives():
    cases = scored(240)
    truth, score = cases.truth[:, 0], cases.scores[:, 0]
    side = np.where(truth == 1, np.where(np.arange(240) % 3 == 0, "left", "right"), "")
    report = slice_report(cases, "Edema", {}, {"side": side.astype(object)}, n_bootstrap=30)
    left = next(one for one in report.slices if one.name == "side left")
    negative = truth == 0
    for told, value in ((left.compared.inside, "left"), (left.compared.outside, "right")):
        chosen = negative | (side == value)
        assert told.value == pytest.approx(auc(truth[chosen], score[chosen]))
    assert left.n == left.positives == (side == "left").sum()


def test_two_columns_are_combined_and_pruned():
    cases, columns = scored(240), table(240)
    columns["same"] = np.where(columns["sex"] == "F", "a", "b").astype(object)
    report = slice_report(cases, "Edema", columns, pairs=True, n_bootstrap=20, min_cases=25)
    names = {one.name for one in report.slices if len(one.values) == 2}
    assert "view AP, sex F" in names
    # The same films under another name say nothing new.
    assert not any("sex" in name and "same" in name for name in names)
    both = next(one for one in report.slices if one.name == "view AP, sex F")
    inside = cases.known("Edema") & (columns["view"] == "AP") & (columns["sex"] == "F")
    outside = cases.known("Edema") & (columns["view"] != "") & ~inside
    assert both.n == inside.sum() >= 25
    truth, score = cases.truth[:, 0], cases.scores[:, 0]
    assert both.compared.inside.value == pytest.approx(auc(truth[inside], score[inside]))
    assert both.compared.outside.value == pytest.approx(auc(truth[outside], score[outside]))


def test_a_rare_value_drops_out_of_pairs_but_not_out_of_the_rest():
    cases, columns = scored(240), table(240)
    columns["view"] = np.where(np.arange(240) < 90, "LL", columns["view"]).astype(object)
    columns["sex"] = np.where(np.arange(240) < 84, "F", columns["sex"]).astype(object)
    report = slice_report(cases, "Edema", columns, pairs=True, n_bootstrap=20, min_cases=25)
    names = {one.name for one in report.slices if len(one.values) == 2}
    assert "view LL, sex F" in names and "view LL, sex M" not in names and "" not in names


def test_a_planted_slice_comes_first_and_a_small_one_says_so():
    cases = scored(600)
    columns = table(600)
    bad = columns["sex"] == "F"
    noise = np.random.default_rng(1).normal(0, 1, 600)
    scores = cases.scores.copy()
    scores[bad, 0] = noise[bad]
    scores[~bad, 0] = np.nan_to_num(cases.truth[~bad, 0]) * 2 + noise[~bad]
    columns["site"] = np.where(np.arange(600) < 12, "small", "large").astype(object)
    report = slice_report(replace(cases, scores=scores), "Edema", columns, n_bootstrap=200)
    first, small = report.slices[0], report.slices[-1]
    assert first.values[0][0] == "sex" and first.p_corrected < 1e-6
    assert (
        small.name == "site small" and small.compared is None and "of 20 films" in small.too_small
    )
    assert report.tried == 5
    assert "Too small to say anything: site small" in report.table()
    assert report.to_json()["slices"][-1]["too_small"]


def test_columns_become_few_values():
    rows = 40
    frame = pd.DataFrame(
        {
            "id": map(str, range(rows)),
            "patient_id": map(str, range(rows)),
            "view": ["PA", "AP"] * 20,
            "sex": ["F"] * rows,
            "age": [*range(30, 69), None],
            "exposure": np.arange(rows) / rows,
            "Edema": [0, 1] * 20,
            "Support Devices": [1.0, 0.0, *[np.nan] * 38],
        }
    )
    told = columns_of(frame, "Edema")
    assert list(told) == ["view", "age", "exposure", "Support Devices"]
    assert list(told["Support Devices"][:3]) == ["present", "absent", ""]
    assert list(told["age"][[0, 10, 38, 39]]) == ["under 40", "40 to 59", "60 to 79", ""]
    assert set(pd.Series(told["exposure"]).value_counts()) == {10}
    assert list(columns_of(frame, "Edema", ["view"])) == ["view"]
    for wanted, words in (("coin", "no column 'coin'.*view"), ("sex", "one value at most")):
        with pytest.raises(ExplorerError, match=words):
            columns_of(frame, "Edema", [wanted])
    assert list(column_values(pd.Series([2, 1, 2]), "site")) == ["2", "1", "2"]


def test_lesions_are_read_from_facts():
    facts = [
        Facts(
            [Claim("Edema", PRESENT, "left", "mild"), Claim("Edema", PRESENT, "right", "severe")]
        ),
        Facts([Claim("Edema", PRESENT, "left", "mild", "upper")]),
        Facts([]),
    ]
    told = lesion_columns(facts, "Edema")
    assert list(told) == ["Edema: side", "Edema: degree"]
    assert list(told["Edema: side"]) == ["both", "left", ""]
    assert list(told["Edema: degree"]) == ["severe", "mild", ""]


def test_a_value_that_all_labelled_films_share_is_no_slice():
    cases = scored(240)
    known = cases.known("Edema")
    source = np.where(known, "one hospital", "another").astype(object)
    report = slice_report(cases, "Edema", table(240) | {"source": source}, n_bootstrap=2)
    assert not any(one.name.startswith("source") for one in report.slices)
    with pytest.raises(ExplorerError, match="two values or more"):
        slice_report(cases, "Edema", {"source": source}, n_bootstrap=2)


def test_what_cannot_be_sliced_is_refused():
    cases = scored()
    with pytest.raises(ExplorerError, match="no metric 'odd'"):
        slice_report(cases, "Edema", table(120), metric="odd")
    with pytest.raises(ExplorerError, match="no films with and without 'Coin'"):
        slice_report(cases, "Coin", table(120))
    with pytest.raises(ExplorerError, match="no column of two values"):
        slice_report(cases, "Edema", {})


def look_alikes(n: int = 600, wrong_together: bool = True):
    """Films in four clumps; those of the third are wrong if asked, else wrong is thrown by dice."""
    rng = np.random.default_rng(3)
    clump = rng.integers(0, 4, n)
    embedding = np.eye(8)[clump] * 4 + rng.normal(0, 0.3, (n, 8))
    cases = scored(n)
    truth = (rng.random((n, 3)) < 0.5).astype(float)
    wrong = clump == 2 if wrong_together else rng.random(n) < 0.25
    scores = np.where(wrong[:, None], 1 - truth, truth)
    columns = {"site": np.array(["a", "b", "c", "d"], object)[clump]}
    limit = fit_thresholds(parse_rule("0.5"), cases)["Edema"]
    return replace(cases, truth=truth, scores=scores), embedding, limit, columns


def test_a_clump_of_errors_is_found_tested_on_others_and_described():
    cases, embedding, limit, columns = look_alikes()
    phrases = (["one", "two", "three", "four"], np.eye(8)[:4])
    told = found_slices(cases, "Edema", embedding, limit, columns, phrases, 4, n_bootstrap=200)
    first = told.slices[0]
    assert first.compared.inside.value > 0.95 and first.compared.outside.value < 0.05
    assert first.p_corrected < 1e-6 and first.marks[0].value == "c" and first.phrases[0] == "three"
    assert told.found_n + told.tested_n == 600 and sum(s.n for s in told.slices) == told.tested_n
    ids = {name for one in told.slices for name in one.ids}
    patients = {int(name[4:]) // 2 for name in ids}
    assert len(ids) == told.tested_n and len(patients) == 150  # whole patients
    assert "site c" in told.table()


def test_errors_thrown_by_dice_make_no_slice():
    """Were the testing half's own errors asked, every cluster of errors would differ."""
    cases, embedding, limit, columns = look_alikes(wrong_together=False)
    told = found_slices(cases, "Edema", embedding, limit, columns, None, 8, n_bootstrap=200)
    compared = [one for one in told.slices if one.compared]
    assert len(compared) >= 4 and min(one.p_corrected for one in compared) > 0.05


def test_more_clusters_than_films_allow_are_refused():
    cases, embedding, limit, columns = look_alikes(40)
    with pytest.raises(ExplorerError, match="too few"):
        found_slices(cases, "Edema", embedding, limit, columns, None, 20)


def test_a_slice_that_holds_every_positive_film_has_no_rest_to_differ_from():
    cases = scored(240)
    has = np.where(cases.truth[:, 0] == 1, "yes", "no").astype(object)
    has[np.flatnonzero(cases.truth[:, 0] == 0)[:60]] = "yes"
    report = slice_report(cases, "Edema", {"asked for": has}, n_bootstrap=20, min_cases=5)
    assert report.tried == 0
    whole = next(one for one in report.slices if one.name == "asked for yes")
    assert whole.compared is None and whole.too_small.startswith("the rest has no film with")
