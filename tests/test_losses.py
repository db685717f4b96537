"""The losses against numbers worked out by hand, and the false negatives they must not punish."""

import math

import pytest
import torch
from torch.nn import functional as F

from core.lrclr.losses import (
    balanced_loss,
    contrastive_loss,
    filip_pool,
    gloria_pool,
    lse_pool,
    sigmoid_loss,
)


def test_sigmoid_loss_by_hand() -> None:
    logits = torch.tensor([[2.0, -1.0]])
    positive = torch.tensor([[True, False]])
    expected = math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))
    assert sigmoid_loss(logits, positive).item() == pytest.approx(expected, abs=1e-6)


def test_contrastive_loss_of_a_diagonal_is_symmetric_infonce() -> None:
    logits = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    target = torch.arange(4)
    expected = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    found = contrastive_loss(logits, torch.eye(4).bool())
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_shared_sentence_is_no_negative_of_either_image() -> None:
    """Two images whose reports say the same: with the shared positive the optimum is not lost."""
    logits = torch.tensor([[5.0, -5.0], [5.0, -5.0]])
    shared = torch.tensor([[True, False], [True, False]])
    alone = torch.eye(2).bool()
    assert contrastive_loss(logits, shared) < contrastive_loss(logits, alone)
    assert sigmoid_loss(logits, shared) < sigmoid_loss(logits, alone)


def test_the_target_mass_is_shared_among_positives() -> None:
    """Two true texts of one image: the mean of their cross-entropies, not the sum."""
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    positive = torch.tensor([[True, True, False], [False, False, True]])
    total = math.log(math.exp(2) + math.exp(1) + 1)
    first = ((total - 2) + (total - 1)) / 2
    second = math.log(1 + math.exp(1) + math.exp(3)) - 3
    columns = [math.log(1 + math.exp(-2)), math.log(2.0), math.log(1 + math.exp(-3))]
    expected = ((first + second) / 2 + sum(columns) / 3) / 2
    assert contrastive_loss(logits, positive).item() == pytest.approx(expected, abs=1e-6)
    assert contrastive_loss(logits.T, positive.T).item() == pytest.approx(expected, abs=1e-6)


def test_text_without_an_image_does_not_count() -> None:
    loss = contrastive_loss(torch.zeros(2, 3), torch.eye(2, 3).bool())
    assert loss.item() == pytest.approx((math.log(3) + math.log(2)) / 2, abs=1e-6)


def test_lse_pool_lies_between_mean_and_maximum() -> None:
    similarity = torch.tensor([[0.1, 0.9, 0.2]])
    assert lse_pool(similarity, 1e-3).item() == pytest.approx(0.4, abs=1e-3)
    assert lse_pool(similarity, 1e3).item() == pytest.approx(0.9, abs=2e-3)


def test_gloria_pool_by_hand() -> None:
    """One word that equals one of two orthogonal regions."""
    regions = torch.eye(2)[None]  # (1, 2, 2)
    words = torch.tensor([[[1.0, 0.0], [9.0, 9.0]]])  # the second is padding
    mask = torch.tensor([[True, False]])
    gamma = 4.0
    alpha = math.exp(gamma) / (math.exp(gamma) + 1)
    expected = alpha / math.hypot(alpha, 1 - alpha)
    assert gloria_pool(regions, words, mask, gamma).item() == pytest.approx(expected, abs=1e-6)


def test_filip_pool_by_hand_ignores_padding() -> None:
    regions = torch.eye(2)[None]
    words = torch.tensor([[[1.0, 0.0], [0.6, 0.8], [5.0, 5.0]]])
    mask = torch.tensor([[True, True, False]])
    assert filip_pool(regions, words, mask).item() == pytest.approx((1.0 + 0.8) / 2, abs=1e-6)


def test_a_text_weighs_what_it_is_true_and_false_of_the_same() -> None:
    """By hand: 1 true and 3 false images, weights 2 and 2/3; the unknown one does not count."""
    logits = torch.tensor([[1.0], [0.0], [-1.0], [2.0], [9.0]])
    truth = torch.tensor([[1.0], [0.0], [0.0], [0.0], [torch.nan]])
    false = sum(math.log1p(math.exp(value)) for value in (0.0, -1.0, 2.0))
    expected = (2 * math.log1p(math.exp(-1.0)) + 2 / 3 * false) / 4
    assert balanced_loss(logits, truth).item() == pytest.approx(expected, abs=1e-6)


def test_an_unknown_pair_has_no_gradient() -> None:
    for loss in (balanced_loss, sigmoid_loss):
        logits = torch.zeros(2, 2, requires_grad=True)
        loss(logits, torch.tensor([[1.0, torch.nan], [0.0, torch.nan]])).backward()
        assert (logits.grad[:, 0] != 0).all() and (logits.grad[:, 1] == 0).all()
