"""Measures by hand, against scikit-learn, and on the questions that have no answer."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.metrics.auc import auc_draws, bootstrap_auc, paired_auc_difference, roc_auc
from core.metrics.bootstrap import bootstrap_mean, resamples
from core.metrics.localisation import MEASURES, cnr, energy, grid_oracle, iou, pointing_game


def _scores(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = (rng.random(n) < 0.3).astype(float)
    return truth, np.round(truth + rng.normal(0, 1.2, n), 1)  # rounded, so that there are ties


def test_auc_of_a_missing_class_is_nan() -> None:
    assert np.isnan(roc_auc(np.ones(3), np.arange(3.0)))


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
    assert bootstrap_mean(np.array([1.0, np.nan, 0.0]), 50).value == 0.5
    assert np.isnan(bootstrap_mean(np.array([np.nan])).value)


def _map(row: int, column: int, size: int = 100) -> np.ndarray:
    saliency = np.zeros((size, size), np.float32)
    saliency[row, column] = 1
    return saliency


@pytest.mark.parametrize(("column", "hit"), [(20, 1.0), (23, 1.0), (24, 0.0), (60, 0.0)])
def test_pointing_game_has_a_tolerance_of_three_percent(column: int, hit: float) -> None:
    mask = np.zeros((100, 100), bool)
    mask[40:60, 10:21] = True
    assert pointing_game(_map(50, column), mask) == hit


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


def test_grid_oracle_is_perfect_where_the_mask_is_cells_and_bounds_it_elsewhere() -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:20, 20:40] = True
    assert iou(grid_oracle(mask, (4, 4)), mask) == 1.0
    mask[20:23, 20:23] = True
    assert 0.9 < iou(grid_oracle(mask, (4, 4)), mask) < 1.0
