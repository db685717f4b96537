"""Readers' lung zones against maps."""

import json

import numpy as np
import pytest
from tiny_model import TinySet, tiny_model

from core.ablation import brixia
from core.inference.predictor import Predictor

LUNGS = np.zeros((40, 48), bool)
LUNGS[4:34, 6:20] = LUNGS[4:34, 28:42] = True


class Scored(TinySet):
    """Three studies with the same lungs; the second was given no scores, the third equal ones."""

    def __init__(self) -> None:
        super().__init__(n=3)
        rising = {f"{reader}-{zone}": place + extra
                  for reader, extra in (("S", 0), ("J", 1))
                  for place, zone in enumerate("ABCDEF")}  # fmt: skip
        flat = dict.fromkeys(rising, 2)
        self.table[brixia.COLUMN] = [json.dumps(rising), None, json.dumps(flat)]

    def masks(self, row: int) -> dict[str, np.ndarray]:
        return {"lungs (automatic, lungVAE)": LUNGS}


def test_zones_are_thirds_of_each_lung_and_the_right_lung_is_on_the_left() -> None:
    zones = brixia.zone_masks(LUNGS)
    assert sum(zone.astype(int) for zone in zones).max() == 1  # none shared
    assert (np.any(zones, axis=0) == LUNGS).all()
    assert zones[0][:14, :24].sum() == zones[0].sum() == 140  # A: upper, patient's right
    assert zones[5][24:, 24:].sum() == zones[5].sum() == 140  # F: lower, patient's left


def test_readers_are_averaged() -> None:
    scores = brixia.reader_scores('{"S-A": 0, "J-A": 3, "S-B": 1, "S-C": 1, "S-D": 1, "S-E": 2, '
                                  '"S-F": 3, "S-Global": 8}')  # fmt: skip
    assert scores is not None and scores.tolist() == [1.5, 1, 1, 1, 2, 3]
    assert brixia.reader_scores(float("nan")) is None and brixia.reader_scores("[1]") is None


@pytest.mark.parametrize(("sign", "expected"), [(1, 1.0), (-1, -1.0)])
def test_a_map_that_follows_the_zones_correlates_fully(
    monkeypatch: pytest.MonkeyPatch, sign: int, expected: float
) -> None:
    zones = brixia.zone_masks(LUNGS)
    heat = sign * sum(place * zone for place, zone in enumerate(zones)).astype(np.float32)
    predictor = Predictor(tiny_model(), "tiny")
    preprocess = type(predictor.model.backbone.preprocess)
    monkeypatch.setattr(preprocess, "map_to_image", lambda *_: heat)
    found = brixia.zone_correlation(predictor, Scored(), ["similarity", "oracle"])
    assert list(found) == ["similarity"]
    assert found["similarity"][0] == pytest.approx(expected)
    assert np.isnan(found["similarity"][1:]).all()


def test_sets_without_scores_have_no_figure() -> None:
    assert brixia.zone_correlation(Predictor(tiny_model(), "tiny"), TinySet(), ["similarity"]) == {}
