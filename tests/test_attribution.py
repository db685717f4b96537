"""Saliency on our models: the right layer, the right grid, and nothing left behind."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core.attribution import METHODS, attribute, attribution_maps
from core.attribution.gradcam import gradcam
from core.attribution.integrated_gradients import integrated_gradients
from core.attribution.layer import layer_gradient
from core.attribution.occlusion import occlusion
from core.attribution.target import GlobalCosine
from core.backbones.compact import CompactBackbone, CompactConfig
from core.backbones.ensemble import Ensemble
from core.errors import ExplorerError
from core.inference.images import Images
from core.inference.predictor import Predictor
from core.lrclr.config import LRCLRConfig
from core.lrclr.encodings import ImageEncoding
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


def test_maps_are_right_while_other_threads_use_the_model() -> None:
    """What another session encodes meanwhile neither breaks a map nor gets into it."""
    predictor, image = _predictor(), _image()
    other = predictor.model.backbone.preprocess(_image(64, 64))[None].expand(3, -1, -1, -1)
    quiet = {name: attribute(name, predictor, image, TEXTS) for name in METHODS}
    done, passes = threading.Event(), [0, 0]

    def encode(place: int) -> None:
        while not done.is_set():
            with torch.no_grad():
                predictor.model.encode_image(other)
            passes[place] += 1

    threads = [threading.Thread(target=encode, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(25):
            assert np.array_equal(attribute("gradcam", predictor, image, TEXTS), quiet["gradcam"])
        for name in METHODS:
            np.testing.assert_allclose(
                attribute(name, predictor, image, TEXTS), quiet[name], rtol=1e-4, atol=1e-7
            )
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert min(passes) > 10


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
    found = gradcam(model, pixels, GlobalCosine(texts))[0]
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-3, atol=1e-9)


def test_a_gradient_of_zero_is_refused_with_a_sentence() -> None:
    predictor = _predictor()
    predictor.model.backbone.projection.weight.zero_()  # the score no longer sees the image
    predictor.model.backbone.projection.bias.fill_(1.0)
    with pytest.raises(ExplorerError, match="no gradient"):
        attribute("gradcam:gradcam:3:positive", predictor, _image(), TEXTS)


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_a_block_and_its_gradient_are_those_of_the_pass_written_out(layer: int) -> None:
    predictor = _predictor()
    model, backbone = predictor.model, predictor.model.backbone
    pixels = backbone.preprocess(_image())[None]
    target = GlobalCosine(predictor.encode_texts(TEXTS))
    found = layer_gradient(model, pixels, target, layer)
    local = backbone.image_tokens(pixels).local
    tokens = torch.cat([(backbone.cls_token + local.mean(dim=1))[:, None], local], dim=1)
    for block in backbone.blocks[:layer]:
        tokens = block(tokens)
    tokens = start = tokens.detach().requires_grad_()
    for block in [*backbone.blocks[layer:-1], model.selection_block]:
        tokens = block(tokens)
    joint = F.normalize(backbone.project(tokens)[:, 0], dim=-1)
    (slope,) = torch.autograd.grad((joint @ target.texts.text_features[0]).sum(), start)
    for ours, expected in ((found.activations, start.detach()), (found.gradients, slope)):
        expected = expected[:, 1:].transpose(1, 2).unflatten(2, (4, 4))
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-7)


def test_the_stem_is_a_layer_that_local_scores_read_too() -> None:
    """Regions come from the stem: no block's tokens move a score of theirs, the stem's maps do."""
    predictor = _predictor()
    model = predictor.model
    pixels = model.backbone.preprocess(_image())[None]
    texts = predictor.encode_texts(TEXTS)

    class Local(GlobalCosine):
        def __call__(self, model: LRCLR, images: ImageEncoding) -> torch.Tensor:
            return model.similarity(images, self.texts)[:, 0].mean(dim=1)

    with pytest.raises(ExplorerError, match="enters block 3"):
        layer_gradient(model, pixels, Local(texts))
    found = layer_gradient(model, pixels, Local(texts), "stem")
    maps = model.backbone.stem(pixels)
    assert torch.equal(found.activations, maps)
    (slope,) = torch.autograd.grad(
        Local(texts)(model, model.encode_image(maps.requires_grad_())).sum(), maps
    )
    torch.testing.assert_close(found.gradients, slope)
    assert torch.equal(layer_gradient(model, maps, Local(texts), "stem").gradients, slope)
    for layer in (-1, 4, True, "nowhere"):
        with pytest.raises(ExplorerError, match="blocks 0 to 3, and 'stem'"):
            layer_gradient(model, pixels, Local(texts), layer)  # type: ignore[arg-type]


def test_members_of_an_ensemble_stand_side_by_side() -> None:
    parts = [_predictor(added=False).model.backbone for _ in range(2)]
    torch.nn.init.normal_(parts[1].projection.weight)
    model = LRCLR(Ensemble(parts), LRCLRConfig(added_layers=False)).requires_grad_(False).eval()
    predictor = Predictor(model, "both")
    pixels = model.backbone.preprocess(_image())[None]
    both = layer_gradient(model, pixels, GlobalCosine(predictor.encode_texts(TEXTS)), 1)
    assert both.activations.shape == (1, 32, 4, 4)
    each = [Predictor(LRCLR(part, LRCLRConfig(added_layers=False)), "one") for part in parts]
    slopes = [
        layer_gradient(one.model, pixels, GlobalCosine(one.encode_texts(TEXTS)), 1).gradients
        for one in each
    ]  # the cosine of an ensemble is the mean of its members' cosines
    torch.testing.assert_close(both.gradients, torch.cat(slopes, dim=1) / 2)


class _Corner:
    """A score that reads the top left corner only, of a model that keeps the pixels."""

    texts = None

    def __call__(self, model: object, pixels: torch.Tensor) -> torch.Tensor:
        return pixels[:, :, :8, :8].mean(dim=(1, 2, 3))


@pytest.mark.parametrize("method", [integrated_gradients, occlusion])
def test_maps_find_what_the_score_reads(method, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _predictor().model
    monkeypatch.setattr(model, "encode_image", lambda pixels: pixels)
    pixels = torch.rand(1, 1, 64, 64)
    pixels[..., :8, :8] += 3
    found = method(model, pixels, _Corner())[0]
    share = found.shape[0] // 2  # the corner, and the reach of the window
    assert found[:share, :share].sum() > 0.95 * found.sum() > 0


class _Signed(_Corner):
    """A score that the top left corner raises and the bottom right one lowers."""

    def __call__(self, model: object, pixels: torch.Tensor) -> torch.Tensor:
        return super().__call__(model, pixels) - pixels[:, :, -8:, -8:].mean(dim=(1, 2, 3))


@pytest.mark.parametrize("method", [integrated_gradients, occlusion])
def test_what_speaks_against_the_text_is_no_evidence(method, monkeypatch) -> None:
    model = _predictor().model
    monkeypatch.setattr(model, "encode_image", lambda pixels: pixels)
    pixels = torch.zeros(1, 1, 64, 64)
    pixels[..., :8, :8] = pixels[..., -8:, -8:] = 2.0
    found = method(model, pixels, _Signed())[0]
    share = found.shape[0] // 2
    assert found[:share, :share].max() > 0
    assert found[share:, share:].max() == 0 and found.min() == 0


def test_integrated_gradients_add_up_from_a_black_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """Completeness (Sundararajan et al., 2017): score less that of the image's darkest value."""
    model = _predictor().model
    monkeypatch.setattr(model, "encode_image", lambda pixels: pixels)
    pixels = torch.full((1, 1, 64, 64), -1.5)
    pixels[..., :8, :8] = 2.0
    found = integrated_gradients(model, pixels, _Corner())
    assert found.sum() == pytest.approx(2.0 - (-1.5), rel=1e-3)


