"""What a region's feature may know of the rest of the image, kind by kind."""


import pytest
import torch
from tiny_model import tiny_model

from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.lrclr.config import REGION_FEATURES, LRCLRConfig
from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR
from core.training.objectives import Batch, lrclr_losses
from core.training.settings import Weights

REACH = {"local": 0, "conv": 1, "window": 1}
"""Patches of the 4 x 4 grid, in each direction, that a feature may see."""


def _changes(kind: str) -> torch.Tensor:
    """How far each patch's feature moves when the corner patch of an image changes, (4, 4)."""
    model = tiny_model(region_features=kind)
    if kind == "conv":  # zero at first
        torch.nn.init.normal_(model.neighbourhood.weight)
    pixels = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    changed = pixels.clone()
    changed[:, :, :8, :8] += 1
    with torch.no_grad():
        before, after = (model.encode_image(given).patch_features for given in (pixels, changed))
    return (before - after).norm(dim=-1).view(4, 4)


@pytest.mark.parametrize("kind", list(REGION_FEATURES))
def test_features_see_as_far_as_they_say(kind: str) -> None:
    moved = _changes(kind)
    assert moved[0, 0] > 1e-3
    if kind in REACH:
        reach = REACH[kind]
        far = moved.clone()
        far[: reach + 1, : reach + 1] = 0
        assert far.max() < 1e-6
        assert moved[reach, reach] > 1e-3
    else:
        assert moved[3, 3] > 1e-4


@pytest.mark.parametrize("kind", ["tiny", "compact"])
def test_values_are_not_mixed_by_attention(kind: str) -> None:
    """A token entering the last block moves its own value feature, and no other's."""
    torch.manual_seed(0)
    small = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
    backbone = tiny_model().backbone if kind == "tiny" else CompactBackbone(small).eval()
    tokens = torch.randn(1, 17, 16)
    changed = tokens.clone()
    changed[:, 5] = torch.randn(16)
    with torch.no_grad():
        moved = (backbone.value_path(changed) - backbone.value_path(tokens)).norm(dim=-1)[0]
        block = backbone.blocks[-1]
        width = tokens.shape[-1]
        value = block.qkv(block.norm1(tokens))[..., 2 * width :]
        expected = backbone.project(block.out(value))
    assert moved[5] > 1e-3 and moved[torch.arange(17) != 5].max() == 0
    torch.testing.assert_close(backbone.value_path(tokens), expected)


def test_an_untrained_neighbourhood_changes_nothing() -> None:
    pixels = torch.rand(2, 1, 32, 32)
    plain, conv = tiny_model(), tiny_model(region_features="conv")
    conv.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        found = [model.encode_image(pixels).patch_features for model in (plain, conv)]
    assert torch.equal(*found)


@pytest.mark.parametrize("kind", ["early", "value", "last"])
def test_patches_that_dropout_left_out_have_no_feature(kind: str) -> None:
    torch.manual_seed(0)
    small = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
    model = LRCLR(CompactBackbone(small), LRCLRConfig(fusion_heads=2, region_features=kind))
    found = model.encode_image(torch.randn(3, 1, 64, 64), keep=0.5).patch_features
    norms = found.norm(dim=-1)  # (3, 16)
    assert found.shape == (3, 16, 16)
    assert ((norms > 0.99) | (norms == 0)).all() and (norms == 0).sum(dim=1).tolist() == [8] * 3


def test_scorers_that_rank_every_patch_refuse_dropout() -> None:
    with pytest.raises(ExplorerError, match="keep to 1"):
        tiny_model(scorer="product").encode_image(torch.zeros(1, 1, 32, 32), keep=0.5)


def test_the_penalty_is_the_weight_left_on_blanked_patches() -> None:
    """By hand: four equal patches share the weight; one that answers alone takes nearly all."""
    model = tiny_model(gamma=50.0)
    texts = model.encode_text(["clear lungs", "an opacity"])
    equal = texts.text_features[:1, None].expand(1, 4, -1)
    alone = torch.cat([-equal[:, :3], equal[:, 3:]], dim=1)
    batch = Batch(torch.zeros(1), ["clear lungs", "an opacity"],
                  torch.tensor([[1.0, 0.0]]), torch.tensor([False, True]),
                  torch.tensor([[False, False, False, True]]))  # fmt: skip
    weights = Weights(global_=0.0, local=0.0, match=0.0, nowhere=0.0, blank=2.0)

    def penalty(features: torch.Tensor) -> float:
        images = ImageEncoding(features[:, 0], features, None, (2, 2))
        found = lrclr_losses(model, images, texts, batch, weights)
        assert list(found) == ["blank"]
        return found["blank"].item()

    assert penalty(equal) == pytest.approx(2 * 0.25)
    assert penalty(alone) == pytest.approx(2.0, abs=1e-4)
