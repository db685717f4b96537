"""Curves, thresholds, confusions and errors together, against scikit-learn and plain loops."""

import numpy as np
import pytest
from scipy.stats import fisher_exact, norm
from sklearn import metrics

from core.analysis.errors import error_report
from core.analysis.ranked import GRID, Ranked, curve_draws
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.shares import Shares, corrected
from core.analysis.threshold import fit_thresholds, fitted_value, parse_rule
from core.errors import ExplorerError
from core.metrics.auc import bootstrap_auc, sampled_auc
from core.metrics.bootstrap import resampled_parts, resamples

NAMES = ("Edema", "Pneumothorax", "Fracture")


def scored(n: int = 120, seed: int = 0, ties: bool = True) -> ScoredSet:
    """Scores that know something of the truth, two films a patient, some labels unknown."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, len(NAMES))) < 0.4).astype(float)
    scores = truth + rng.normal(0, 1, truth.shape)
    if ties:
        scores = np.round(scores, 1)
    truth[rng.random(truth.shape) < 0.1] = np.nan
    ids = tuple(f"film{row}" for row in range(n))
    identity = SetIdentity(f"set{seed}", f"{seed:016x}", n, n // 2)
    return ScoredSet(identity, NAMES, scores, truth, np.arange(n), np.arange(n) // 2, ids)


def repeated(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A resample drawn out: each case as often as it was drawn."""
    return np.repeat(values, weights)


def test_curves_of_every_resample_are_scikit_learn_s():
    truth, score = scored().of("Edema")
    weights = resamples(len(truth), 20, seed=1)
    draws = curve_draws(Ranked.of(truth, score).counts(weights))
    for row, drawn in enumerate(weights):
        y, s = repeated(truth, drawn), repeated(score, drawn)
        assert draws.auc[row] == pytest.approx(metrics.roc_auc_score(y, s))
        assert draws.average_precision[row] == pytest.approx(metrics.average_precision_score(y, s))
        false_rate, rate, _ = metrics.roc_curve(y, s, drop_intermediate=False)
        roc = [np.interp(x, false_rate, rate) for x in GRID]
        assert np.median(np.abs(draws.roc[row] - roc)) < 1e-6
        precision, recall, _ = metrics.precision_recall_curve(y, s)
        for place in (10, 50, 90, 100):
            reached = precision[:-1][recall[:-1] >= GRID[place] - 1e-9]
            assert draws.precision[row, place] == pytest.approx(reached[-1])


def test_curves_where_scores_tie_and_where_the_highest_are_wrong():
    alike = curve_draws(Ranked.of(np.array([1.0, 0, 0]), np.zeros(3)).whole())
    assert alike.auc[0] == 0.5 and alike.average_precision[0] == pytest.approx(1 / 3)
    late = curve_draws(Ranked.of(np.array([0.0, 1, 1]), np.array([3.0, 2, 1])).whole())
    assert late.precision[0, 0] == 0.5  # that of the first hit: before it there is none
    truth = np.array([1.0, 1, 1, 0, *[1] * 7])
    tenths = curve_draws(Ranked.of(truth, -np.arange(11.0)).whole())
    assert tenths.precision[0, 30] == 1 and tenths.precision[0, 31] == 0.8


def test_auc_and_its_interval_are_those_of_evaluate():
    cases = scored()
    report = error_report(cases, fit_thresholds(parse_rule("youden"), cases), 200, seed=3)
    truth, score = cases.of("Fracture")
    whole = resamples(len(cases), 200, 3, cases.patients)[:, cases.known("Fracture")]
    assert report.findings["Fracture"].auc == pytest.approx(
        sampled_auc(truth, score, whole).interval()
    )
    assert report.findings["Fracture"].auc.value == pytest.approx(
        bootstrap_auc(truth, score, 2).value
    )


def test_parts_of_resamples_are_the_resamples_whatever_their_size():
    groups = np.array([5, 5, 2, 9, 2, 1])
    whole = resamples(6, 40, 7, groups)
    parts = list(resampled_parts(6, 40, 7, groups, at_once=12))
    assert len(parts) == 14 and (np.concatenate(parts) == whole).all()


