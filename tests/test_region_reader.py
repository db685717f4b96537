"""Weights that are shown are weights that made the score: each part is on the path."""

import pytest
import torch
from tiny_model import tiny_model
from torch.nn import functional as F

from core.lrclr.config import LRCLRConfig
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR
from core.lrclr.region_reader import Read, RegionReader

WIDTH = 16


def _unit(*shape: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, WIDTH, generator=generator), dim=-1)


def _inputs(images: int = 2, texts: int = 3, regions: int = 5) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {
        "image": _unit(images, seed=0), "regions": _unit(images, texts, regions, seed=1),
        "centres": torch.rand(images, texts, regions, 2, generator=generator),
        "words": _unit(texts, 4, seed=2), "mask": torch.ones(texts, 4, dtype=torch.bool),
        "text": _unit(texts, seed=4),
    }  # fmt: skip


def _reader() -> RegionReader:
    torch.manual_seed(0)
    reader = RegionReader(WIDTH, queries=2, heads=2).eval()
    torch.nn.init.normal_(reader.query.weight, std=0.3)
    return reader


def test_local_score_is_the_sum_of_weighted_cosines_and_weights_are_whole() -> None:
    inputs = _inputs()
    read: Read = _reader()(**inputs)
    cosine = (inputs["regions"] * inputs["text"][:, None]).sum(dim=-1)
    assert torch.allclose(read.local, (read.weights * cosine).sum(dim=-1), atol=1e-6)
    assert torch.allclose(read.weights.sum(dim=-1) + read.nowhere, torch.ones(2, 3), atol=1e-6)
    assert (read.nowhere > 0).all()


def test_padding_and_company_change_nothing() -> None:
    """A pair reads the same alone as among others, and with padding behind its words."""
    reader, inputs = _reader(), _inputs()
    whole = reader(**inputs)
    inputs["words"] = F.pad(inputs["words"], (0, 0, 0, 2), value=7.0)
    inputs["mask"] = F.pad(inputs["mask"], (0, 2))
    alone = {
        "image": inputs["image"][1:], "regions": inputs["regions"][1:, 2:],
        "centres": inputs["centres"][1:, 2:], "words": inputs["words"][2:],
        "mask": inputs["mask"][2:], "text": inputs["text"][2:],
    }  # fmt: skip
    one = reader(**alone)
    for name in Read._fields:
        assert torch.allclose(getattr(one, name)[0, 0], getattr(whole, name)[1, 2], atol=1e-5)


def test_a_region_that_weighs_nothing_is_not_read() -> None:
    inputs = _inputs(1, 1)
    reader = _reader()
    with torch.no_grad():
        reader.log_beta.fill_(6.0)  # so sharp that the best cosine takes all the weight
        reader.query.weight.zero_()
    first = reader(**inputs)
    lightest = int(first.weights[0, 0].argmin())
    assert first.weights[0, 0, lightest] < 1e-6
    inputs["regions"] = inputs["regions"].clone()
    inputs["regions"][0, 0, lightest] = -inputs["text"][0]
    second = reader(**inputs)
    assert torch.allclose(first.match, second.match, atol=1e-4)


@pytest.mark.parametrize("texts", [3, 7])
def test_regions_that_all_texts_share_are_read_as_if_each_had_its_own(texts: int) -> None:
    """Of fewer texts than regions, and of more, whose values are then of the regions."""
    reader, inputs = _reader(), _inputs(texts=texts)
    shared = inputs["regions"][:, 0], inputs["centres"][:, 0]
    inputs["mask"][1, 2:] = False
    inputs["regions"], inputs["centres"] = (
        one[:, None].expand(-1, texts, *one.shape[1:]) for one in shared
    )
    whole = reader(**inputs)
    inputs["regions"], inputs["centres"] = shared
    for name, value in reader.read_shared(**inputs)._asdict().items():
        torch.testing.assert_close(value, getattr(whole, name), atol=1e-5, rtol=1e-5)


def _encodings(model: LRCLR) -> tuple[ImageEncoding, TextEncoding]:
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randn(3, 1, 32, 32, generator=generator)
    return model.encode_image(pixels), model.encode_text(["left effusion", "no effusion"])


@pytest.mark.parametrize("fusion", ["none", "reader", "stream"])
def test_scores_are_derived_from_the_weights_that_are_shown(fusion: str) -> None:
    """Patches that carry weight move the score, those that were not kept never do."""
    model = tiny_model(fusion=fusion)
    images, texts = _encodings(model)
    patches = images.patch_features.detach().requires_grad_()
    images = ImageEncoding(images.image_features.detach(), patches, None, images.grid)
    reading = model.read(images, texts)
    (gradient,) = torch.autograd.grad(reading.local[0, 0], patches)
    moved = gradient[0].norm(dim=-1)
    kept = set(reading.index[0, 0].tolist())
    assert {n for n in range(len(moved)) if moved[n] > 0} <= kept
    assert moved[reading.index[0, 0, reading.weights[0, 0].argmax()]] > 0


@pytest.mark.parametrize("fusion", ["reader", "stream"])
def test_noise_in_the_fusion_moves_the_scores(fusion: str) -> None:
    model = tiny_model(fusion=fusion)
    images, texts = _encodings(model)
    before = model.read(images, texts)
    torch.manual_seed(1)
    part = model.fusion if fusion == "reader" else model.stream
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.add_(torch.randn_like(parameter))
    after = model.read(images, texts)
    assert not torch.allclose(before.local, after.local, atol=1e-3)
    assert not torch.allclose(before.match, after.match, atol=1e-3)


@pytest.mark.parametrize("fusion", ["none", "reader", "stream"])
def test_fewer_regions_move_the_scores(fusion: str) -> None:
    model = tiny_model(fusion=fusion)
    images, texts = _encodings(model)
    few = LRCLR(model.backbone, LRCLRConfig(**{**model.config.to_dict(), "k": 1}))
    few.load_state_dict(model.state_dict())
    assert not torch.allclose(
        model.read(images, texts).local, few.eval().read(images, texts).local, atol=1e-4
    )


def test_without_fusion_the_weights_are_the_derivative_of_the_score() -> None:
    model = tiny_model(fusion="none")
    images, texts = _encodings(model)
    reading = model.read(images, texts)
    cosine = model.similarity(images, texts).detach()[0, 0, reading.index[0, 0]].requires_grad_()
    gamma = model.config.gamma
    (torch.logsumexp(gamma * cosine, dim=0) / gamma).backward()
    assert torch.allclose(cosine.grad, reading.weights[0, 0], atol=1e-6)
