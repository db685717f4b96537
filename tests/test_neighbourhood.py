"""Films that are like one another: the nearest of one, by picture and by report."""

import json

import numpy as np
import pytest
from tiny_model import TinySet, tiny_model

from core.analysis import scoring
from core.analysis.neighbourhood import nearest, report_features
from core.archive.embed import EmbedOptions, embed
from core.errors import ExplorerError
from core.inference import predictor as predictor_file
from core.inference.predictor import Predictor
from core.specs import open_shards

SET = "phantom:n=12,seed=3,size=64"


def test_the_nearest_are_those_of_the_greatest_cosine_whatever_their_length():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 6)).astype(np.float32) * rng.uniform(0.1, 9, (200, 1))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    by_hand = unit @ unit[17]
    order = [row for row in np.argsort(-by_hand, kind="stable") if row != 17][:9]
    told = nearest(vectors, 17, 9)
    assert told.rows.tolist() == order
    np.testing.assert_allclose(told.cosines, by_hand[order], atol=1e-6)


def test_equals_come_in_order_and_films_without_features_never():
    vectors = np.array([[1, 0], [2, 0], [np.nan, 0], [3, 0], [0, 0], [0, 1.0]])
    assert nearest(vectors, 1, 2).rows.tolist() == [0, 3]
    assert nearest(vectors, 1, 50).rows.tolist() == [0, 3, 5]
    for row in (2, 4):
        with pytest.raises(ExplorerError, match=f"Study {row + 1} .*choose another"):
            nearest(vectors, row, 2)


def test_a_report_is_the_mean_direction_of_its_sentences():
    features = np.array([[2.0, 0], [0, 5]])
    told = report_features([["a", "b"], ["b", "unread"], []], ["a", "b"], features)
    np.testing.assert_allclose(told[:2], [[0.5, 0.5], [0, 1]])
    assert np.isnan(told[2]).all()


def test_reports_are_read_once_and_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    model, studies = Predictor(tiny_model(), "tiny"), TinySet(6)
    first = scoring.neighbours(model, studies, 0, 3)
    assert [side.by for side in first] == ["image", "report"]
    monkeypatch.setattr(scoring, "sentence_features", None)  # not asked again
    again = scoring.neighbours(model, studies, 0, 3)
    assert again[1].nearest.rows.tolist() == first[1].nearest.rows.tolist()
    same = [row for row in range(1, 6) if studies.report(row) == studies.report(0)]
    assert set(same[:3]) <= set(first[1].nearest.rows.tolist())


def test_features_alone_are_those_of_the_encoding(monkeypatch, tmp_path):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))
    model, studies = Predictor(tiny_model(), "tiny"), TinySet(6)
    whole = model.encode_set(studies).image_features.numpy()
    monkeypatch.setattr(predictor_file, "cached_encoding", None)  # patches are not read
    np.testing.assert_array_equal(model.image_features(studies), whole)
    embed(model, studies, tmp_path / "a", EmbedOptions(precision="fp32", shard_size=4, workers=0))
    shards = open_shards(tmp_path / "a").subset([4, 1])
    np.testing.assert_allclose(model.image_features(shards), whole[[4, 1]], atol=2e-3)


def test_the_command_names_the_films_most_like_one(run, tmp_path):
    code, out, err = run("neighbours", "--data", SET, "--study", "test-3-00002", "--top", 3,
                         "--json", tmp_path / "n.json")  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "n.json").read_text())
    for side in ("image", "report"):
        cosines = [one["cosine"] for one in told[side]]
        assert len(cosines) == 3 and cosines == sorted(cosines, reverse=True)
        assert all(one["study"] in out and one["row"] != 2 for one in told[side])
    code, _, err = run("neighbours", "--data", SET, "--study", "nobody")
    assert code == 2 and "has no study" in err