def test_a_prompt_counts_in_the_weights_as_it_counts_in_the_score() -> None:
    """By hand: prompts of one side are pooled by their best match, and so are their weights."""
    predictor, both = _predictor(), ["left pleural effusion", "rib fracture"]
    model = predictor.model
    images = Images(model, torch.randn(2, 1, 64, 64))
    alone = [attribution_maps("lrclr", predictor, images, [text]) for text in both]
    with torch.no_grad():
        local = model.read(images.read("encoding"), predictor.encode_texts(both)).local
    share = (model.config.gamma * local).softmax(dim=1).numpy()[..., None, None]  # (B, P, 1, 1)
    expected = share[:, 0] * alone[0] + share[:, 1] * alone[1]
    found = attribution_maps("lrclr", predictor, images, both)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["similarity"])
def test_every_prompt_counts_in_a_map(name: str) -> None:
    predictor, both = _predictor(), ["left pleural effusion", "rib fracture"]
    images = Images(predictor.model, torch.randn(2, 1, 64, 64))
    alone = [attribution_maps(name, predictor, images, [text]) for text in both]
    assert not np.allclose(*alone)
    found = attribution_maps(name, predictor, images, both)
    np.testing.assert_allclose(found, np.mean(alone, axis=0), atol=1e-5)
    turned = attribution_maps(name, predictor, images, both[::-1])
    np.testing.assert_allclose(turned, found, atol=1e-5)


