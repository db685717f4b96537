"""Texts of a batch with their truth: what contradicts a report is false of it, and known to be."""

import re

import torch

from core.language.facts import Facts, read_report
from core.language.phrases import descriptions
from core.language.reader import read
from core.specs import open_studies
from core.training.statements import StatementBank

REPORTS = [
    ["Small left pleural effusion.", "No pneumothorax."],
    ["Right apical pneumothorax.", "The heart is enlarged."],
]


def _bank() -> StatementBank:
    return StatementBank([Facts(read_report(report)) for report in REPORTS], REPORTS)


def test_own_sentences_are_true_and_their_contradictions_false() -> None:
    bank = _bank()
    drawn = bank.draw([0, 1], 2, torch.Generator().manual_seed(0))
    assert drawn.truth.shape == (2, len(drawn.texts)) == (2, len(drawn.present))
    own = [drawn.texts.index(text) for text in drawn.texts if text in REPORTS[0]]
    assert own and (drawn.truth[0, own] == 1).all()
    denied = [n for n, text in enumerate(drawn.texts) if "no " in text.lower()]
    assert not drawn.present[[n for n in denied if not read(drawn.texts[n])]].any()
    sides = [n for n, text in enumerate(drawn.texts) if text == "Small right pleural effusion."]
    assert all(drawn.truth[0, n] == 0 for n in sides)


def test_every_text_was_known_ahead_and_the_same_seed_draws_the_same() -> None:
    bank, known = _bank(), set(_bank().texts)
    for seed in range(5):
        first = bank.draw([1, 0], 2, torch.Generator().manual_seed(seed))
        again = bank.draw([1, 0], 2, torch.Generator().manual_seed(seed))
        assert set(first.texts) <= known
        assert first.texts == again.texts
        assert torch.equal(first.truth.nan_to_num(2), again.truth.nan_to_num(2))


def test_negatives_of_phantoms_are_false_of_their_cases() -> None:
    """The share of false negatives, where truth is exact: drawn by similarity it was 0.80."""
    studies = open_studies("phantom:n=60,seed=3")
    by_reports = StatementBank([Facts(read_report(r)) for r in studies.reports], studies.reports)
    exact = studies.facts()
    wrong = negatives = 0
    for seed in range(3):
        drawn = by_reports.draw(list(range(60)), 30, torch.Generator().manual_seed(seed))
        for column, text in enumerate(drawn.texts):
            for row in torch.nonzero(drawn.truth[:, column] == 0)[:, 0].tolist():
                negatives += 1
                wrong += exact[row].truth(read(text)) == 1
    assert negatives > 2000 and wrong / negatives < 0.02


def test_images_of_rare_findings_weigh_more_within_their_set() -> None:
    """By hand: effusion in four images, edema in one, nothing in one; roots, with a mean of one."""
    reports = [["Left pleural effusion."]] * 3 + [["Left pleural effusion.", "Edema."], ["Clear."]]
    facts = [Facts(read_report(report)) for report in reports]
    weights = StatementBank(facts, reports).weights
    mean = (3 * 0.5 + 2) / 5
    assert torch.allclose(weights, torch.tensor([0.5, 0.5, 0.5, 1, 1]) / mean)
    edema = [["Edema."]] * 9  # common in another set, which changes nothing in this one
    joined = [*facts, *(Facts(read_report(report)) for report in edema)]
    both = StatementBank(joined, reports + edema, parts=[0] * 5 + [1] * 9).weights
    assert torch.allclose(both, torch.cat([weights, torch.ones(9)]))


def test_sentences_of_other_reports_are_said_with_the_truth_of_these_images() -> None:
    further = ["The cardiac silhouette is enlarged.", "There is no pneumothorax.", "Thank you."]
    facts = [Facts(read_report(report)) for report in REPORTS]
    bank = StatementBank(facts, REPORTS, further)
    drawn = bank.draw([0, 1], 40, torch.Generator().manual_seed(0))
    assert "Thank you." not in drawn.texts
    heart, air = (drawn.texts.index(text) for text in further[:2])
    assert drawn.truth[1, heart] == 1 and drawn.truth[:, air].tolist() == [1, 0]


