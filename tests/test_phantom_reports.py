"""Reports: true of their case, varied, repeatable, and with templates that only test holds."""

import re
from collections import Counter
from functools import cache

import numpy as np
import pytest
from report_reader import KEYWORDS, contradictions, read

from core.labels import PHANTOM_FINDINGS
from core.phantom.case import KINDS, Case, Finding, sample_case
from core.phantom.reports import compose_report, write_report
from core.phantom.sentences import SentenceWriter
from core.phantom.wording import WORDINGS, negatives

SWAP = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}


@cache
def reports(split: str, n: int) -> list[tuple[Case, list[str]]]:
    cases = [sample_case(index, 0, split) for index in range(n)]
    return [(case, write_report(case)) for case in cases]


@cache
def findings() -> list[Finding]:
    return [finding for index in range(1000) for finding in sample_case(index, 5, "train").findings]


def case_with(*findings: Finding, split: str = "train") -> Case:
    return Case(1, split, "F", 50, "PA", 0.5, 0.6, 0.0, 0.0, 0.0, 1.0, 0.45, findings)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_every_sentence_is_true_of_its_case(split):
    wrong = [
        fault
        for case, sentences in reports(split, 1000)
        for sentence in sentences
        for fault in contradictions(sentence, case)
    ]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("name", sorted(WORDINGS))
@pytest.mark.parametrize("split", ["train", "test"])
def test_every_template_is_true_wherever_it_fits(name, split):
    """Each kind, side, zone and severity, many times: rare templates are read too."""
    rng = np.random.default_rng(3)
    drawn = {finding for finding in findings() if finding.name == name}
    for finding in sorted(drawn, key=lambda each: each.seed)[:150]:
        case = case_with(finding, split=split)
        writer = SentenceWriter(case, rng)
        for _ in range(3):
            assert not contradictions(writer.positive(finding).text, case)
        assert not contradictions(writer.positive_without(finding).text, case)
        for absent in sorted(set(WORDINGS) - {name}):
            assert not contradictions(writer.negative(absent).text, case)


def test_every_kind_side_and_severity_has_a_phrase_in_both_wordings():
    for finding in (f for i in range(2000) for f in sample_case(i, 1, "val").findings):
        fitting = [wording for wording in WORDINGS[finding.name] if wording.fits(finding)]
        assert finding.kind in KINDS[finding.name]
        assert any(w.number and not w.sign and not w.held_out for w in fitting), finding
        assert any(w.held_out for w in fitting), finding


PLANTED = [
    ("No pleural effusion.", Finding("Pleural Effusion", "free", "left", "basal", 0.5, 1)),
    (
        "Costophrenic angles are sharp.",
        Finding("Pleural Effusion", "free", "left", "basal", 0.1, 1),
    ),
    ("Right pleural effusion.", Finding("Pleural Effusion", "free", "left", "basal", 0.5, 1)),
    ("Large left pleural effusion.", Finding("Pleural Effusion", "free", "left", "basal", 0.2, 1)),
    ("Possible left effusion.", Finding("Pleural Effusion", "free", "left", "basal", 0.8, 1)),
    ("No consolidation, effusion or edema.", Finding("Edema", "alveolar", "bilateral", "", 0.5, 1)),
    ("The lungs are clear.", Finding("Lung Lesion", "nodule", "left", "upper", 0.3, 1)),
    ("The left lung is clear.", Finding("Pneumothorax", "apical", "left", "apical", 0.3, 1)),
    ("Left upper lung mass.", Finding("Lung Lesion", "nodule", "left", "upper", 0.3, 1)),
    ("Left lower lung nodule.", Finding("Lung Lesion", "nodule", "left", "upper", 0.3, 1)),
    ("Normal heart size.", Finding("Cardiomegaly", "global", "midline", "", 0.1, 1)),
    ("Pulmonary vasculature is normal.", Finding("Edema", "alveolar", "bilateral", "", 0.5, 1)),
    ("Normal chest radiograph.", Finding("Support Devices", "pacemaker", "left", "", 0.5, 1)),
    ("No lines or tubes.", Finding("Support Devices", "central line", "left", "", 0.5, 1)),
    ("The patient is intubated.", Finding("Support Devices", "pacemaker", "left", "", 0.5, 1)),
    ("The bones are intact.", Finding("Fracture", "rib", "left", "upper", 0.5, 1)),
    ("Left clavicle fracture.", Finding("Fracture", "rib", "left", "upper", 0.5, 1)),
    ("Left rib fracture and edema.", Finding("Fracture", "rib", "left", "upper", 0.5, 1)),
    ("Rib fracture without edema.", Finding("Edema", "alveolar", "bilateral", "", 0.5, 1)),
    ("Absence of atelectasis.", Finding("Atelectasis", "linear", "left", "basal", 0.5, 1)),
    ("Right middle lobe collapse.", Finding("Atelectasis", "lobar", "right", "lower", 0.5, 1)),
]


