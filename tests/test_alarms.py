"""Alarms of a run: what a check measures, and the sentences it leads to."""

import pytest
import torch
from tiny_model import TinyBackbone

from core.inference.prompts import default_prompts
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.training.alarms import alarms
from core.training.check import QuickCheck


def _check(step: int, score: float, same_first: float = 0.1) -> dict[str, float]:
    return {"step": step, "score": score, "same_first": same_first}


def test_a_run_that_learns_raises_none() -> None:
    assert alarms([]) == []
    assert alarms([_check(0, 0.7)]) == []
    assert alarms([_check(0, 0.7), _check(100, 0.66), _check(200, 0.9)]) == []
    assert alarms([{"step": 0}, {"step": 100}]) == []  # a log from before there were alarms


def test_an_auc_well_under_that_of_the_start_is_forgetting() -> None:
    told = alarms([_check(0, 0.97), _check(100, 0.98), _check(200, 0.90)])
    assert len(told) == 1
    assert told[0].startswith("Forgetting: the mean AUC is 0.900 and was 0.970 at step 0")


def test_one_image_on_top_of_half_the_findings_is_a_collapse() -> None:
    told = alarms([_check(0, 0.7), _check(100, 0.7, same_first=0.6)])
    assert len(told) == 1
    assert told[0].startswith("Collapse: one image is ranked first for 60 % of the findings")


@pytest.mark.parametrize("collapsed", [True, False])
def test_a_check_sees_one_image_answer_every_query(collapsed: bool) -> None:
    model = LRCLR(TinyBackbone(), LRCLRConfig(k=4, fusion_heads=2)).eval()
    if collapsed:  # the image no longer matters
        for parameter in model.backbone.projection.parameters():
            torch.nn.init.zeros_(parameter)
    found = QuickCheck(open_studies("phantom:val,n=24"), model, default_prompts())(model)
    assert (found["same_first"] == 1.0) is collapsed
