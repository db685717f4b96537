"""DeLong by midranks against the paper's sums; flips; paired gains."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from test_analysis_errors import scored

from core.analysis.delong import auc_covariance, delong
from core.analysis.flips import flip_report, flips
from core.analysis.threshold import fit_thresholds, parse_rule
from core.errors import ExplorerError
from core.metrics.auc import paired_auc_difference
from core.metrics.bootstrap import resamples


def as_published(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equations 3 to 8 of DeLong et al. (1988), pair by pair."""
    x, y = scores[:, truth == 1], scores[:, truth == 0]
    m, n = x.shape[1], y.shape[1]
    psi = (x[:, :, None] > y[:, None, :]) + 0.5 * (x[:, :, None] == y[:, None, :])
    theta = psi.mean(axis=(1, 2))
    v10, v01 = psi.mean(axis=2) - theta[:, None], psi.mean(axis=1) - theta[:, None]
    return theta, v10 @ v10.T / (m - 1) / m + v01 @ v01.T / (n - 1) / n


@pytest.mark.parametrize("decimals", [1, 6])
def test_delong_by_midranks_is_the_published_sum(decimals):
    rng = np.random.default_rng(2)
    truth = (rng.random(90) < 0.3).astype(float)
    scores = np.round(truth + rng.normal(0, 1.5, (3, 90)), decimals)
    auc, covariance = auc_covariance(truth, scores)
    theta, published = as_published(truth, scores)
    assert auc == pytest.approx(theta) and covariance == pytest.approx(published)
    told = delong(truth, scores[0], scores[1])
    spread = np.sqrt(published[0, 0] + published[1, 1] - 2 * published[0, 1])
    z = (theta[1] - theta[0]) / spread
    assert told.p == pytest.approx(2 * norm.sf(abs(z)))
    assert told.gain.high == pytest.approx(theta[1] - theta[0] + 1.959964 * spread)


def test_delong_by_hand():
    """Positives 2 and 4, negatives 1 and 3: V10 is (0.5, 1), V01 is (1, 0.5)."""
    truth, score = np.array([0.0, 1, 0, 1]), np.array([[1.0, 2, 3, 4]])
    auc, covariance = auc_covariance(truth, score)
    assert auc[0] == 0.75 and covariance[0, 0] == pytest.approx(0.125 / 2 + 0.125 / 2)


def test_patients_with_one_film_are_delong_s_and_copies_add_nothing():
    truth, score = scored(200, ties=False).of("Edema")
    other = score + np.random.default_rng(0).normal(0, 1, len(score))
    scores = np.stack([score, other])
    plain = auc_covariance(truth, scores)[1]
    alone = auc_covariance(truth, scores, np.arange(len(truth)))[1]
    assert alone == pytest.approx(plain, rel=0.03)
    twice = auc_covariance(np.tile(truth, 2), np.tile(scores, 2), np.tile(np.arange(len(truth)), 2))
    assert twice[1] == pytest.approx(alone)
    naive = auc_covariance(np.tile(truth, 2), np.tile(scores, 2))[1]
    assert naive[0, 0] < 0.6 * plain[0, 0]


def test_equal_ranks_are_no_difference():
    truth, score = scored().of("Edema")
    told = delong(truth, score, 2 * score + 1)
    assert told.gain.value == 0 and told.p == 1


def test_flips_name_films_by_way():
    positive = np.array([1, 1, 1, 0, 0, 0], bool)
    first, second = np.array([0, 1, 1, 1, 0, 0], bool), np.array([1, 0, 1, 0, 1, 1], bool)
    told = flips(positive, first, second, np.array(list("abcdef"), object))
    assert (told.missed_no_more, told.missed_now) == (("a",), ("b",))
    assert (told.alarms_no_more, told.alarms_now) == (("d",), ("e", "f"))
    assert told.p == binomtest(2, 5).pvalue


def test_paired_gains_are_those_of_compare_and_a_plain_loop():
    one = scored()
    two = replace(one, scores=one.scores + np.random.default_rng(5).normal(0, 1, one.scores.shape))
    limits = fit_thresholds(parse_rule("0.5"), one)
    report = flip_report(one, two, (limits, limits), 200, seed=4)
    known = one.known("Edema")
    truth, first = one.of("Edema")
    second = two.of("Edema")[1]
    pair = report.findings["Edema"]
    whole = replace(
        one, truth=np.where(np.isnan(one.truth), 0, one.truth), scores=np.round(one.scores, 1)
    )
    assert pair.n == known.sum() and pair.positives == truth.sum()
    gains = []
    for drawn in resamples(len(one), 200, 4, one.patients)[:, known]:
        y, a, b = (np.repeat(values, drawn) for values in (truth, first, second))
        gains.append((b >= 0.5)[y == 1].mean() - (a >= 0.5)[y == 1].mean())
    told = pair.rates["sensitivity"]
    assert (told.low, told.high) == pytest.approx(tuple(np.quantile(gains, [0.025, 0.975])))
    limits = fit_thresholds(parse_rule("0.5"), whole)
    other = replace(whole, scores=two.scores)
    full = flip_report(whole, other, (limits, limits), 200, seed=4).findings["Edema"]
    wanted = paired_auc_difference(
        whole.truth[:, 0], whole.scores[:, 0], other.scores[:, 0], 200, 4, whole.patients
    )
    assert full.gain == pytest.approx(wanted)
    assert full.delong_patients is not None
    assert full.delong.gain.value == pytest.approx(full.gain.value)
    assert "mended" in report.table() and report.to_json()["findings"]["Edema"]["flips"]


def test_films_of_different_sets_are_not_compared():
    one, other = scored(seed=0), scored(seed=1)
    limits = fit_thresholds(parse_rule("0.5"), one)
    with pytest.raises(ExplorerError, match="different films"):
        flip_report(one, other, (limits, limits), 10)
