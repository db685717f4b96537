"""Measures by hand, against scikit-learn, and on the questions that have no answer."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.metrics import auc
from core.metrics.auc import auc_draws, bootstrap_auc, paired_auc_difference, roc_auc
from core.metrics.bootstrap import Sampled, average, interval, mean_draws, resamples
from core.metrics.localisation import MEASURES, cnr, dice, energy, iou, pointing_game


def _scores(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = (rng.random(n) < 0.3).astype(float)
    return truth, np.round(truth + rng.normal(0, 1.2, n), 1)  # rounded, so that there are ties


def test_auc_of_a_missing_class_or_score_is_nan() -> None:
    assert np.isnan(roc_auc(np.ones(3), np.arange(3.0)))
    assert np.isnan(roc_auc(np.ones(0), np.ones(0)))
    assert np.isnan(roc_auc(np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, np.nan])))


@pytest.mark.parametrize("kind", [np.float64, np.float32, int])
def test_auc_is_scikit_learns(kind: type) -> None:
    truth, score = _scores()
    score = (10 * score).astype(kind)
    assert roc_auc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    assert roc_auc(truth.astype(int), score) == roc_auc(truth, score)


def test_reweighted_auc_equals_drawing_the_cases_again() -> None:
    truth, score = _scores()
    weights = resamples(len(truth), 5, seed=1)
    for weight, found in zip(weights, auc_draws(truth, score, weights), strict=True):
        drawn = np.repeat(np.arange(len(truth)), weight)
        assert found == pytest.approx(roc_auc_score(truth[drawn], score[drawn]))


def test_interval_holds_the_value_and_shrinks_with_n() -> None:
    small, large = (bootstrap_auc(*_scores(n), count=400) for n in (100, 2000))
    assert small.low < small.value < small.high
    assert large.high - large.low < 0.5 * (small.high - small.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    truth, score = _scores()
    assert bootstrap_auc(truth, score, seed=3) == bootstrap_auc(truth, score, seed=3)
    assert bootstrap_auc(truth, score, seed=3) != bootstrap_auc(truth, score, seed=4)


def test_paired_difference_is_zero_for_the_same_scores_and_sees_a_better_one() -> None:
    truth, score = _scores()
    same = paired_auc_difference(truth, score, score)
    assert tuple(same) == (0.0, 0.0, 0.0)
    assert paired_auc_difference(truth, score, score + truth).low > 0


def test_mean_leaves_out_what_is_not_known() -> None:
    weights = np.array([[1, 5, 3], [0, 2, 0]], np.int32)
    found = mean_draws(np.array([1.0, np.nan, 0.0]), weights)
    assert found.value == 0.5 and found.draws[0] == 0.25
    assert np.isnan(found.draws[1])  # neither known case was drawn
    assert np.isnan(mean_draws(np.array([np.nan]), weights[:, :1]).value)


def test_an_interval_holds_ninety_five_percent_of_the_draws() -> None:
    draws = np.append(np.arange(1001.0), [np.nan] * 50)
    assert interval(500.0, draws) == pytest.approx((500.0, 25.0, 975.0))
    assert np.isnan(interval(1.0, np.array([np.nan])).low)


def test_films_of_one_patient_are_drawn_together() -> None:
    """Against drawing patients one after the other and taking all their films."""
    groups = np.array([4, 9, 4, 2, 9, 4])
    weights = resamples(6, 2000, seed=0, groups=groups)
    for patient in np.unique(groups):
        drawn = weights[:, groups == patient]
        assert (drawn == drawn[:, :1]).all()
    patients = weights[:, [0, 1, 3]]  # one film of each
    assert (patients.sum(axis=1) == 3).all()
    assert patients.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.05)
    np.testing.assert_array_equal(resamples(6, 9, 1), resamples(6, 9, 1, np.arange(6)[::-1]))


def test_copies_of_a_film_add_no_certainty() -> None:
    """Four films of each patient that are all the same say what one says."""
    truth, score = _scores(60)
    copied, patients = np.tile(truth, 4), np.tile(np.arange(60), 4)
    alone = bootstrap_auc(truth, score, 300)
    assert bootstrap_auc(copied, np.tile(score, 4), 300, groups=patients) == pytest.approx(alone)
    by_film = bootstrap_auc(copied, np.tile(score, 4), 300)
    assert by_film.high - by_film.low < 0.7 * (alone.high - alone.low)
    noise = np.random.default_rng(1).normal(size=60)
    gain = paired_auc_difference(truth, score, score + noise, 300)
    assert paired_auc_difference(
        copied, np.tile(score, 4), np.tile(score + noise, 4), 300, groups=patients
    ) == pytest.approx(gain)


def test_a_mean_over_findings_takes_what_a_draw_can_tell() -> None:
    parts = [Sampled(0.6, np.array([0.5, np.nan])), Sampled(0.8, np.array([0.9, 0.7]))]
    found = average(parts)
    assert found.value == pytest.approx(0.7)
    assert found.draws.tolist() == pytest.approx([0.7, 0.7])
    assert np.isnan(average([]).value)
    assert average([Sampled(1.0, np.full(2, np.nan))]).interval().value == 1.0


def test_many_draws_in_parts_are_those_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, score = _scores(50)
    weights = resamples(50, 40, seed=0)
    whole = auc_draws(truth, score, weights)
    monkeypatch.setattr("core.metrics.auc._AT_ONCE", 150)
    monkeypatch.setattr("core.metrics.bootstrap._AT_ONCE", 150)
    np.testing.assert_array_equal(resamples(50, 40, seed=0), weights)
    np.testing.assert_allclose(auc_draws(truth, score, weights), whole)


def _map(row: int, column: int, size: int = 100) -> np.ndarray:
    saliency = np.zeros((size, size), np.float32)
    saliency[row, column] = 1
    return saliency


@pytest.mark.parametrize(("column", "hit"), [(20, 1.0), (23, 1.0), (24, 0.0), (60, 0.0)])
def test_pointing_game_has_a_tolerance_of_three_percent(column: int, hit: float) -> None:
    mask = np.zeros((100, 100), bool)
    mask[40:60, 10:21] = True
    assert pointing_game(_map(50, column), mask) == hit


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("maxima", [1, 2])
def test_the_tolerance_is_of_the_longer_side(turned: bool, maxima: int) -> None:
    """200 by 50: six pixels, not one and a half."""
    for distance, hit in ((6, 1.0), (7, 0.0)):
        mask, saliency = np.zeros((200, 50), bool), np.zeros((200, 50))
        mask[100:, :] = True
        saliency[100 - distance, 10 : 10 + maxima] = 1
        if turned:
            mask, saliency = mask.T, saliency.T
        assert pointing_game(saliency, mask) == hit


def test_equal_maxima_count_by_their_share() -> None:
    mask = np.zeros((100, 100), bool)
    mask[:10, :10] = True
    assert pointing_game(_map(5, 5) + _map(90, 90), mask) == 0.5


def test_a_map_that_says_nothing_never_hits() -> None:
    mask = np.eye(8, dtype=bool)
    flat = np.ones((8, 8), np.float32)
    assert (pointing_game(flat, mask), cnr(flat, mask), iou(flat, mask)) == (0.0, 0.0, 0.0)
    assert energy(0 * flat, mask) == 0.0


def test_a_map_and_its_negative_have_opposite_contrast() -> None:
    mask = np.zeros((10, 10), bool)
    mask[2:5, 2:5] = True
    saliency = mask + np.random.default_rng(0).normal(0, 0.1, mask.shape)
    assert cnr(saliency, mask) > 3
    assert cnr(-saliency, mask) == pytest.approx(-cnr(saliency, mask))


def test_dice_counts_what_is_shared_twice() -> None:
    saliency, mask = np.zeros((8, 8)), np.zeros((8, 8), bool)
    saliency[2:6, 2:6], mask[2:6, 4:8] = 1.0, True  # half of each is shared
    assert dice(saliency, mask) == pytest.approx(0.5)
    assert iou(saliency, mask) == pytest.approx(1 / 3)
    assert np.isnan(dice(saliency, ~(mask | ~mask)))


def test_iou_of_the_truth_itself_is_one() -> None:
    mask = np.zeros((20, 30), bool)
    mask[4:9, 11:25] = True
    assert iou(mask.astype(np.float32), mask) == 1.0


@pytest.mark.parametrize("measure", MEASURES.values())
def test_questions_without_an_answer(measure) -> None:  # type: ignore[no-untyped-def]
    saliency = np.random.default_rng(0).random((6, 6))
    assert np.isnan(measure(saliency, np.zeros((6, 6), bool)))
    assert np.isnan(measure(saliency, np.ones((6, 6), bool)))
    with pytest.raises(ValueError, match="size"):
        measure(saliency, np.ones((5, 6), bool))
    with pytest.raises(ValueError, match="finite"):
        measure(saliency * np.nan, np.eye(6, dtype=bool))


@pytest.mark.parametrize("steps", [0, 3])  # scores that all differ, and many that are equal
def test_auc_of_resamples_is_the_pairs_counted_one_by_one(steps: int, monkeypatch) -> None:
    monkeypatch.setattr(auc, "_AT_ONCE", 100)  # some resamples at a time
    rng = np.random.default_rng(0)
    truth = (rng.random(40) < 0.4).astype(float)
    score = rng.normal(0, 1, 40)
    score = np.round(score * steps) / steps if steps else score
    weights = resamples(40, 7, 0)
    weights[3] = np.where(truth == 1, 0, weights[3])  # no positive is drawn
    expected = []
    for drawn in weights:
        values, labels = np.repeat(score, drawn), np.repeat(truth, drawn)
        gap = values[labels == 1][:, None] - values[labels == 0]
        pairs = gap.size
        expected.append(((gap > 0).sum() + (gap == 0).sum() / 2) / pairs if pairs else np.nan)
    np.testing.assert_array_equal(auc_draws(truth, score, weights), expected)
