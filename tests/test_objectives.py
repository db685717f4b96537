"""What a step minimises, against the terms written out."""

import pytest
import torch
from tiny_model import tiny_model
from torch.nn import functional as F

from core.training.objectives import Batch, lrclr_losses
from core.training.settings import Weights

TEXTS = ["left effusion", "small opacity", "rib fracture", "clear lungs"]
TRUTH = torch.tensor([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0]])
PRESENT = torch.tensor([True, True, True, False])


def test_the_match_is_trained_on_what_is_known_and_no_true_text_is_a_wrong_one() -> None:
    """By hand: every true pair has target 1, every false one 0, and an unknown one no part."""
    model = tiny_model()
    truth = TRUTH.clone()
    truth[0, 0] = torch.nan
    with torch.no_grad():
        images = model.encode_image(torch.rand(2, 1, 32, 32))
        texts = model.encode_text(TEXTS)
        logits = model.read(images, texts).match
        losses = F.binary_cross_entropy_with_logits(logits, TRUTH, reduction="none")
        losses[0, 0] = 0
        batch = Batch(torch.empty(2), TEXTS, truth, PRESENT)
        terms = lrclr_losses(model, images, texts, batch, Weights(0.0, 0.0, 2.0))
    assert terms.keys() == {"match"}
    assert terms["match"].item() == pytest.approx(2 * losses.sum().item() / 2, rel=1e-5)


def test_only_a_true_text_that_says_something_is_there_has_a_place() -> None:
    """By hand: the weight on no region is to be 0 there, 1 at any other known pair."""
    model = tiny_model()
    with torch.no_grad():
        images = model.encode_image(torch.rand(2, 1, 32, 32))
        texts = model.encode_text(TEXTS)
        nowhere = model.read(images, texts).nowhere
        somewhere = TRUTH * PRESENT
        batch = Batch(torch.empty(2), TEXTS, TRUTH, PRESENT)
        terms = lrclr_losses(model, images, texts, batch, Weights(0.0, 0.0, 0.0, nowhere=1.0))
        losses = -torch.where(somewhere == 1, torch.log1p(-nowhere), nowhere.log())
        counts = torch.stack([(somewhere == value).sum(dim=0) for value in (0, 1)]).clamp(min=1)
        weight = torch.where(somewhere == 1, 1 / counts[1], 1 / counts[0])
    assert terms.keys() == {"nowhere"}
    expected = (losses * weight).sum().item() / TRUTH.numel()  # two images: weights 2 / 2 / count
    assert terms["nowhere"].item() == pytest.approx(expected, rel=1e-4)


def test_the_global_term_is_the_cosine_scaled_and_shifted() -> None:
    model = tiny_model()
    with torch.no_grad():
        images, texts = model.encode_image(torch.rand(2, 1, 32, 32)), model.encode_text(TEXTS)
        batch = Batch(torch.empty(2), TEXTS, TRUTH, PRESENT)
        terms = {
            form: lrclr_losses(model, images, texts, batch,
                               Weights(3.0, 0.0, 0.0, form))["global"]
            for form in ("sigmoid", "infonce")
        }  # fmt: skip
        features = (F.normalize(images.image_features, dim=1),
                    F.normalize(texts.text_features, dim=1))  # fmt: skip
        logits = model.backbone.logit_scale.exp() * features[0] @ features[1].T
        true = TRUTH
        shifted = logits + model.global_bias
        pairs = -(true * F.logsigmoid(shifted) + (1 - true) * F.logsigmoid(-shifted))
        rows, columns = logits.log_softmax(dim=1), logits.log_softmax(dim=0)
        by_image = -(true * rows).sum(dim=1) / true.sum(dim=1)
        by_text = -(true * columns).sum(dim=0) / true.sum(dim=0)
    assert terms["sigmoid"].item() == pytest.approx(3 * pairs.sum().item() / 2, rel=1e-5)
    infonce = (by_image.mean() + by_text.mean()).item() / 2
    assert terms["infonce"].item() == pytest.approx(3 * infonce, rel=1e-5)
