"""Scores in words, and of which films of a set a text is true."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.evaluation.text_truth import denied_findings, stated_findings, text_truth
from core.evaluation.verdict import AGAINST, FOR, HIGH, LOW, MIDDLE, UNDECIDED, verdict
from core.specs import open_studies

OTHERS = np.array([*range(40), *range(30, 50)], float)  # 40 films without it, 20 with it
TRUTH = np.array([0] * 40 + [1] * 20, float)
NAN = np.nan


@pytest.mark.parametrize(
    ("score", "call"),
    # 38 of the 40 without it score below 37.5: 95 %. 19 of the 20 with it score above 30.5.
    [(48.5, FOR), (37.5, FOR), (36.5, UNDECIDED), (31.5, UNDECIDED), (30.5, AGAINST),
     (-1.0, AGAINST)],
)  # fmt: skip
def test_a_score_is_clear_where_one_side_is_left_behind(score: float, call: str) -> None:
    assert verdict(OTHERS, score, TRUTH).call == call


def test_what_lies_in_a_gap_between_the_two_is_undecided() -> None:
    apart = np.array([0.0] * 20 + [1.0] * 20)
    said = verdict(apart, 0.5, np.array([0] * 20 + [1] * 20, float))
    assert said.call == UNDECIDED
    assert "higher than all 20 other films of which the text is not true" in said.sentence
    assert "lower than all 20 other films of which it is" in said.sentence


@pytest.mark.parametrize(("score", "call"), [(48.5, HIGH), (20.5, MIDDLE), (-1.0, LOW)])
def test_where_no_truth_is_known_only_the_rank_is_said(score: float, call: str) -> None:
    said = verdict(OTHERS, score, np.full(60, NAN))
    assert said.call == call
    assert "does not tell" in said.sentence


def test_a_few_films_with_it_are_too_few_to_be_against() -> None:
    truth = np.array([1] * 4 + [0] * 16, float)
    said = verdict(np.arange(20.0), -1.0, truth)
    assert said.call == LOW and "true of 4 of them: too few" in said.sentence
    assert verdict(np.arange(20.0), 99.0, truth).call == FOR  # 16 without it are enough


def test_the_film_itself_and_films_without_a_score_do_not_count() -> None:
    others = np.array([1.0, 2.0, NAN, 4.0])
    said = verdict(others, 2.0, np.full(4, NAN), row=1)
    assert (said.others, said.lower, said.rank) == (2, 1, 50.0)


def test_an_only_film_has_nothing_to_compare_with() -> None:
    said = verdict(np.array([1.0]), 1.0, np.array([1.0]), row=0)
    assert said.call == MIDDLE and "no other film" in said.sentence


def test_of_a_phantom_the_side_is_known() -> None:
    studies = open_studies("phantom:n=60,seed=3")
    left, right = (text_truth(studies, f"{s} pleural effusion") for s in ("left", "right"))
    plain = text_truth(studies, "pleural effusion")
    labels = studies.labels["Pleural Effusion"].to_numpy(float)
    assert (plain == labels).all() and (np.maximum(left, right) == labels).all()
    assert left.sum() < labels.sum() and right.sum() < labels.sum()
    assert (text_truth(studies, "no pleural effusion") == 1 - labels).all()


def test_a_text_that_claims_nothing_or_doubts_has_no_truth() -> None:
    studies = open_studies("phantom:n=6,seed=3")
    for text in ("purple elephants", "possible pleural effusion"):
        assert np.isnan(text_truth(studies, text)).all(), text


def test_of_a_set_with_labels_the_finding_is_known(tmp_path: Path) -> None:
    Image.fromarray(np.arange(6400, dtype=np.uint8).reshape(80, 80)).save(tmp_path / "a.png")
    lines = ["id,image,Edema,Fracture", "1,a.png,1,0", "2,a.png,0,", "3,a.png,,0", "4,a.png,1,1"]
    (tmp_path / "set.csv").write_text("\n".join(lines))
    studies = open_studies(str(tmp_path / "set.csv"))
    said = text_truth(studies, "left edema")  # the side is not known
    np.testing.assert_array_equal(said, [1, 0, NAN, 1])
    both = text_truth(studies, "edema without fracture")
    np.testing.assert_array_equal(both, [1, 0, NAN, 0])
    assert np.isnan(text_truth(studies, "hiatal hernia")).all()


def test_findings_that_a_text_states_and_denies() -> None:
    text = "Left effusion and cardiomegaly, no pneumothorax."
    assert stated_findings(text) == ("Pleural Effusion", "Cardiomegaly")
    assert denied_findings(text) == ("Pneumothorax",)
