"""A map of a set: alike beside alike, the same each time, kept, without unreadable films."""

import csv
import json

import numpy as np
import pytest
from tiny_model import TinySet, tiny_model

from core.analysis import film_map
from core.analysis.film_map import MapSettings, lay_out
from core.errors import ExplorerError
from core.inference.predictor import Predictor

SET = "phantom:n=12,seed=3,size=64"


def groups(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, n)
    centres = rng.normal(size=(3, 16))
    features = centres[group] + 0.2 * rng.normal(size=(n, 16))
    return group, features / np.linalg.norm(features, axis=1, keepdims=True)


@pytest.mark.slow
def test_groups_stay_together_and_the_same_seed_gives_the_same_map():
    group, features = groups(60)
    features[7] = np.nan
    rounds = []
    points = lay_out(features, MapSettings(8), lambda *told: rounds.append(told))
    assert np.isnan(points[7]).all() and points.dtype == np.float32
    there = np.arange(60) != 7
    np.testing.assert_array_equal(lay_out(features, MapSettings(8))[there], points[there])
    apart = np.linalg.norm(points[there, None] - points[None, there], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (group[there][apart.argmin(axis=1)] == group[there]).mean() > 0.95
    done, total = zip(*rounds, strict=True)
    assert list(done) == sorted(done) and set(total) == {500} and done[-1] > 0


def test_few_films_and_odd_settings_are_one_sentence():
    with pytest.raises(ExplorerError, match="needs 10 films that can be read; this set has 9"):
        lay_out(np.eye(9), MapSettings())
    with pytest.raises(ExplorerError, match="2 to 500 neighbours"):
        MapSettings(1)


def test_the_command_writes_the_map_once_and_then_the_kept_one(run, tmp_path, monkeypatch):
    code, out, err = run("map", "--data", SET, "--out", tmp_path / "m.csv")
    assert code == 0, err
    assert "12 of 12 films" in out
    monkeypatch.setattr(film_map, "lay_out", None)  # not asked again
    code, _, err = run("map", "--data", SET, "--out", tmp_path / "m.json")
    assert code == 0, err
    told = json.loads((tmp_path / "m.json").read_text())
    with (tmp_path / "m.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["study"] for row in rows] == [one["study"] for one in told["studies"]]
    assert [float(row["x"]) for row in rows] == [one["x"] for one in told["studies"]]
    assert len({(one["x"], one["y"]) for one in told["studies"]}) == 12
    code, _, err = run("map", "--data", SET, "--out", tmp_path / "m.txt")
    assert code == 2 and "name it so" in err


def test_another_seed_or_set_is_another_map():
    model = Predictor(tiny_model(), "tiny")
    keys = {
        film_map.map_key(model, TinySet(n), MapSettings(seed=seed))
        for n, seed in ((4, 0), (4, 1), (5, 0))
    }
    assert len(keys) == 3
