"""The Grad-CAM family: equal to pytorch-grad-cam's own on the same layer, and searched on a set."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from tiny_model import TinySet, tiny_model
from tiny_open_clip import tiny_native
from torch import Tensor, nn

from core.attribution import METHODS, attribution_maps, choose, method_of
from core.attribution.cam import VARIANTS
from core.attribution.gradcam import gradcam
from core.attribution.layer import Tape, layer_gradient, model_layers
from core.attribution.target import ZeroShotScore, zero_shot_score
from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.evaluation.map_search import joined, other_choices, search_family, search_others
from core.inference.images import Images
from core.inference.map_choice import Choice, MapSearch, explained_scores
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.inference.zero_shot import SCORES
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.metrics.bootstrap import Interval

SIDES = FindingPrompts(("left opacity", "haze"), ("clear lungs",))
PROMPTS = PromptSet({"Lung Opacity": SIDES})
THEIRS = {"gradcam": GradCAM, "gradcam++": GradCAMPlusPlus, "hirescam": HiResCAM,
          "layercam": LayerCAM}  # fmt: skip


def compact(**config: object) -> Predictor:
    torch.manual_seed(0)
    backbone = CompactBackbone(CompactConfig(image_size=64, width=16, heads=2, embed_dim=16))
    nn.init.normal_(backbone.position)  # places that differ, so that maps do, both ways
    given = {"k": 4, "fusion_heads": 2, "region_features": "conv", **config}
    model = LRCLR(backbone, LRCLRConfig(**given)).eval()  # type: ignore[arg-type]
    for parameter in model.parameters():  # convolutions and queries that start at zero say nothing
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return Predictor(model, "tiny")


def target(predictor: Predictor, score: str) -> ZeroShotScore:
    return zero_shot_score(score, SIDES, predictor.encode_texts)


LOUD = torch.tensor([50.0, -50.0, 50.0])
"""Scale of each film's score: Grad-CAM++ hangs on it by its guard, and a map on the sign."""


class Loud(ZeroShotScore):
    """The score of three films on that scale."""

    def __call__(self, *args):
        return LOUD * super().__call__(*args)


class Scores(nn.Module):
    """A model as pytorch-grad-cam takes it: pixels to class scores (B, 1)."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.model = predictor.model
        self.score = Loud("lrclr", target(predictor, "lrclr").sides, SIDES)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.score(self.model, self.model.encode_image(pixels))[:, None]


@pytest.mark.parametrize("layer", ["stem", "1", "2"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_maps_equal_pytorch_grad_cams_own(variant: str, layer: str) -> None:
    predictor = compact()
    backbone, pixels = predictor.model.backbone, torch.randn(3, 1, 64, 64)
    assert isinstance(backbone, CompactBackbone)
    backbone.stem.load_imagenet()
    place = "stem" if layer == "stem" else int(layer)
    module = backbone.stem if place == "stem" else backbone.blocks[int(layer) - 1]
    scored = Scores(predictor)

    def grid(tokens: Tensor) -> Tensor:
        if place == "stem":
            return tokens
        return tokens[:, 1:].transpose(1, 2).unflatten(2, backbone.grid)

    with THEIRS[variant](scored, [module], grid) as cam:
        # Of frozen weights their hooks see no gradient unless the pixels have one.
        theirs = cam(pixels.clone().requires_grad_(), [lambda out: out[0]] * 3)
        given = [kept[0] for kept in (cam.activations_and_grads.activations,
                                      cam.activations_and_grads.gradients)]  # fmt: skip
    read = layer_gradient(predictor.model, pixels, scored.score, place)
    for own, other in zip(read, given, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()))
    maps = VARIANTS[variant].maps(*given).numpy()
    assert maps.max() > 0
    # Grad-CAM++ divides by what may be close to zero: the last bits of a sum come out larger.
    close = 1e-3 if variant == "gradcam++" else 1e-5
    np.testing.assert_allclose(_scaled(maps), theirs, atol=close)
    ours = gradcam(predictor.model, pixels, scored.score, variant=variant, layer=place)
    np.testing.assert_allclose(_scaled(ours), theirs, atol=close)


def _scaled(maps: np.ndarray) -> np.ndarray:
    """Scaled to 0..1, brought to the pixels' size and scaled again, as theirs are."""
    return scale_cam_image(scale_cam_image(maps, (64, 64)))


