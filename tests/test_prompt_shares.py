"""Each prompt of an ensemble: scores against the whole, shares against a derivative."""

import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.inference.predictor import Predictor
from core.inference.prompt_shares import as_json, prompt_shares, shares
from core.inference.prompts import FindingPrompts, PromptSet
from core.inference.zero_shot import mix
from core.lrclr.config import LRCLRConfig
from core.lrclr.losses import lse_pool

SIDE = ("left effusion", "right effusion", "fluid at the base")
CONFIGS = [
    LRCLRConfig(),
    LRCLRConfig(mix={"global": 1.0, "local": 3.0}, spread={"global": 0.5, "local": 0.2}),
    LRCLRConfig(mix={"global": 0.0, "local": 1.0, "match": 2.0}, gamma=3.0),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_a_share_is_how_much_the_prompt_moves_the_mix(config):
    """The derivative of the pooled, mixed score by each prompt's own scores, all moved alike."""
    parts = {name: torch.randn(4, dtype=torch.float64) for name in ("global", "local", "match")}
    nudge = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    pooled = {
        name: lse_pool(values + nudge, config.gamma)[None] for name, values in parts.items()
    }
    mix(pooled, config.mix, config.spread).sum().backward()
    expected = nudge.grad / nudge.grad.sum()
    torch.testing.assert_close(shares(parts, config), expected)


def test_the_best_match_makes_most_of_a_sharp_pool_and_all_alike_of_a_flat_one():
    parts = {"global": torch.tensor([0.1, 0.9, 0.2])}
    sharp = shares(parts, LRCLRConfig(mix={"global": 1.0}, gamma=200.0))
    flat = shares(parts, LRCLRConfig(mix={"global": 1.0}, gamma=1e-6))
    assert sharp[1] > 0.999
    torch.testing.assert_close(flat, torch.full((3,), 1 / 3))


def test_scores_are_those_of_a_set_with_that_prompt_alone():
    predictor, studies = Predictor(tiny_model(), "tiny"), TinySet(2)
    image = predictor.encode_row(studies, 1)
    lines = prompt_shares(predictor.model, image, predictor.encode_texts(list(SIDE)))
    assert [line.text for line in lines] == list(SIDE)
    assert sum(line.share for line in lines) == pytest.approx(1)
    for line in lines:
        alone = PromptSet({"x": FindingPrompts((line.text,), ("no",))})
        assert line.global_score == pytest.approx(predictor.score(image, alone)["positive"][0, 0])
        text = predictor.encode_texts([line.text])
        assert line.local_score == pytest.approx(float(predictor.model.read(image, text).local))
    one, no = (predictor.encode_texts(list(side)) for side in (SIDE, ("no",)))
    model = predictor.model
    sides = [prompt_shares(model, image, side) for side in (one, no)]
    pools = [
        lse_pool(torch.tensor([line.global_score for line in side]), model.config.gamma)
        for side in sides
    ]
    whole = predictor.score(image, PromptSet({"x": FindingPrompts(SIDE, ("no",))}))["global"][0, 0]
    assert float(pools[0] - pools[1]) == pytest.approx(float(whole), abs=1e-5)


def test_one_prompt_is_all_of_its_side_and_json_has_its_keys():
    predictor, studies = Predictor(tiny_model(), "tiny"), TinySet(2)
    image = predictor.encode_row(studies, 1)
    lines = prompt_shares(predictor.model, image, predictor.encode_texts(["effusion"]))
    assert lines[0].share == pytest.approx(1)
    made = as_json({"positive": lines})["positive"][0]
    assert set(made) == {"text", "global", "local", "share"}
