"""Scores and rank of one study."""

import numpy as np
import pytest

from core.evaluation.study_scores import TEXT, rank_in_set, study_scores, text_prompts
from core.inference.prompts import FindingPrompts, PromptSet

NAN = float("nan")


def test_a_rank_is_the_share_of_other_readable_studies_below():
    scores = np.array([1.0, 2.0, 3.0, NAN])
    assert rank_in_set(scores, 3.001, row=2) == 100
    assert rank_in_set(scores, 1.5, row=0) == 0  # its own 1.0 does not count
    assert rank_in_set(scores, 1.5) == pytest.approx(100 / 3)
    assert rank_in_set(scores, 2.0) == pytest.approx(100 / 3)  # an equal one is not lower
    assert np.isnan(rank_in_set(np.array([1.0, NAN]), 5.0, row=0))


def test_findings_by_rank_with_their_labels():
    prompts = PromptSet({name: FindingPrompts((name,), ("no",)) for name in "ABC"})
    own = {"lrclr": np.array([0.5, 2.5, NAN]), "pair": np.array([0.1, 0.2, 0.3])}
    others = np.array([[0.0, 0.0, NAN], [1.0, 1.0, NAN], [2.0, 2.0, NAN]])
    lines = study_scores(prompts, own, others, None, {"A": 1, "B": 0})
    assert [line.finding for line in lines] == ["B", "A", "C"]  # what has no rank comes last
    assert [line.rank for line in lines[:2]] == pytest.approx([100, 100 / 3])
    assert [line.labelled for line in lines] == [False, True, None]
    assert lines[0].to_json() == {
        "rank": 100.0, "labelled": 0, "scores": {"lrclr": 2.5, "pair": 0.2}
    }  # fmt: skip


def test_a_text_stands_against_its_plain_negation():
    assert text_prompts(" Small effusion. ")[TEXT] == FindingPrompts(
        ("Small effusion",), ("no Small effusion",)
    )
