"""Texts that contradict a sentence: by hand, by the reader, and by a reader that shares no code."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from core.language.claim import KINDS
from core.language.conflict import contradicted
from core.language.contradict import CHANGES, contradictions
from core.language.reader import read
from core.language.statements import NAMES, statements
from core.language.truth import is_true
from core.phantom.case import sample_case
from core.phantom.reports import write_report

sys.path.insert(0, str(Path(__file__).parent))
import report_reader

UNKNOWN_TO_THE_OTHER = re.compile(
    r"not clear|abnormal|cardiopulmonary|carina|above the diaphragm|esophagus|apices|acute",
    re.IGNORECASE,
)

EXPECTED = {
    "Small left pleural effusion.": {
        ("Small right pleural effusion.", "side"),
        ("No left pleural effusion.", "negation"),
    },
    "Left effusion and right pneumothorax.": {
        ("Right effusion and left pneumothorax.", "sides-swapped"),
        ("No left effusion or right pneumothorax.", "negation"),
    },
    "consolidation in the left upper lobe": {
        ("consolidation in the right upper lobe", "side"),
        ("consolidation in the left lower lobe", "zone"),
        ("no consolidation in the left upper lobe", "negation"),
    },
    "Right middle lobe pneumonia.": {("Left lung pneumonia.", "side")},
    "The heart is mildly enlarged.": {("The heart is not enlarged.", "negation")},
    "Severe cardiomegaly.": {("No cardiomegaly.", "negation")},
    "Heart size is normal.": {("Heart size is increased.", "negation")},
    "The lungs are clear.": {("The lungs are not clear.", "negation")},
    "No consolidation, effusion or pneumothorax.": {
        ("Consolidation, effusion and pneumothorax.", "negation")
    },
    "There is no evidence of pulmonary edema": {("there is pulmonary edema", "negation")},
    "Small right effusion without pneumothorax": {
        ("Small left effusion without pneumothorax", "side"),
        ("Small right effusion with pneumothorax", "negation"),
    },
    "Multiple nodules in the left lung": {("A single nodule in the left lung", "count")},
    "Solitary right lung nodule": {("Multiple right lung nodules", "count")},
    "2 cm nodule in the right lung": {("6 cm nodule in the right lung", "size")},
    "The endotracheal tube tip is above the carina.": {
        ("The endotracheal tube tip is below the carina.", "device")
    },
    "Possible left effusion.": {("Possible right effusion.", "side")},
    "Normal chest radiograph.": {("Abnormal chest radiograph.", "negation")},
    "LEFT PNEUMOTHORAX": {("RIGHT PNEUMOTHORAX", "side")},
}


@pytest.mark.parametrize("sentence", EXPECTED)
def test_changes_by_hand(sentence):
    given = contradictions(sentence, np.random.default_rng(0))
    missing = {(t.lower(), c) for t, c in EXPECTED[sentence]} - {(t.lower(), c) for t, c in given}
    assert not missing, given
    assert {change for _, change in given} <= set(CHANGES)


@pytest.mark.parametrize(
    "sentence",
    [
        "The patient is rotated to the left.",
        "Degenerative changes of the spine.",
        "No comparison film.",
        "",
    ],
)
def test_a_sentence_without_findings_has_none(sentence):
    assert contradictions(sentence, np.random.default_rng(0)) == []


@pytest.mark.parametrize(
    ("sentence", "never"),
    [
        ("Bilateral pleural effusions.", "side"),  # "left effusion" is true of them
        ("Left and right effusions.", "sides-swapped"),  # says the same the other way round
        ("Possible effusion.", "negation"),  # "no effusion" does not refute a doubt
        ("Left ventricular enlargement.", "side"),
        ("No large effusion.", "severity"),
        ("Low lower lung volumes with atelectasis.", "zone"),
    ],
)
def test_doubtful_changes_are_left_out(sentence, never):
    assert never not in dict(map(reversed, contradictions(sentence, np.random.default_rng(0))))


@pytest.mark.parametrize(
    ("sentence", "larger"),
    [("Small effusion", ("large", "sizeable")), ("Severe edema", ("mild", "slight"))],
)
def test_a_degree_turns_into_one_far_from_it(sentence, larger):
    said = {text for number in range(20)
            for text, change in contradictions(sentence, np.random.default_rng(number))
            if change == "severity"}  # fmt: skip
    assert said == {f"{word.capitalize()} {sentence.split()[1]}" for word in larger}


def test_what_another_sentence_makes_true_is_left_out():
    rng = np.random.default_rng(0)
    report = ["Left lung nodule.", "Right lung nodule."]
    assert "side" not in dict(map(reversed, contradictions(report[0], rng, report)))
    assert "side" in dict(map(reversed, contradictions(report[0], rng)))


def test_a_device_takes_the_place_of_another_only_if_it_is_known_to_be_absent():
    rng = np.random.default_rng(0)
    given = contradictions("Pacemaker in place.", rng, absent=("central line",))
    (text,) = [text for text, change in given if change == "device"]
    assert {claim.kind for claim in read(text)} == {"central line"}
    assert "device" not in dict(map(reversed, contradictions("Pacemaker in place.", rng)))


def test_nearly_every_statement_has_its_negation():
    rng = np.random.default_rng(0)
    without = []
    for number in range(500):
        name = NAMES[number % len(NAMES)]
        text = statements(name, number % 3 > 0, (None, "left", "right")[number % 3], rng=rng)
        given = contradictions(text, rng)
        for said, change in given:
            checked = change not in ("count", "device") and read(said) and name != "Emphysema"
            assert not checked or contradicted(read(said), read(text)), (text, said)
        if "negation" not in {change for _, change in given}:
            without.append(text)
    assert len(without) <= 10, without


def test_the_same_stream_gives_the_same_texts():
    sentence = "Small left effusion and moderate cardiomegaly."
    first, second = (contradictions(sentence, np.random.default_rng(5)) for _ in range(2))
    assert first == second


def test_conflicts():
    truth = read("small left effusion")
    for false in ("right effusion", "no effusion", "large effusion", "bilateral effusions"):
        assert contradicted(read(false), truth), false
    for true in ("effusion", "left effusion", "no pneumothorax", "possible pneumothorax",
                 "no right effusion"):  # fmt: skip
        assert not contradicted(read(true), truth), true
    assert not contradicted(read("left effusion"), read("bilateral effusions"))
    assert not contradicted(read("bilateral effusions"), read("left effusion, right effusion"))
    assert contradicted(read("consolidation"), read("no focal opacity"))


@pytest.mark.parametrize("seed", [0, 1])
def test_almost_none_is_true_of_the_phantom(seed):
    """By our reader and by the tests' own, which shares no code with it."""
    texts, true, true_by_other = 0, 0, []
    for index in range(120):
        case = sample_case(index, seed, "train")
        report = write_report(case)
        absent = set(KINDS) - {finding.kind for finding in case.findings}
        for sentence in report:
            given = contradictions(sentence, np.random.default_rng(index), report, absent)
            texts += len(given)
            for text, _ in given:
                true += bool(read(text)) and is_true(text, case)
                if not UNKNOWN_TO_THE_OTHER.search(text) and not report_reader.contradictions(
                    text, case
                ):
                    true_by_other.append(text)
    assert texts > 600
    assert true <= 0.005 * texts
    assert len(true_by_other) <= 0.02 * texts, true_by_other


def test_sentences_of_the_report_are_true_of_the_phantom():
    said = false = 0
    for index in range(150):
        case = sample_case(index, 3, "train")
        for sentence in write_report(case):
            said, false = said + 1, false + (not is_true(sentence, case))
    assert false <= 0.02 * said
