"""Truth of a text: true, false, and unknown where reports are silent."""

import math

import pytest

from core.language.claim import ABSENT, PRESENT, Claim
from core.language.facts import Facts, has_place, read_report
from core.language.reader import read
from core.specs import open_studies

REPORT = ["Small left pleural effusion.", "No pneumothorax.", "Possible edema."]


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("left pleural effusion", 1), ("right pleural effusion", 0), ("effusion", 1),
        ("large left effusion", 0), ("moderate left effusion", None), ("no effusion", 0),
        ("bilateral effusions", 0), ("pneumothorax", 0), ("no pneumothorax", 1),
        ("left pneumothorax", 0), ("edema", None), ("cardiomegaly", None),
        ("left effusion without pneumothorax", 1), ("left effusion and cardiomegaly", None),
        ("right effusion and cardiomegaly", 0), ("normal chest radiograph", 0),
    ],
)  # fmt: skip
def test_a_text_is_held_against_a_report(text: str, truth: float | None) -> None:
    value = Facts(read_report(REPORT)).truth(read(text))
    assert math.isnan(value) if truth is None else value == truth


def test_two_one_sided_findings_are_one_on_both_sides() -> None:
    facts = Facts(read_report(["Left effusion.", "Right effusion."]))
    assert facts.truth(read("bilateral pleural effusions")) == 1


def test_an_opacity_is_there_with_any_of_its_kinds_and_absent_with_none() -> None:
    consolidated = Facts([Claim("Consolidation", PRESENT, "left")])
    assert consolidated.truth([Claim("Lung Opacity", PRESENT, "left")]) == 1
    assert consolidated.truth([Claim("Lung Opacity", PRESENT, "right")]) == 0
    assert Facts([Claim("Lung Opacity", ABSENT)]).truth([Claim("Edema", PRESENT)]) == 0


def test_what_is_known_whole_needs_no_denial() -> None:
    claims = [Claim("Edema", PRESENT)]
    assert math.isnan(Facts(claims).truth(read("fracture")))
    assert Facts(claims, frozenset({"Fracture"})).truth(read("fracture")) == 0


def test_reports_of_phantoms_are_true_of_their_own_facts() -> None:
    """Where truth is exact: hardly a sentence is held false of the case it was written for."""
    studies = open_studies("phantom:train,n=300,seed=5")
    truths = [
        facts.truth(read(text))
        for facts, report in zip(studies.facts(), studies.reports, strict=True)
        for text in report
        if read(text)
    ]
    assert len(truths) > 1000
    assert sum(value == 0 for value in truths) / len(truths) < 0.01
    # The rest doubts, or names pneumonia, which no phantom is known to have.
    assert sum(value == 1 for value in truths) / len(truths) > 0.9


@pytest.mark.parametrize(
    ("text", "place"),
    [("left effusion", True), ("no effusion", False), ("possible nodule", True),
     ("effusion without edema", True), ("normal chest radiograph", False)],
)  # fmt: skip
def test_what_can_have_a_place(text: str, place: bool) -> None:
    assert has_place(read(text)) == place
