"""The gallery by hand: who is called what at a threshold, in which order, and how many."""

import numpy as np
import pandas as pd
import pytest
from tiny_model import TinySet

from core.errors import ExplorerError
from core.evaluation.gallery import (
    FindingScores,
    check_spread,
    gallery,
    labelled_findings,
    threshold_at_prevalence,
    worst_ranked,
)

NAN = np.nan
#                  row     0    1    2    3    4    5    6
SCORES = FindingScores(
    "Edema",
    np.array([0.9, 0.4, 0.6, 0.1, 0.5, NAN, 0.3]),
    np.array([1.0, 1.0, 0.0, 0.0, 0.0, NAN, NAN]),
)


def test_counts_and_order_at_a_threshold():
    shown = gallery(SCORES, 0.44)
    assert [card.row for card in shown.cards] == [2, 4, 1]
    assert [card.margin for card in shown.cards] == pytest.approx([0.16, 0.06, 0.04])
    counts = (shown.true_positives, shown.false_negatives)
    assert counts + (shown.false_positives, shown.true_negatives) == (1, 1, 2, 1)
    assert "1 found, 1 missed, 2 false alarms, 1 rightly called negative" in shown.sentence


@pytest.mark.parametrize(
    ("kind", "rows"),
    [("wrong", {1, 2, 4}), ("right", {0, 3}), ("all", {0, 1, 2, 3, 4}),
     ("false positive", {2, 4}), ("false negative", {1})],
)  # fmt: skip
def test_kinds(kind, rows):
    assert {card.row for card in gallery(SCORES, 0.45, kind).cards} == rows


def test_right_ones_come_with_those_nearest_to_wrong_first():
    assert [card.row for card in gallery(SCORES, 0.45, "right").cards] == [3, 0]


def test_a_score_at_the_threshold_is_called_positive_and_counted_as_it_is_shown():
    shown = gallery(SCORES, 0.5)
    assert {card.row for card in shown.cards} == {1, 2, 4}  # row 4, labelled 0, reaches it
    assert shown.false_positives == 2
    at = next(card for card in shown.cards if card.row == 4)
    assert at.called and at.wrong and at.margin == 0


@pytest.mark.parametrize("positives", range(1, 10))
def test_as_many_are_called_as_are_labelled(positives):
    rng = np.random.default_rng(positives)
    truth = np.r_[np.ones(positives), np.zeros(10 - positives), [NAN] * 5]
    scores = FindingScores("x", rng.permutation(15).astype(float), truth)
    at = threshold_at_prevalence(scores)
    assert (scores.scores[:10] >= at).sum() == positives


def test_unlabelled_and_unreadable_studies_move_nothing():
    more = FindingScores("x", np.r_[SCORES.scores, [9.0, 8.0]], np.r_[SCORES.truth, [NAN, NAN]])
    assert threshold_at_prevalence(more) == threshold_at_prevalence(SCORES)
    assert gallery(more) == gallery(FindingScores("x", SCORES.scores, SCORES.truth))


def test_auc_is_over_labelled_studies():
    assert SCORES.auc == pytest.approx(4 / 6)  # 0.9 wins three times, 0.4 once


def test_findings_of_both_labels_among_readable_studies_and_the_worst_of_them():
    studies = TinySet(8)
    scores = np.zeros((8, 4))
    scores[:, 0] = studies.table["Lung Opacity"]  # perfect
    scores[:, 1] = -studies.table["Fracture"].fillna(0)  # wrong way round
    names = ["Lung Opacity", "Fracture", "Edema", "Coin"]
    both = labelled_findings(studies, names, scores)
    assert list(both) == ["Lung Opacity", "Fracture"]  # Edema has one label, Coin none
    assert (both["Lung Opacity"].auc, both["Fracture"].auc) == (1.0, 0.0)
    assert worst_ranked(both) == "Fracture"
    scores[studies.table["Lung Opacity"] == 1] = np.nan  # all positives cannot be read
    assert list(labelled_findings(studies, names, scores)) == ["Fracture"]


def test_refusals():
    studies = TinySet(8)
    with pytest.raises(ExplorerError, match="no labels to call"):
        labelled_findings(studies, ["Edema"], np.zeros((8, 1)))
    with pytest.raises(ExplorerError, match="score alike"):
        check_spread(FindingScores("x", np.full(3, 0.5), np.array([0.0, 1, 1])), "set")
    with pytest.raises(ExplorerError, match="no kind 'odd'"):
        gallery(SCORES, 0.5, "odd")
    with pytest.raises(ExplorerError, match="is no number"):
        gallery(SCORES, NAN)


def test_json_keys():
    made = gallery(SCORES, 0.45).to_json([f"s{n}" for n in range(7)])
    assert set(made) == {"finding", "kind", "threshold", "counts", "studies"}
    assert made["studies"][0] == {
        "id": "s2", "score": 0.6, "called": 1, "labelled": 0, "margin": pytest.approx(0.15)
    }  # fmt: skip
    assert pd.Series(made["counts"]).sum() == 5