def test_what_a_set_never_tells_is_unknown_of_its_images() -> None:
    """Labels without a side: "left" is neither true nor false of them; of a report it is either."""
    labels = [["Pleural effusion."], ["No pleural effusion."]]
    reports = [["Left pleural effusion."], ["Right pleural effusion."]]
    facts = [Facts(read_report(report)) for report in labels + reports]
    text = "There is a left pleural effusion."
    bank = StatementBank(facts, labels + reports, [text, "There is an effusion."],
                         parts=[0, 0, 1, 1])  # fmt: skip
    drawn = bank.draw([0, 1, 2, 3], 40, torch.Generator().manual_seed(0))
    truth = drawn.truth[:, drawn.texts.index(text)]
    assert truth[:2].isnan().all() and truth[2:].tolist() == [1, 0]
    plain = drawn.texts.index("There is an effusion.")
    assert drawn.truth[:, plain].tolist() == [1, 0, 1, 1]


def test_a_change_that_no_claim_holds_is_no_contradiction() -> None:
    """Where a tube ends is not among the facts: "below the carina" is not known to be false."""
    report = ["The endotracheal tube ends above the carina."]
    facts = [Facts(read_report(report)), Facts(read_report(["No endotracheal tube."]))]
    bank = StatementBank(facts, [report, ["No endotracheal tube."]])
    for seed in range(20):
        drawn = bank.draw([0, 1], 2, torch.Generator().manual_seed(seed))
        assert not any("below the carina" in text for text in drawn.texts)


def test_two_findings_on_opposite_sides_are_said_both_ways_round() -> None:
    """What binds each finding to its side: the same words, true one way and false the other."""
    reports = [["Left pleural effusion.", "Right pneumothorax."], ["Clear lungs."]]
    bank = StatementBank([Facts(read_report(report)) for report in reports], [[], []])
    both = {"Pleural Effusion", "Pneumothorax"}
    for seed in range(10):
        drawn = bank.draw([0, 1], 1, torch.Generator().manual_seed(seed))
        said = [n for n, text in enumerate(drawn.texts)
                if both <= {claim.finding for claim in read(text)}]  # fmt: skip
        assert sorted(drawn.truth[0, said].tolist()) == [0, 1]
        one, other = (sorted(re.findall(r"\w+", drawn.texts[n].lower())) for n in said)
        assert one == other  # left and right have changed places, and nothing else


def test_three_in_ten_statements_describe_a_finding_and_are_true_where_it_is() -> None:
    """Each description can be drawn, also where the rule-based reader would misread its words."""
    bank = _bank()
    said = descriptions()["Pneumothorax", False]
    assert set(said) <= set(bank.texts)
    described, draws = 0, 60
    for seed in range(draws):
        drawn = bank.draw([0, 1], 0, torch.Generator().manual_seed(seed))
        columns = [n for n, text in enumerate(drawn.texts) if text in said]
        described += len(columns)
        assert (drawn.truth[:, columns] == torch.tensor([[1.0], [0.0]])).all()
    assert 0.05 < described / draws < 0.5  # half of three in ten are typed as written


def test_a_step_says_each_finding_as_often_as_it_is_asked_to() -> None:
    bank = _bank()
    said = {text for text in bank.texts if "pneumothora" in text.lower() and read(text)}
    said = {text for text in said if {c.finding for c in read(text)} == {"Pneumothorax"}}

    def mean(each: int) -> float:
        draws = [bank.draw([0, 1], 0, torch.Generator().manual_seed(seed), each)
                 for seed in range(20)]  # fmt: skip
        return sum(text in said for drawn in draws for text in drawn.texts) / len(draws)

    assert mean(4) > 3 * mean(1) > 0  # a text that is drawn twice is said once