@pytest.mark.parametrize("fusion", ["none", "reader", "stream"])
@pytest.mark.parametrize("block", [True, False])
def test_one_pass_gives_every_layer_and_score_what_a_pass_of_its_own_gives(fusion, block) -> None:
    predictor = compact(fusion=fusion, selection_block=block)
    model = predictor.model
    pixels, layers = torch.randn(2, 1, 64, 64), model_layers(model)
    assert layers == ["stem", "local", 0, 1, 2, 3]
    tape = Tape(model, pixels, layers)
    read = 0
    for score in explained_scores(model.config):
        with torch.enable_grad():
            values = target(predictor, score)(model, tape.images)
        for layer, slopes in tape.gradients(values, again=True).items():
            if not slopes.gradients.any():  # regions of a stem do not read the blocks
                assert score in ("local",) and isinstance(layer, int)
                continue
            alone = layer_gradient(model, pixels, target(predictor, score), layer)
            torch.testing.assert_close(slopes.activations, alone.activations)
            torch.testing.assert_close(slopes.gradients, alone.gradients, rtol=1e-4, atol=1e-7)
            read += 1
    assert read >= 4 * 6 + 2


@pytest.mark.parametrize("fusion", ["none", "reader", "stream"])
def test_a_score_that_is_explained_is_the_score_that_is_shown(fusion: str) -> None:
    predictor = compact(fusion=fusion, mix={"global": 1.0, "local": 0.5, "match": 0.2})
    pixels = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        images = predictor.model.encode_image(pixels)
        shown = predictor.score(images, PROMPTS)
        for score in SCORES:
            explained = target(predictor, score)(predictor.model, images)
            np.testing.assert_allclose(explained.numpy(), shown[score][:, 0], atol=1e-6)


def test_relevance_is_chefers_formula_written_out() -> None:
    predictor = compact(fusion="none")
    model, backbone = predictor.model, predictor.model.backbone
    pixels = torch.randn(1, 1, 64, 64)
    score = target(predictor, "global")
    (found,) = METHODS["relevance"].maps(model, pixels, score)
    tokens = backbone.image_tokens(pixels, entering=(0,)).entering[0][0]
    maps = []
    for block in [*backbone.blocks[:-1], model.selection_block]:
        tokens, weights = block.attend(tokens)
        maps.append(weights)
    joint = torch.nn.functional.normalize(backbone.project(tokens)[:, 0], dim=-1)
    cosine = joint @ score.sides.text_features.T
    gamma = model.config.gamma
    yes, no = (torch.logsumexp(gamma * side, 1) / gamma for side in cosine.split([2, 1], dim=1))
    slopes = torch.autograd.grad((yes - no).sum(), maps)
    gathered = torch.eye(17)
    for weights, slope in zip(maps, slopes, strict=True):
        gathered = gathered + (slope * weights)[0].clamp(min=0).mean(dim=0) @ gathered
    np.testing.assert_allclose(found, gathered[0, 1:].view(4, 4).detach(), rtol=1e-3, atol=1e-8)
    with pytest.raises(ExplorerError, match="does not use the attention"):
        METHODS["relevance"].maps(model, pixels, target(predictor, "local"))


def test_relevance_of_selected_patches_lies_on_their_places() -> None:
    predictor = compact(scorer="product", fusion="stream")
    pixels = torch.randn(2, 1, 64, 64)
    maps = METHODS["relevance"].maps(predictor.model, pixels, target(predictor, "lrclr"))
    assert maps.shape == (2, 4, 4) and (maps >= 0).all() and maps.max() > 0


def test_the_search_measures_what_a_method_alone_does_and_counts_its_passes() -> None:
    predictor, studies = compact(fusion="reader"), TinySet(12)
    search, cost = search_family(predictor, studies, PROMPTS, n_bootstrap=20)
    assert (search.cases, search.patients, search.data) == (6, 6, "tiny:12")
    assert (cost.forward, cost.backward) == (6 + 6, 6 * 5)  # the mix of five takes none
    layers = {choice.layer for choice in search.pointing if choice.method == "gradcam"}
    assert layers == set(model_layers(predictor.model))
    from core.evaluation.localize import localize

    asked = [c for c in search.pointing if c.layer in ("local", 2) or c.method == "lrclr"]
    report = localize(predictor, studies, [str(c) for c in asked], PROMPTS, n_bootstrap=20)
    for choice in asked:
        figure = report.methods[str(choice)]["pointing_game"]
        assert figure == pytest.approx(search.pointing[choice], abs=1e-9), choice
    assert len(asked) > 30 and len({f.value for f in search.pointing.values()}) > 2


@pytest.mark.parametrize("added", [True, False])
def test_clip_towers_are_searched_too(added: bool) -> None:
    config = LRCLRConfig(added_layers=added, k=4, fusion_heads=2, selection_block=False)
    model = LRCLR(tiny_native(), config)
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    predictor = Predictor(model, "clip")
    search, _ = search_family(predictor, TinySet(6), PROMPTS, n_bootstrap=5)
    read = {(c.score, c.layer) for c in search.pointing if c.method == "gradcam"}
    assert read >= {(score, layer) for score in ("pair", "local", "lrclr") for layer in (0, 1, 2)}
    # Regions are made of the value path, which the global score does not read.
    assert [s for s, layer in read if layer == "local" and s in ("local", "pair")] == (
        ["local"] if added else []
    )
    images = Images(model, torch.randn(2, 3, 64, 64))
    assert attribution_maps("relevance:global", predictor, images, ["haze"]).max() > 0
    assert str(choose("gradcam", predictor)) == "gradcam:layercam:0:lrclr"