@pytest.mark.parametrize(("lie", "finding"), PLANTED)
def test_the_reader_catches_a_planted_lie(lie, finding):
    assert contradictions(lie, case_with(finding))


def test_the_reader_refuses_what_it_cannot_read():
    assert contradictions("The gallbladder shows three stones.", case_with())
    assert contradictions("AP view of the chest.", case_with())


def test_the_reader_catches_swapped_sides():
    """Every sentence about one side turns false when its side is swapped."""
    swapped = caught = 0
    for case, sentences in reports("test", 400):
        if {f.side for f in case.findings} & {"bilateral"} or len(case.findings) != 1:
            continue
        for sentence in sentences:
            lie = re.sub(r"\b(left|right|Left|Right)\b", lambda match: SWAP[match[0]], sentence)
            if lie != sentence and "rotated" not in sentence:
                swapped += 1
                caught += bool(contradictions(lie, case))
    assert swapped > 50 and caught == swapped


def test_the_reader_catches_the_report_of_another_patient():
    pairs = reports("train", 300)
    wrong = sum(
        any(contradictions(sentence, case) for sentence in other)
        for (case, _), (_, other) in zip(pairs, pairs[1:] + pairs[:1], strict=True)
    )
    assert wrong > 0.75 * len(pairs)


def test_a_report_has_two_to_eight_sentences_of_at_most_25_words():
    for split in ("train", "test"):
        for _, sentences in reports(split, 1000):
            assert 2 <= len(sentences) <= 8
            assert len(set(sentences)) == len(sentences)
            for sentence in sentences:
                assert len(sentence.split()) <= 25
                assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,.\-]*[a-zC0-9]\.", sentence), sentence
                assert "  " not in sentence and not re.search(r"\ba [aeiou]", sentence), sentence


def test_training_reports_vary():
    counts = Counter(s for _, sentences in reports("train", 1000) for s in sentences)
    assert len(counts) > 1500
    assert sum(count >= 3 for count in counts.values()) > 250


def test_positive_findings_are_nearly_always_mentioned():
    """A report with a finding differs from silence: some sentence claims it."""
    said = Counter()
    for case, sentences in reports("train", 1000):
        text = {c.finding for s in sentences for c in read(s.lower().rstrip(".")) if c.there}
        for name in KEYWORDS:
            said[name, bool(case.labels[name]), name in text] += 1
    for name in KEYWORDS:
        rate = said[name, True, True] / (said[name, True, True] + said[name, True, False])
        assert rate > 0.85, (name, rate)


def test_every_finding_is_negated_in_many_training_reports():
    said = Counter(
        claim.finding
        for _, sentences in reports("train", 1000)
        for sentence in sentences
        for claim in read(sentence.lower().rstrip("."))
        if not claim.there
    )
    assert set(KEYWORDS) == set(PHANTOM_FINDINGS) - {"No Finding"}
    assert all(said[name] > 100 for name in KEYWORDS), said


def test_held_out_templates_are_a_quarter_of_test_and_absent_from_the_rest():
    known = {s for split in ("train", "val") for _, report in reports(split, 1000) for s in report}
    composed = [line for i in range(1000) for line in compose_report(sample_case(i, 0, "test"))]
    new = [line.text for line in composed if line.held_out]
    assert 0.2 < len(new) / len(composed) < 0.3
    assert not set(new) & known
    assert not any(
        line.held_out
        for i in range(300)
        for split in ("train", "val")
        for line in compose_report(sample_case(i, 0, split))
    )


def test_no_held_out_template_is_also_a_known_one():
    for wordings in WORDINGS.values():
        held = {wording.text for wording in wordings if wording.held_out}
        assert not held & {wording.text for wording in wordings if not wording.held_out}
    held = {normal.text for normal in negatives.NORMAL if normal.held_out}
    assert not held & {normal.text for normal in negatives.NORMAL if not normal.held_out}
    assert not set(negatives.NO_FRAMES) & set(negatives.NO_FRAMES_HELD_OUT)


def test_reports_repeat():
    case = sample_case(5, 0, "test")
    assert write_report(case) == write_report(sample_case(5, 0, "test"))
    assert write_report(case) != write_report(sample_case(6, 0, "test"))
