"""Saliency by captum on our models: the right layer, the right grid, and nothing left behind."""

from importlib import import_module

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core.attribution import METHODS, attribute, attribution_maps
from core.attribution.gradcam import gradcam
from core.attribution.score import TextScore
from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR

TEXTS = ["left pleural effusion"]


def _predictor(added: bool = True, scorer: str = "text") -> Predictor:
    torch.manual_seed(0)
    backbone = CompactBackbone(CompactConfig(image_size=64, width=16, heads=2, embed_dim=16))
    config = LRCLRConfig(added_layers=added, scorer=scorer, k=4, fusion_heads=2)
    return Predictor(LRCLR(backbone, config), "tiny")


def _image(height: int = 100, width: int = 60) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (height, width)).astype(np.float32)


@pytest.mark.parametrize("added", [True, False])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_maps_a_film_that_is_not_square(name: str, added: bool) -> None:
    predictor, image = _predictor(added), _image()
    found = attribute(name, predictor, image, TEXTS)
    assert found.shape == image.shape and found.dtype == np.float32
    assert np.isfinite(found).all() and found.max() > found.min()


@pytest.mark.parametrize("name", METHODS)
def test_nothing_is_left_on_the_shared_model(name: str) -> None:
    predictor = _predictor()
    before = {key: value.clone() for key, value in predictor.model.state_dict().items()}
    attribute(name, predictor, _image(), TEXTS)
    assert not any(p.requires_grad or p.grad is not None for p in predictor.model.parameters())
    assert not any(
        m._forward_hooks or m._forward_pre_hooks or m._backward_hooks
        for m in predictor.model.modules()
    )
    assert not predictor.model.training
    after = predictor.model.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_hooks_are_gone_even_after_a_failing_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = _predictor()

    def fail(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(predictor.model.selection_block, "forward", fail)
    with pytest.raises(RuntimeError, match="on purpose"):
        attribute("gradcam", predictor, _image(), TEXTS)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in predictor.model.modules())


def test_gradcam_equals_the_formula_written_out() -> None:
    """Channels of the patch tokens weighted by their mean gradient (Selvaraju et al., eq. 1, 2)."""
    predictor = _predictor()
    model = predictor.model
    pixels = model.backbone.preprocess(_image())[None]
    texts = predictor.encode_texts(TEXTS)
    tokens = model.backbone.image_tokens(pixels).tokens.detach().requires_grad_()
    joint = model.backbone.project(model.selection_block(tokens))[:, 0]
    anchor = F.normalize(texts.text_features.mean(dim=0), dim=0)
    (F.normalize(joint, dim=-1) @ anchor).sum().backward()
    assert tokens.grad is not None
    weight = tokens.grad[:, 1:].mean(dim=1, keepdim=True)
    expected = (weight * tokens[:, 1:]).sum(dim=-1).clamp(min=0).view(4, 4)
    found = gradcam(model, pixels, texts)[0]
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-3, atol=1e-9)


def test_a_gradient_of_zero_is_refused_with_a_sentence() -> None:
    predictor = _predictor()
    predictor.model.backbone.projection.weight.zero_()  # the score no longer sees the image
    predictor.model.backbone.projection.bias.fill_(1.0)
    with pytest.raises(ExplorerError, match="no gradient"):
        attribute("gradcam", predictor, _image(), TEXTS)


class _Corner(TextScore):
    """A score that reads the top left corner only."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels[:, :, :8, :8].mean(dim=(1, 2, 3))


@pytest.mark.parametrize(
    ("module", "name"),
    [("integrated_gradients", "integrated_gradients"), ("occlusion", "occlusion")],
)
def test_maps_find_what_the_score_reads(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_in = import_module(f"core.attribution.{module}")
    monkeypatch.setattr(found_in, "TextScore", _Corner)
    predictor = _predictor()
    pixels = torch.rand(1, 1, 64, 64)
    pixels[..., :8, :8] += 3
    found = getattr(found_in, name)(predictor.model, pixels, predictor.encode_texts(TEXTS))[0]
    share = found.shape[0] // 2  # the corner, and the reach of the window
    assert found[:share, :share].sum() > 0.95 * found.sum() > 0


def test_dropped_patches_weigh_nothing() -> None:
    found = attribution_maps("lrclr", _predictor(), torch.randn(2, 1, 64, 64), TEXTS)
    assert ((found > 0).sum(axis=(1, 2)) == 4).all()
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 1, rtol=1e-5)


def test_random_is_seeded_and_unknown_methods_are_named() -> None:
    predictor, image = _predictor(), _image()
    first, again = (attribute("random", predictor, image, TEXTS, seed=1) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, attribute("random", predictor, image, TEXTS, seed=2))
    with pytest.raises(ExplorerError, match="gradcam"):
        attribute("no-such", predictor, image, TEXTS)