def test_other_methods_are_searched_on_the_first_films() -> None:
    predictor = Predictor(tiny_model(fusion="none"), "tiny")
    found = search_others(predictor, TinySet(12), 2, PROMPTS, n_bootstrap=5)
    assert found.cases == 2
    assert set(found.pointing) == set(other_choices(predictor)) - {Choice("relevance", "local")}
    family, _ = search_family(predictor, TinySet(12), PROMPTS, n_bootstrap=5)
    both = joined(family, found)
    assert both.cases == 6 and len(both.pointing) == len(family.pointing) + len(found.pointing)
    assert MapSearch.from_json(both.to_json()).pointing.keys() == both.pointing.keys()


def _kept() -> MapSearch:
    told = {"gradcam:hirescam:1:global": 0.4, "gradcam:layercam:2:lrclr": 0.3, "rollout": 0.2,
            "occlusion:pair": 0.35, "occlusion:lrclr": 0.1}  # fmt: skip
    return MapSearch("tiny:12", 6, 6, {Choice.parse(k): Interval(v, v, v) for k, v in told.items()})


def test_what_is_left_open_is_what_was_stored_with_the_model() -> None:
    predictor = compact()
    assert str(choose("gradcam", predictor)) == "gradcam:layercam:local:lrclr"
    assert str(choose("occlusion", predictor)) == "occlusion:lrclr"
    assert str(choose("gradcam", Predictor(tiny_model(), "x"))) == "gradcam:layercam:0:lrclr"
    predictor.map_search = _kept()
    for asked, chosen in (
        ("gradcam", "gradcam:hirescam:1:global"), ("gradcam:lrclr", "gradcam:layercam:2:lrclr"),
        ("gradcam:local", "gradcam:layercam:local:local"), ("occlusion", "occlusion:pair"),
        ("occlusion:local", "occlusion:local"), ("relevance", "relevance:lrclr"),
        ("gradcam:gradcam++:stem:pair", "gradcam:gradcam++:stem:pair"), ("lrclr", "lrclr"),
    ):  # fmt: skip
        assert str(choose(asked, predictor)) == chosen
    images = Images(predictor.model, torch.randn(2, 1, 64, 64))
    told = [attribution_maps(name, predictor, images, ["haze"], negative=["clear"])
            for name in ("gradcam", "gradcam:hirescam:1:global", "gradcam:lrclr")]  # fmt: skip
    assert np.array_equal(told[0], told[1]) and not np.array_equal(told[0], told[2])
    other = attribution_maps("gradcam", predictor, images, ["haze"], negative=["dense"])
    assert not np.array_equal(told[0], other)  # what the score holds against it counts


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("gradcam:hirescam:stem", "is no map"), ("gradcam:hirescam:9x:pair", "layer '9x'"),
        ("gradcam:nocam:1:pair", "variant 'nocam'"), ("occlusion:sum", "score 'sum'"),
        ("lrclr:local", "explains no score"), ("nothing:local", "no method 'nothing'"),
        ("occlusion:a:b", "is no map"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_is_a_sentence(spec: str, said: str) -> None:
    with pytest.raises(ExplorerError, match=said):
        method_of(spec)


def test_a_layer_that_the_model_lacks_is_a_sentence() -> None:
    predictor = Predictor(tiny_model(), "tiny")
    images = Images(predictor.model, torch.randn(1, 1, 32, 32))
    for layer in ("3", "stem"):
        with pytest.raises(ExplorerError, match="blocks 0 to 2, and 'local'"):
            attribution_maps(f"gradcam:layercam:{layer}:pair", predictor, images, ["haze"])


def test_mixing_gradients_is_the_gradient_of_the_mix() -> None:
    """The mix takes no pass of its own in the search: weights and spreads are its slopes."""
    predictor = compact(
        fusion="reader", mix={"global": 1.0, "local": 2.0, "match": 0.5},
        spread={"global": 0.3, "local": 0.1, "match": 2.0},
    )  # fmt: skip
    search, _ = search_family(predictor, TinySet(12), PROMPTS, n_bootstrap=5)
    predictor.model.config = replace(predictor.model.config, mix={"global": 1.0})
    alone, _ = search_family(predictor, TinySet(12), PROMPTS, n_bootstrap=5)
    for choice, figure in alone.pointing.items():
        if choice.score == "lrclr":
            assert figure == alone.pointing[replace(choice, score="global")]
    assert search.pointing != alone.pointing
