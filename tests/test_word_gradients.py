"""Slopes along words: against finite differences, which fade the words in a copy of the model."""

import zlib
from copy import deepcopy

import numpy as np
import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.errors import ExplorerError
from core.inference.predictor import Predictor, load_predictor
from core.inference.prompts import PromptSet, against_negation
from core.inference.word_gradients import STEPS, word_gradients
from core.specs import open_studies


@pytest.mark.parametrize("score", ["lrclr", "global", "local"])
def test_a_slope_is_that_of_the_word_s_own_vector(score: str) -> None:
    predictor = Predictor(tiny_model(), "tiny")
    image = predictor.encode_row(TinySet(2), 1)
    told = word_gradients(predictor, image, "The left effusion.", score)
    assert [one.word for one in told.words] == ["The", "left", "effusion"]
    assert [one.neutral for one in told.words] == [True, False, False]
    for one in told.words:
        steps = [
            _score(predictor, image, "The left effusion.", score, one.word, share, more)
            for share in (np.arange(STEPS) + 0.5) / STEPS for more in (0.01, -0.01)
        ]  # fmt: skip
        slope = (sum(steps[::2]) - sum(steps[1::2])) / 0.02 / STEPS
        assert one.slope == pytest.approx(slope, rel=0.02, abs=5e-4)
    assert told.chance >= max(abs(one.slope) for one in told.added) > 0
    with pytest.raises(ExplorerError, match="single word"):
        word_gradients(predictor, image, "effusion.")


def _score(
    predictor: Predictor, image: object, text: str, score: str, word: str, share: float, more: float
) -> float:
    """With all vectors a share of the way from their mean, and a word's a bit more."""
    model = deepcopy(predictor.model)
    table = model.backbone.words.weight
    with torch.no_grad():
        way = table - table.mean(dim=0)
        table += (share - 1) * way
        number = zlib.crc32(word.encode()) % 256 + 1
        table[number] += more * way[number]
    prompts = PromptSet({"x": against_negation([text])})
    told = Predictor(model, "tiny").score(image, prompts)  # type: ignore[arg-type]
    return float(told[score][0, 0])


def test_the_demo_s_slopes_come_through_its_frozen_words_and_change_nothing() -> None:
    predictor, studies = load_predictor("demo"), open_studies("phantom:n=6,seed=4,size=64")
    image = predictor.encode_row(studies, 1)
    text = "left pleural effusion"
    prompts = PromptSet({"x": against_negation([text])})
    before = predictor.score(image, prompts)["lrclr"][0, 0]
    told = word_gradients(predictor, image, text)
    assert [one.word for one in told.words] == ["left", "pleural", "effusion"]
    assert all(one.slope != 0 for one in (*told.words, *told.added))
    assert predictor.score(image, prompts)["lrclr"][0, 0] == before
    texts = prompts.all_texts()
    anew = predictor.model.encode_text(texts, anew=True)
    kept = predictor.encode_texts(texts)
    assert anew.pieces == kept.pieces and (anew.mask == kept.mask).all()
    # Remembered in half precision.
    assert torch.allclose(anew.text_features, kept.text_features, atol=2e-3)
    assert not predictor.model.backbone.cls_token.grad  # nothing is left on the shared model
