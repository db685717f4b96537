"""Augmentation of images: what changes, what stays, and that a draw can be made again."""

import torch

from core.training.augment import change_sharpness, resize


def _edges(images: torch.Tensor) -> torch.Tensor:
    """Mean absolute step between neighbours, (B,)."""
    return images.diff(dim=-1).abs().mean(dim=(1, 2, 3))


def test_sharpness_goes_both_ways_and_keeps_size_and_brightness() -> None:
    images = torch.rand(60, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    changed = change_sharpness(images, torch.Generator().manual_seed(1), 1.0)
    ratio = _edges(changed) / _edges(images)
    assert changed.shape == images.shape
    assert (ratio < 0.9).sum() > 20 and (ratio > 1.1).sum() > 8
    assert torch.allclose(changed.mean(dim=(1, 2, 3)), images.mean(dim=(1, 2, 3)), atol=0.05)


def test_a_share_is_changed_and_the_same_seed_changes_the_same() -> None:
    images = torch.rand(200, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    changed = change_sharpness(images, torch.Generator().manual_seed(2), 0.4)
    again = change_sharpness(images, torch.Generator().manual_seed(2), 0.4)
    assert torch.equal(changed, again)
    moved = (changed != images).flatten(1).any(dim=1).float().mean().item()
    assert 0.25 < moved < 0.55
    none = change_sharpness(images, torch.Generator().manual_seed(2), 0.0)
    assert torch.equal(none, images)


def test_shrinking_does_not_alias() -> None:
    """A checkerboard of single pixels is grey at half its size."""
    board = (torch.arange(32)[:, None] + torch.arange(32)[None]).remainder(2).float()
    small = resize(board[None, None], 16)
    assert torch.allclose(small, torch.full_like(small, 0.5), atol=0.05)
