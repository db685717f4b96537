"""A text without each of its words: every score against one that is asked for alone."""

import json

import pytest
from tiny_model import TinySet, tiny_model

from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet, against_negation
from core.inference.word_effects import ADDED, LONGEST, word_effects

SET = "phantom:n=6,seed=4,size=64"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(tiny_model(), "tiny")


def alone(predictor: Predictor, image: object, text: str, score: str = "lrclr") -> float:
    prompts = PromptSet({"x": against_negation([text])})
    return float(predictor.score(image, prompts)[score][0, 0])  # type: ignore[arg-type]


@pytest.mark.parametrize("score", ["lrclr", "global"])
def test_a_change_is_the_whole_less_the_rest(predictor: Predictor, score: str) -> None:
    image = predictor.encode_row(TinySet(2), 1)
    told = word_effects(predictor, image, "The left, small effusion.", score)
    rests = ["left, small effusion.", "The, small effusion.", "The left, effusion.",
             "The left, small."]  # fmt: skip
    whole = alone(predictor, image, "The left, small effusion.", score)
    assert told.value == pytest.approx(whole, abs=1e-5)
    assert [one.word for one in told.words] == ["The", "left", "small", "effusion"]
    assert [one.neutral for one in told.words] == [True, False, False, False]
    for one, rest in zip(told.words, rests, strict=True):
        assert told.text[one.start :].startswith(one.word)
        without = alone(predictor, image, rest, score)
        assert one.without == pytest.approx(without, abs=1e-5)
        assert one.change == pytest.approx(whole - without, abs=1e-5)
    for one, words in zip(told.added, ADDED, strict=True):
        longer = alone(predictor, image, f"{words} The left, small effusion.", score)
        assert one.change == pytest.approx(longer - whole, abs=1e-5) and one.neutral
    controls = [told.words[0], *told.added]
    assert told.chance == max(abs(one.change) for one in controls)


def test_one_word_or_too_many_are_refused(predictor: Predictor) -> None:
    image = predictor.encode_row(TinySet(2), 1)
    with pytest.raises(ExplorerError, match="single word"):
        word_effects(predictor, image, "effusion.")
    with pytest.raises(ExplorerError, match=f"shorten it to {LONGEST}"):
        word_effects(predictor, image, "ab " * 99)


def test_many_words_are_scored_in_parts(predictor: Predictor) -> None:
    image = predictor.encode_row(TinySet(2), 1)
    text = " ".join("abcdefghijklmnopqrstuvwxyz"[n % 26] for n in range(120))
    told = word_effects(predictor, image, text)
    assert len(told.words) == 120
    rest = " ".join(text.split()[:119])
    assert told.words[119].without == pytest.approx(alone(predictor, image, rest), abs=1e-5)


def test_the_command_prints_and_writes_them(run, tmp_path) -> None:
    path = tmp_path / "words.json"
    code, out, _ = run("score", "--data", SET, "--study", "test-4-00002", "--text",
                       "a left lung nodule", "--words", "--json", path)  # fmt: skip
    figures = json.loads(path.read_text())
    assert code == 0 and set(figures) == {"findings", "words"}
    told = figures["words"]
    assert told["value"] == pytest.approx(figures["findings"]["text"]["scores"]["lrclr"], abs=1e-4)
    assert [one["word"] for one in told["words"]] == ["a", "left", "lung", "nodule"]
    for one, steep in zip(told["words"], told["gradients"]["words"], strict=True):
        slope = f"{steep['slope']:+9.3f}"
        assert f"{one['without']:9.3f} {one['change']:+9.3f} {slope}  {one['word']}" in out
    assert "put before it: there is (control)" in out
    code, _, err = run("score", "--data", SET, "--study", "test-4-00002", "--words")
    assert code == 2 and "--text" in err
