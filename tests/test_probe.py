"""Probes: exactly one text of a pair is true, and a model that knows nothing is at chance."""

from collections import Counter

import numpy as np
import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.errors import ExplorerError
from core.evaluation.probe import SCORES, ProbeReport, _share, pairs_of, probe
from core.inference.predictor import Predictor
from core.language.reader import read
from core.specs import open_studies


def test_of_each_pair_exactly_the_first_is_true_of_its_case() -> None:
    studies = open_studies("phantom:n=150,seed=4")
    facts, pairs = studies.facts(), pairs_of(studies)
    assert {"side", "negation", "severity", "sides-swapped", "zone"} <= {p.probe for p in pairs}
    for pair in pairs:
        assert facts[pair.row].truth(read(pair.true)) == 1, pair
        assert facts[pair.row].truth(read(pair.false)) == 0, pair
    assert pairs == pairs_of(studies) and pairs != pairs_of(open_studies("phantom:n=150,seed=5"))


def test_swapped_sides_name_the_same_words_in_another_order() -> None:
    for pair in pairs_of(open_studies("phantom:n=100,seed=4")):
        if pair.probe == "sides-swapped":
            assert Counter(pair.true.lower().split()) == Counter(pair.false.lower().split())


def test_share_counts_ties_one_half_and_resamples_studies() -> None:
    margin = np.array([1.0, 1.0, 0.0, -1.0])
    weights = np.array([[1, 1, 1, 1], [2, 2, 0, 0], [0, 0, 0, 0]])
    share = _share(margin, weights)
    assert share.value == pytest.approx(0.625) and share.high <= 1.0 and share.low >= 0.625


def test_an_untrained_model_is_near_chance_and_every_score_is_there() -> None:
    torch.manual_seed(0)
    studies = open_studies("phantom:n=40,seed=6,size=64")
    report = probe(Predictor(tiny_model(), "tiny"), studies, n_bootstrap=50)
    assert isinstance(report, ProbeReport) and set(report.mean()) == set(SCORES)
    written = report.to_json()
    assert set(written) == {"probes", "mean", "zero"}
    for name, row in written["probes"].items():
        assert row["n"] == report.n[name] and set(row["accuracy"]) == set(SCORES)
        assert set(row["accuracy"]["lrclr"]) == {"value", "low", "high"}
    assert "mean of the probes" in report.table()


def test_reports_without_findings_are_refused_in_a_sentence() -> None:
    studies = TinySet()
    studies.table["text"] = "Frontal view."
    with pytest.raises(ExplorerError, match="give no pair"):
        probe(Predictor(tiny_model(), "tiny"), studies)


