"""Which sentence is a positive of which image."""

import re
from pathlib import Path

import pytest
import torch
from report_reader import read

from core.backbones.compact import CompactBackbone, CompactConfig
from core.specs import open_studies
from core.studies.sentences import normalise_sentence
from core.training.data import SentenceIndex, load_training_data
from core.training.reword import rewordings


def test_equal_statements_are_one_sentence() -> None:
    assert normalise_sentence("  No  Pneumothorax. ") == normalise_sentence("no pneumothorax")
    index = SentenceIndex([["No pneumothorax."], ["no  pneumothorax", "Clear lungs."]])
    assert index.sentences == ["no pneumothorax", "clear lungs"]


def test_positives_come_from_whole_reports_not_from_what_was_drawn() -> None:
    index = SentenceIndex([["a", "b", "c"], ["a", "b", "c"], ["d"]])
    drawn = index.draw([0, 1, 2], 1, torch.Generator().manual_seed(1), True)
    for column, text in enumerate(drawn.texts):
        assert drawn.truth[:2, column].tolist() == [text != "d"] * 2
        assert drawn.truth[2, column].item() == (text == "d")
    assert (drawn.truth.sum(dim=1) > 0).all()


def test_the_same_seed_draws_the_same() -> None:
    index = SentenceIndex([["a", "b", "c"], ["d", "e"]])
    draws = [index.draw([0, 1], 2, torch.Generator().manual_seed(5), True) for _ in range(2)]
    assert draws[0].texts == draws[1].texts and torch.equal(draws[0].truth, draws[1].truth)


def test_without_sharing_equal_sentences_are_negatives_of_each_other() -> None:
    index = SentenceIndex([["a"], ["a"], ["b"]])
    alone = index.draw([0, 1, 2], 2, torch.Generator().manual_seed(0), shared=False)
    assert alone.texts == ["a", "a", "b"] and torch.equal(alone.truth, torch.eye(3))
    shared = index.draw([0, 1, 2], 2, torch.Generator().manual_seed(0), shared=True)
    assert shared.texts == ["a", "b"] and shared.truth.tolist() == [[1, 0], [1, 0], [0, 1]]


def test_rewording_changes_words_and_never_what_is_said() -> None:
    guarded = re.compile(
        r"\b(left|right|both|bilateral\w*|no|not|without|neither|nor|upper|middle|lower|apical|basal|"
        r"small|large|mild|moderate|severe|possible|probable|may|\d+)\b"
    )
    reports = open_studies("phantom:train,n=600").reports
    sentences = {normalise_sentence(sentence) for report in reports for sentence in report}
    changed = 0
    for sentence in sentences:
        for other in rewordings(sentence):
            changed += 1
            assert guarded.findall(other) == guarded.findall(sentence), (sentence, other)
            assert read(other) == read(sentence), (sentence, other)  # finding, side, zone, degree
    assert changed > 1000


def test_a_reworded_sentence_keeps_its_place_among_the_positives() -> None:
    index = SentenceIndex([["The heart is enlarged."], ["There is a left effusion."], ["Edema."]])
    plain = index.draw([0, 1, 2], 1, torch.Generator().manual_seed(0), True)
    drawn = index.draw([0, 1, 2], 1, torch.Generator().manual_seed(0), True, 1.0)
    texts = drawn.texts
    assert torch.equal(drawn.truth, plain.truth)
    assert texts[0] == "heart is enlarged" and texts[2] == "edema"
    assert texts[1] in rewordings("there is a left effusion")
    assert set(texts) <= set(index.texts(reworded=True))
    assert plain.texts == index.texts(reworded=False)


def test_a_report_is_sentences_or_one_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    studies = open_studies("phantom:n=3,seed=1")
    backbone = CompactBackbone(CompactConfig(64, width=16, heads=2, embed_dim=16, depth=2))
    sentences = load_training_data(studies, backbone, as_pixels=True).index
    whole = load_training_data(studies, backbone, as_pixels=True, whole_reports=True).index
    assert [len(row) for row in whole.rows] == [1, 1, 1] < [len(row) for row in sentences.rows]
    assert all(sentences.sentences[n].split()[0] in whole.sentences[0] for n in sentences.rows[0])
