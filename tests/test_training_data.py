"""Which sentence is a positive of which image."""

import torch

from core.training.data import SentenceIndex, normalise_sentence


def test_equal_statements_are_one_sentence() -> None:
    assert normalise_sentence("  No  Pneumothorax. ") == normalise_sentence("no pneumothorax")
    index = SentenceIndex([["No pneumothorax."], ["no  pneumothorax", "Clear lungs."]])
    assert index.sentences == ["no pneumothorax", "clear lungs"]


def test_positives_come_from_whole_reports_not_from_what_was_drawn() -> None:
    index = SentenceIndex([["a", "b", "c"], ["a", "b", "c"], ["d"]])
    texts, positive, own = index.draw([0, 1, 2], 1, torch.Generator().manual_seed(1))
    for column, text in enumerate(texts):
        assert positive[:2, column].tolist() == [text != "d"] * 2
        assert positive[2, column].item() == (text == "d")
    assert all(positive[row, own[row]] for row in range(3))


def test_the_same_seed_draws_the_same() -> None:
    index = SentenceIndex([["a", "b", "c"], ["d", "e"]])
    draws = [index.draw([0, 1], 2, torch.Generator().manual_seed(5)) for _ in range(2)]
    assert draws[0][0] == draws[1][0] and torch.equal(draws[0][1], draws[1][1])