def test_confusion_and_its_rates_are_scikit_learn_s():
    cases = scored()
    report = error_report(cases, fit_thresholds(parse_rule("0.4"), cases), 50)
    for name in NAMES:
        truth, score = cases.of(name)
        assert (score == 0.4).any()  # a score that equals the threshold is called
        called = score >= 0.4
        tn, fp, fn, tp = metrics.confusion_matrix(truth, called).ravel()
        told = report.findings[name].confusion
        assert (told.true_negatives, told.false_positives) == (tn, fp)
        assert (told.false_negatives, told.true_positives) == (fn, tp)
        assert told.rates["sensitivity"].value == metrics.recall_score(truth, called)
        assert told.rates["ppv"].value == metrics.precision_score(truth, called)
        assert told.rates["f1"].value == pytest.approx(metrics.f1_score(truth, called))
        assert told.rates["accuracy"].value == metrics.accuracy_score(truth, called)
        assert told.rates["specificity"].value == metrics.recall_score(1 - truth, ~called)
        assert told.rates["npv"].value == metrics.precision_score(1 - truth, ~called)
        wrong = np.flatnonzero(cases.known(name))[called != (truth == 1)]
        assert report.wrong[name] == tuple(f"film{row}" for row in wrong)


def test_intervals_of_rates_are_quantiles_of_a_plain_loop():
    cases = scored()
    report = error_report(cases, fit_thresholds(parse_rule("0.45"), cases), 60, seed=2)
    known = cases.known("Edema")
    truth, score = cases.of("Edema")
    looped = [
        metrics.recall_score(repeated(truth, drawn[known]), repeated(score, drawn[known]) >= 0.45)
        for drawn in resamples(len(cases), 60, 2, cases.patients)
    ]
    told = report.findings["Edema"].confusion.rates["sensitivity"]
    assert (told.low, told.high) == pytest.approx(tuple(np.quantile(looped, [0.025, 0.975])))


def by_search(truth, score, best) -> float:
    """The highest threshold that is best by a plain loop over all of them."""
    return max(np.unique(score), key=lambda at: (best(truth == 1, score >= at), at))


def test_thresholds_by_rule_are_those_of_a_search():
    truth, score = scored().of("Pneumothorax")
    cases = (
        ("youden", lambda y, c: c[y].mean() - c[~y].mean()),
        ("cost=3", lambda y, c: -(3 * (y & ~c).sum() + (~y & c).sum())),
        ("sensitivity=0.8", lambda y, c: c[y].mean() >= 0.8),
    )
    for text, best in cases:
        wanted = by_search(truth, score, lambda y, c, best=best: round(float(best(y, c)), 9))
        assert fitted_value(parse_rule(text), truth, score) == wanted, text
    at = fitted_value(parse_rule("specificity=0.8"), truth, score)
    assert (score[truth == 0] < at).mean() >= 0.8
    below = score[score < at].max()
    assert (score[truth == 0] < below).mean() < 0.8
    at = fitted_value(parse_rule("prevalence"), truth, score)
    assert (score >= at).sum() >= truth.sum() > (score > at).sum()


def test_a_sensitivity_that_is_just_reached_is_enough():
    truth, score = np.repeat([1.0, 0.0], 10), np.arange(20.0)[::-1]
    assert fitted_value(parse_rule("sensitivity=0.8"), truth, score) == 12
    assert fitted_value(parse_rule("specificity=0.8"), truth, score) == 8


def test_no_film_is_called_where_the_highest_is_negative_and_none_may_be():
    at = fitted_value(parse_rule("specificity=1"), np.array([0.0, 1.0]), np.array([0.9, 0.1]))
    assert at > 0.9


