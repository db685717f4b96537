"""Deletion and retrieval, on a model that is made to know one thing."""

import numpy as np
import pytest
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.evaluation.deletion import deletion, ranks
from core.evaluation.localize import measure_cases
from core.evaluation.retrieval import own_report_rank
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.metrics.localisation import box_iou
from core.specs import open_studies
from core.training.data import SentenceIndex, TrainingData
from core.training.engine import train
from core.training.log import RunLog
from core.training.settings import Schedule, Weights

PROMPTS = PromptSet({"Mark": FindingPrompts(("a bright mark",), ("no mark",))})


@pytest.fixture(scope="module")
def knows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Predictor, torch.Tensor]:
    """A model that tells a bright patch from none, and images with the patch in a corner."""
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, heads=2, embed_dim=32, depth=2)
    backbone = CompactBackbone(config)
    model = LRCLR(backbone, LRCLRConfig(k=4, fusion="none"))
    pixels = torch.zeros(16, 1, 64, 64)
    for row in range(0, 16, 2):
        y, x = divmod(row, 8)
        pixels[row, :, 16 * y : 16 * y + 16, 8 * x : 8 * x + 16] = 2.0
    data = TrainingData(
        pixels.half(), SentenceIndex([["a bright mark"], ["no mark"]] * 8), "toy"
    )
    schedule = Schedule(steps=240, batch_size=8, learning_rate=3e-3, precision="fp32")
    log = RunLog(tmp_path_factory.mktemp("knows") / "log.jsonl")
    train(model, data, schedule, Weights(), log)
    return Predictor(model, "knows"), pixels


def test_hiding_what_counts_lowers_the_score_more_than_hiding_the_rest(
    knows: tuple[Predictor, torch.Tensor],
) -> None:
    predictor, pixels = knows
    marked = pixels[::2]
    truth = torch.nn.functional.avg_pool2d(marked, 16)[:, 0].numpy()
    falls = [deletion(predictor, marked, maps, PROMPTS).mean() for maps in (truth, -truth)]
    assert falls[0] < falls[1] - 0.1
    assert falls[0] < 0


def test_equal_places_are_hidden_in_random_order() -> None:
    """A flat map, and one that is zero outside two patches, favour no part of the film."""
    flat = np.zeros((400, 4, 5), np.float32)
    by_place = ranks(flat, seed=0).mean(axis=0)
    assert by_place == pytest.approx(np.full((4, 5), 9.5), abs=1.2)
    assert (np.sort(ranks(flat, 0).reshape(400, -1)) == np.arange(20)).all()
    np.testing.assert_array_equal(ranks(flat, 3), ranks(flat, 3))
    assert (ranks(flat, 3) != ranks(flat, 4)).any()
    flat[:, 3, 4], flat[:, 2, 0] = 0.9, 0.4
    assert (ranks(flat, 0)[:, 3, 4] == 0).all() and (ranks(flat, 0)[:, 2, 0] == 1).all()


def test_hiding_is_the_same_before_and_after_the_stem() -> None:
    config = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
    backbone = CompactBackbone(config)
    backbone.centre(torch.randn(8, 1, 64, 64), ["a", "b"])
    cells = torch.zeros(2, 4, 4, dtype=torch.bool)
    cells[:, 1, 2] = True
    pixels = torch.ones(2, 1, 64, 64)
    hidden = backbone.hide(pixels, cells)
    assert hidden[:, :, 16:32, 32:48].abs().sum() == 0 and hidden.sum() == 2 * (64 * 64 - 256)
    with torch.no_grad():
        maps = backbone.hide(backbone.stem(pixels), cells)
    assert torch.allclose(maps[:, :, 1, 2], backbone.stem_mean.expand(2, -1))
    assert torch.equal(maps[:, :, 0], backbone.stem(pixels).detach()[:, :, 0])


def test_box_iou_is_that_of_the_boxes_around() -> None:
    mask, heat = np.zeros((10, 10), bool), np.zeros((10, 10))
    mask[2, 2] = mask[5, 5] = True  # box of 16
    heat[2:6, 2:4] = 1.0  # half of it
    assert box_iou(heat, mask) == pytest.approx(0.5)
    assert box_iou(np.ones((10, 10)), mask) == 0.0
    assert np.isnan(box_iou(heat, np.zeros((10, 10), bool)))


def test_the_own_report_comes_high_where_the_model_knows_the_images(
    knows: tuple[Predictor, torch.Tensor],
) -> None:
    studies = open_studies("phantom:n=24,seed=3")
    known, unknown = (own_report_rank(p, studies) for p in (load_predictor("demo"), knows[0]))
    assert ((known >= 0) & (known <= 1)).all() and known.mean() > 0.8
    assert 0.2 < unknown.mean() < 0.8


def test_equal_reports_count_once_and_missing_ones_not_at_all(
    knows: tuple[Predictor, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    studies = open_studies("phantom:n=6,seed=3")
    said = [["No mark."], ["A bright mark."], ["no  mark"], [], ["No mark."], ["No mark."]]
    monkeypatch.setattr(type(studies), "reports", said)
    ranks = own_report_rank(knows[0], studies)
    assert np.isnan(ranks).tolist() == [False, False, False, True, False, False]
    assert set(ranks[~np.isnan(ranks)]) <= {0.0, 0.5, 1.0}  # against one other report


def test_costly_measures_come_when_asked_for(knows: tuple[Predictor, torch.Tensor]) -> None:
    predictor, _ = knows
    studies = open_studies("phantom:n=16,seed=5")
    tallies = measure_cases(predictor, studies, ["similarity", "centre"], costly=True)
    for tally in tallies.values():
        for method in ("similarity", "centre"):
            assert len(tally.values[method, "deletion"]) == len(tally.rows)
            assert all(0 <= value <= 1 for value in tally.values[method, "box_iou"])
    plain = measure_cases(predictor, studies, ["similarity"])
    assert ("similarity", "deletion") not in next(iter(plain.values())).values
