"""What single texts say of a set: the same as all at once, and each text read once."""

import numpy as np
import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.inference import text_scores
from core.inference.lanes import Lanes
from core.inference.predictor import Predictor
from core.inference.prompt_shares import prompt_shares
from core.inference.prompts import FindingPrompts, PromptSet
from core.inference.text_scores import SetTexts
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR

PROMPTS = PromptSet({
    "Edema": FindingPrompts(("pulmonary edema", "wet lungs"), ("no edema",)),
    "Fracture": FindingPrompts(("rib fracture",), ("no fracture", "no edema")),
})  # fmt: skip


@pytest.fixture(params=[None, 2], ids=["alone", "in lanes"])
def predictor(request: pytest.FixtureRequest) -> Predictor:
    return Predictor(tiny_model(), "tiny", lanes=request.param and Lanes(request.param))


@pytest.fixture
def images(predictor: Predictor) -> ImageEncoding:
    return predictor.encode_set(TinySet(40))


def test_scores_and_shares_are_those_of_all_texts_at_once(
    predictor: Predictor, images: ImageEncoding
) -> None:
    kept = SetTexts()
    expected, told = predictor.score(images, PROMPTS), kept.scores(predictor, images, PROMPTS)
    assert told.keys() == expected.keys()
    for name, scores in expected.items():
        assert told[name].shape == (40, 2)
        np.testing.assert_allclose(told[name], scores, atol=1e-5)
    side = PROMPTS["Edema"].positive
    one = images.rows(slice(7, 8))
    expected_shares = prompt_shares(predictor.model, one, predictor.encode_texts(list(side)))
    for told_share, share in zip(
        kept.shares(predictor, images, 7, side), expected_shares, strict=True
    ):
        assert told_share.text == share.text
        assert told_share.share == pytest.approx(share.share, abs=1e-5)
        assert told_share.local_score == pytest.approx(share.local_score, abs=1e-5)
        assert told_share.global_score == pytest.approx(share.global_score, abs=1e-5)


def test_an_edit_reads_one_text(
    predictor: Predictor, images: ImageEncoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, read = SetTexts(), []
    plain = text_scores.read_films

    def counted(model: LRCLR, images: ImageEncoding, texts: TextEncoding) -> object:
        read.append(texts.texts)
        return plain(model, images, texts)

    monkeypatch.setattr(text_scores, "read_films", counted)
    kept.scores(predictor, images, PROMPTS)
    assert sorted(text for texts in read for text in texts) == sorted(PROMPTS.all_texts())
    read.clear()
    edited = FindingPrompts(("pulmonary edema", "kerley lines"), ("no edema",))
    kept.scores(predictor, images, PROMPTS.with_finding("Edema", edited))
    kept.shares(predictor, images, 3, edited.positive)
    assert read == [("kerley lines",)]


def test_a_kept_text_holds_no_more_than_its_own_numbers(
    predictor: Predictor, images: ImageEncoding
) -> None:
    texts = predictor.encode_texts(PROMPTS.all_texts())
    for one in text_scores.read_films(predictor.model, images, texts):
        for tensor in vars(one).values():
            assert isinstance(tensor, torch.Tensor)
            assert tensor.untyped_storage().nbytes() == tensor.nbytes  # no view of the batch
