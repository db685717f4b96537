"""The frozen stem: the packaged weights in their places, never trained, kept output the same."""

import torch

from core.backbones.compact import CompactBackbone
from core.backbones.lite_stem import CHANNELS, LiteStem, _weights_file
from core.specs import open_studies
from core.training.inputs import prepared


def test_every_packaged_weight_of_the_first_stages_is_in_its_place() -> None:
    """Both layouts list layers in the order of the forward pass."""
    stem = LiteStem()
    stem.load_imagenet()
    source = [
        value
        for name, value in torch.load(_weights_file(), weights_only=True).items()
        if name.startswith(("_conv_stem", "_bn0"))
        or (name.startswith("_blocks.") and int(name.split(".")[1]) < 11)
    ]
    held = list(stem.state_dict().values())
    assert len(held) == len(source)
    for ours, theirs in zip(held, source, strict=True):
        assert torch.allclose(ours.double(), theirs.double(), rtol=1e-3, atol=1e-6)


def test_it_never_trains_and_lets_gradients_through() -> None:
    stem = LiteStem().train()
    assert not any(module.training for module in stem.modules())
    pixels = torch.randn(2, 1, 64, 64, requires_grad=True)
    before = {name: value.clone() for name, value in stem.state_dict().items()}
    maps = stem(pixels)
    assert maps.shape == (2, CHANNELS, 4, 4)
    maps.square().sum().backward()
    assert pixels.grad is not None and pixels.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in stem.parameters())
    assert all(torch.equal(before[name], value) for name, value in stem.state_dict().items())


def test_kept_output_stands_for_the_pixels() -> None:
    torch.manual_seed(0)
    backbone = CompactBackbone().eval()
    backbone.stem.load_imagenet()
    studies = open_studies("phantom:n=3,seed=5")
    kept = prepared(studies, backbone)[:].float()
    pixels = prepared(studies, backbone, as_pixels=True)[:].float()
    backbone.centre(pixels, ["clear lungs"])
    with torch.no_grad():
        ours, expected = (backbone.image_tokens(inputs).tokens for inputs in (kept, pixels))
    assert kept.shape == (3, CHANNELS, 14, 14)
    assert torch.allclose(ours, expected, atol=0.02)  # kept in half precision