def test_a_threshold_on_its_own_films_is_optimistic_and_another_is_not():
    shown, other = scored(seed=0), scored(seed=1)
    own, fitted, given = (
        fit_thresholds(parse_rule(rule), cases)["Edema"]
        for rule, cases in (("youden", shown), ("youden", other), ("0.3", shown))
    )
    assert own.optimistic(shown.identity) and "optimistic" in own.origin(shown.identity)
    assert not fitted.optimistic(shown.identity) and "set1 (n = 120)" in fitted.origin(
        shown.identity
    )
    assert given.to_json(shown.identity)["fitted_on"] is None and given.value == 0.3
    table = error_report(shown, {name: own for name in NAMES}, 5).table()
    assert "optimistic" in table


@pytest.mark.parametrize(
    "text", ["", "youden=1", "sensitivity", "sensitivity=0", "sensitivity=2", "cost=-1", "best"]
)
def test_a_rule_that_is_none_is_refused(text):
    with pytest.raises(ExplorerError, match="no rule for a threshold"):
        parse_rule(text)


def test_shares_of_groups_are_those_of_a_plain_loop():
    rng = np.random.default_rng(4)
    event, inside = rng.random((60, 1)) < 0.3, rng.random((60, 2)) < 0.5
    weights = resamples(60, 30, 0, np.arange(60) // 3)
    shares = Shares(event, inside, ~inside)
    shares.add(weights[:11])
    shares.add(weights[11:])
    for k, told in enumerate(shares.differences()):
        looped = []
        for drawn in weights:
            e, g = repeated(event[:, 0], drawn), repeated(inside[:, k], drawn)
            looped.append(e[g].mean() - e[~g].mean())
        assert told.inside.value == event[inside[:, k], 0].mean()
        assert told.outside.value == event[~inside[:, k], 0].mean()
        low, high = np.quantile(looped, [0.025, 0.975])
        assert (told.difference.low, told.difference.high) == pytest.approx((low, high))
        z = (told.inside.value - told.outside.value) / np.std(looped, ddof=1)
        assert told.p >= 2 * norm.sf(abs(z)) * 0.999
        table = [[(event[:, 0] & g).sum(), (~event[:, 0] & g).sum()]
                 for g in (inside[:, k], ~inside[:, k])]  # fmt: skip
        assert told.p == pytest.approx(max(2 * norm.sf(abs(z)), fisher_exact(table).pvalue))


def test_two_films_that_are_both_wrong_prove_little():
    event = np.arange(100)[:, None] < 20
    inside = np.arange(100)[:, None] < 2
    shares = Shares(event, inside, ~inside)
    shares.add(resamples(100, 500, 0))
    assert shares.differences()[0].inside.value == 1
    assert shares.differences()[0].p == pytest.approx(20 / 100 * 19 / 99)


def test_corrected_p_minds_how_many_were_tried():
    assert corrected([0.01]) == [0.01]
    assert corrected([0.01, *[0.9] * 9])[0] == pytest.approx(0.1)
    assert np.isnan(corrected([float("nan"), 0.5])[0])


def test_a_finding_that_is_called_in_another_s_place_is_told():
    """Half of the missed first findings are called the second, which else is never called."""
    n = 200
    truth, scores = np.zeros((n, 3)), np.zeros((n, 3))
    truth[:80, 0] = 1  # Edema: called on 40 of 80
    scores[:40, 0] = 1
    scores[40:60, 1] = 1  # 20 of the missed are called Pneumothorax
    truth[180:, 1:] = 1
    scores[180:, 1:] = 1
    ids = tuple(map(str, range(n)))
    identity = SetIdentity("planted", "0" * 16, n, n)
    cases = ScoredSet(identity, NAMES, scores, truth, np.arange(n), np.arange(n), ids)
    report = error_report(cases, fit_thresholds(parse_rule("0.5"), cases), 200)
    first = report.mistaken[0]
    assert (first.first, first.second, first.count, first.n) == ("Edema", "Pneumothorax", 20, 40)
    assert first.share.inside.value == 0.5 and first.share.outside.value == 0
    assert first.p_corrected < 1e-6
    pair = next(p for p in report.together if (p.first, p.second) == NAMES[:2])
    assert (pair.count, pair.n) == (20, 40)
    assert "Edema missed, Pneumothorax called: 20 films; 50 %" in report.table()
