"""What a step minimises, against the terms written out."""

import pytest
import torch
from tiny_model import tiny_model
from torch.nn import functional as F

from core.training.objectives import Batch, lrclr_losses
from core.training.settings import Weights

TEXTS = ["left effusion", "small opacity", "rib fracture", "clear lungs"]
POSITIVE = torch.tensor([[True, True, False, True], [False, True, True, True]])


def test_no_sentence_of_the_own_report_is_a_wrong_text() -> None:
    """Each image has three true sentences and one wrong one, which is drawn whatever the seed."""
    model = tiny_model()
    with torch.no_grad():
        images = model.encode_image(torch.rand(2, 1, 32, 32))
        texts = model.encode_text(TEXTS)
        rows = torch.tensor([0, 1, 0, 1])
        columns = torch.tensor([0, 2, 2, 0])  # own, own, wrong, wrong
        logits = model.fuse(images.rows(rows), texts.rows(columns)).match_logit
        expected = F.binary_cross_entropy_with_logits(logits, torch.tensor([1.0, 1.0, 0.0, 0.0]))
        batch = Batch(torch.empty(2), TEXTS, POSITIVE, own=torch.tensor([0, 2]))
        for seed in range(12):
            generator = torch.Generator().manual_seed(seed)
            weights = Weights(global_=0.0, local=0.0, match=2.0)
            terms = lrclr_losses(model, images, texts, batch, weights, generator)
            assert terms.keys() == {"match"}
            assert terms["match"].item() == pytest.approx(2 * expected.item(), abs=1e-5)


def test_the_global_term_is_the_cosine_scaled_and_shifted() -> None:
    model = tiny_model()
    with torch.no_grad():
        images, texts = model.encode_image(torch.rand(2, 1, 32, 32)), model.encode_text(TEXTS)
        batch = Batch(torch.empty(2), TEXTS, POSITIVE, own=torch.tensor([0, 2]))
        terms = {
            form: lrclr_losses(model, images, texts, batch, Weights(3.0, 0.0, 0.0, form),
                               torch.Generator())["global"]
            for form in ("sigmoid", "infonce")
        }  # fmt: skip
        features = (F.normalize(images.image_features, dim=1),
                    F.normalize(texts.text_features, dim=1))  # fmt: skip
        logits = model.backbone.logit_scale.exp() * features[0] @ features[1].T
        true = POSITIVE.float()
        shifted = logits + model.global_bias
        pairs = -(true * F.logsigmoid(shifted) + (1 - true) * F.logsigmoid(-shifted))
        rows, columns = logits.log_softmax(dim=1), logits.log_softmax(dim=0)
        by_image = -(true * rows).sum(dim=1) / true.sum(dim=1)
        by_text = -(true * columns).sum(dim=0) / true.sum(dim=0)
    assert terms["sigmoid"].item() == pytest.approx(3 * pairs.sum().item() / 2, rel=1e-5)
    infonce = (by_image.mean() + by_text.mean()).item() / 2
    assert terms["infonce"].item() == pytest.approx(3 * infonce, rel=1e-5)