def test_dropped_patches_weigh_nothing() -> None:
    predictor = _predictor()
    images = Images(predictor.model, torch.randn(2, 1, 64, 64))
    found = attribution_maps("lrclr", predictor, images, TEXTS)
    assert ((found > 0).sum(axis=(1, 2)) == 4).all()
    with torch.no_grad():
        texts = predictor.encode_texts(TEXTS)
        nowhere = predictor.model.read(images.read("encoding"), texts).nowhere
    np.testing.assert_allclose(found.sum(axis=(1, 2)) + nowhere[:, 0].numpy(), 1, rtol=1e-5)


def test_controls_of_the_weights_have_nothing_trained() -> None:
    """Best cosines: the model without fusion. Untrained: the same whatever the fusion learned."""
    predictor = _predictor()
    images = Images(predictor.model, torch.randn(2, 1, 64, 64))
    before = {name: attribution_maps(name, predictor, images, TEXTS)
              for name in ("lrclr", "cosine-topk", "fusion-untrained")}  # fmt: skip
    with torch.no_grad():
        for parameter in predictor.model.fusion.parameters():
            parameter.add_(torch.randn_like(parameter))
    after = {name: attribution_maps(name, predictor, images, TEXTS) for name in before}
    assert not np.allclose(before["lrclr"], after["lrclr"], atol=1e-4)
    for name in ("cosine-topk", "fusion-untrained"):
        np.testing.assert_array_equal(before[name], after[name])
    plain = LRCLR(predictor.model.backbone, replace(predictor.model.config, fusion="none"))
    plain.load_state_dict(predictor.model.state_dict(), strict=False)
    alone = attribution_maps("lrclr", Predictor(plain.eval(), "plain"), images, TEXTS)
    np.testing.assert_allclose(before["cosine-topk"], alone, atol=1e-5)


def test_random_is_seeded_and_unknown_methods_are_named() -> None:
    predictor, image = _predictor(), _image()
    first, again = (attribute("random", predictor, image, TEXTS, seed=1) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, attribute("random", predictor, image, TEXTS, seed=2))
    with pytest.raises(ExplorerError, match="gradcam"):
        attribute("no-such", predictor, image, TEXTS)


def test_rollout_of_a_tower_with_one_block_is_a_sentence():
    config = CompactConfig(image_size=64, width=32, depth=1, heads=2, text_depth=1, embed_dim=32)
    predictor = Predictor(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), "small")
    with pytest.raises(ExplorerError, match="a single block"):
        attribute("rollout", predictor, np.zeros((64, 64), np.float32), ["effusion"])
