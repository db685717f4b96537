"""Sentences that suit other films better, and scores that disagree, against plain counts."""

import numpy as np
import pytest
from scipy.stats import binomtest, rankdata, spearmanr

from core.analysis.unlabelled import disagreement, report_doubts
from core.metrics.bootstrap import resamples

SENTENCES = ("Edema.", "Effusion.", "Fracture.")


def films(n: int = 60):
    """Each film shows one finding and its report says so; the first report says another."""
    shown = np.arange(n) % 3
    rng = np.random.default_rng(0)
    images = np.eye(3)[shown] + rng.normal(0, 0.05, (n, 3))
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    reports = [[SENTENCES[place]] for place in shown]
    reports[0] = ["Effusion."]  # its film shows edema
    return images, reports


def test_a_report_of_another_film_comes_first():
    images, reports = films()
    told = report_doubts(reports, images, SENTENCES, np.eye(3), np.arange(60), 50)
    first = told.doubts[0]
    assert (first.row, first.sentence) == (0, "Effusion.")
    own = images[0, 1]
    silent = [row for row in range(1, 60) if reports[row] != ["Effusion."]]
    assert first.others == len(silent) == 39
    higher = int((images[silent, 1] > own).sum())
    wanted = binomtest(higher, 39).proportion_ci(method="wilson")
    assert first.better == pytest.approx((higher / 39, wanted.low, wanted.high))
    assert first.cosine == pytest.approx(own)
    # Only the first film itself, whose report is wrong, can suit another's sentence.
    assert all(one.better.value <= 1 / one.others for one in told.doubts[1:])
    shares = np.array([one.better.value for one in told.doubts])
    assert told.mean.value == pytest.approx(shares.mean()) and len(told.doubts) == 60
    assert "Effusion." in told.table([f"f{row}" for row in range(60)])


def test_films_of_the_patient_and_unreadable_ones_are_no_others():
    images, reports = films()
    images[5] = np.nan
    patients = np.arange(60)
    patients[[1, 3]] = 0  # films 1 and 3 are of the first film's patient; 3 shows edema too
    told = report_doubts(reports, images, SENTENCES, np.eye(3), patients, 5)
    first = next(one for one in told.doubts if one.row == 0)
    silent = [row for row in range(60) if reports[row] != ["Effusion."] and row not in (0, 3, 5)]
    assert first.others == len(silent)
    assert told.films == 59


def test_ranks_that_disagree_name_films_and_their_correlation():
    rng = np.random.default_rng(1)
    first = rng.normal(size=50)
    second = first + rng.normal(0, 0.3, 50)
    second[7] = 99
    first[7] = -99
    first[3] = np.nan
    told = disagreement("Edema", first, second, np.arange(50), 200, seed=2)
    kept = ~np.isnan(first)
    assert told.n == 49 and told.rows[0] == 7 and told.apart[0] == pytest.approx(48 / 49)
    assert 3 not in told.rows
    assert told.correlation.value == pytest.approx(spearmanr(first[kept], second[kept]).statistic)
    assert told.correlation.low < told.correlation.value < told.correlation.high
    one, two = rankdata(first[kept]), rankdata(second[kept])
    drawn = [np.corrcoef(np.repeat(one, w), np.repeat(two, w))[0, 1] for w in resamples(49, 200, 2)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (told.correlation.low, told.correlation.high) == pytest.approx((low, high))


def test_a_score_that_never_varies_has_no_correlation():
    told = disagreement("Edema", np.ones(9), np.arange(9.0), np.arange(9), 5)
    assert np.isnan(told.correlation.value)
