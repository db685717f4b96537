"""Words beside regions: against the encodings themselves, and cut from the text as it stands."""

import numpy as np
import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.inference.film_words import film_words, unread_text, words_in
from core.inference.predictor import Predictor

TEXTS = ["left effusion", "no effusion at all", "heart"]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(tiny_model(), "tiny")


def test_a_cosine_is_that_of_a_word_s_feature_and_a_patch_s(predictor: Predictor) -> None:
    image = predictor.encode_row(TinySet(2), 1)
    words = film_words(predictor, image, TEXTS, (40, 48))
    encoded = predictor.encode_texts(TEXTS)
    for number, text in enumerate(words.texts):
        reading = predictor.model.read(image, predictor.encode_texts([text.text]))
        order = np.argsort(-reading.weights[0, 0].detach().numpy(), kind="stable")
        kept = reading.index[0, 0].numpy()[order]
        pieces = [piece for piece in text.pieces if piece.word is not None]
        assert [piece.text for piece in pieces] == text.text.split()
        for place, piece in enumerate(pieces):
            feature = torch.nn.functional.normalize(encoded.words[number, place], dim=-1)
            expected = (image.patch_features[0, kept] @ feature).numpy()
            np.testing.assert_allclose(words.cosine[piece.word, text.kept], expected, atol=1e-5)
        assert text.weights.sum() + text.nowhere == pytest.approx(1, abs=1e-5)
    columns = np.concatenate([text.kept for text in words.texts])
    assert words.cosine.shape == (7, len(words.boxes)) and {*columns} == {*range(len(words.boxes))}


def test_boxes_are_those_of_the_text_s_regions(predictor: Predictor) -> None:
    image = predictor.encode_row(TinySet(2), 1)
    words = film_words(predictor, image, TEXTS, (40, 48))
    for text in words.texts:
        alone = predictor.regions(image, [text.text], (40, 48))
        assert [words.boxes[number] for number in text.kept] == alone.boxes
        assert text.no_place == alone.no_place


def test_a_text_that_is_no_prompt_is_there_unread(predictor: Predictor) -> None:
    image = predictor.encode_row(TinySet(2), 1)
    long = "word " * 100
    words = film_words(predictor, image, [long, "heart"], (40, 48))
    assert words.texts[0].pieces[0].text == long and "shorten it" in words.texts[0].unread
    assert len(words.texts[0].kept) == 0 and words.texts[1].pieces[0].word == 0
    first = unread_text(words, "banana", "unknown").texts[0]
    assert (first.text, first.unread, len(first.kept)) == ("banana", "unknown", 0)
    none = film_words(predictor, image, [], (40, 48))
    assert none.texts == () and none.boxes == [] and none.cosine.shape == (0, 0)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("No Effusion.", ["no", "effusion", "."], ["No=0", "Effusion=1"]),
        ("lung, lung", ["lung", ",", "lung"], ["lung=0", "lung=2"]),
        ("Right-sided haze", ["right", "-", "sided"], ["Right=0", "sided=2", "haze=None"]),
        ("effusion.", ["effusion."], ["effusion=0"]),  # SentencePiece
        ("Interstitial oedema", ["interstitial", "edema"], ["Interstitial=0", "oedema=1"]),
        ("İki effusion", ["iki", "effusion"], ["İki=0", "effusion=1"]),
        ("", [], []),
    ],
)
def test_pieces_are_the_text_and_belong_to_the_word_that_reads_them(text, words, expected) -> None:
    pieces = words_in(text, words)
    assert "".join(piece for piece, _ in pieces) == text
    assert [f"{piece}={word}" for piece, word in pieces if piece.isalnum()] == expected
