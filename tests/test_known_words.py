""" "banana" has no score: texts off the topic are told from wordings of findings."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_model import TinyBackbone

from core.backbones import minilm
from core.backbones.compact import CompactBackbone
from core.errors import ExplorerError
from core.inference import known_words, sentence_vectors
from core.inference.known_words import (
    check_words,
    elsewhere_statements,
    known_statements,
    refuse_unknown,
)
from core.inference.prompts import default_prompts
from core.inference.sentence_vectors import STORE, store_vectors, stored_vectors
from core.specs import open_studies

HERE = Path(__file__).parent
SET = "phantom:n=8,seed=3,size=64"


@pytest.fixture(scope="module")
def compact() -> CompactBackbone:
    return CompactBackbone()


def off_topic() -> list[str]:
    kinds = json.loads((HERE / "off_topic.json").read_text()).values()
    texts = [text for kind in kinds for text in kind]
    return [text for text in texts if text != "???"]  # no prompt at all


def wordings() -> list[str]:
    table = json.loads((HERE / "wordings.json").read_text())["wordings"]
    return [pair[side] for pairs in table.values() for pair in pairs for side in pair]


def test_what_is_off_the_topic_is_not_known():
    known = [text for text in off_topic() if check_words(text).known]
    assert len(off_topic()) == 49 and len(known) <= 2, known


def test_wordings_of_another_author_are_known():
    unknown = [text for text in wordings() if not check_words(text).known]
    assert len(unknown) <= 0.03 * len(wordings()), unknown
    defaults = default_prompts().all_texts()
    assert [text for text in defaults if not check_words(text).known] == []


def test_statements_are_known_and_name_their_finding():
    table = known_statements()
    for text in list(table)[::40]:
        check = check_words(text)
        assert check.known and check.near > 0.99 and check.finding == table[text]
    assert check_words("Mild oedema of the lungs.").finding == "Edema"


@pytest.mark.parametrize(
    "text", ["a lump in the breast", "tumor of the pancreas", "mass in the liver", "broken toe"]
)
def test_other_parts_of_the_body_are_not_known_whatever_is_found_in_them(text):
    check = check_words(text)
    assert not check.known and check.elsewhere > check.near >= 0.35


def test_a_claim_that_the_reader_finds_is_known_though_no_statement_is_near(monkeypatch):
    said = "Dr Smith saw a pneumothorax here on Monday, and so did everybody else at lunch"
    monkeypatch.setattr(known_words, "NEAR", 0.99)
    known_words._check.cache_clear()
    assert check_words(said).near < 0.99 and check_words(said).known
    assert not check_words("everybody else was at lunch on Monday").known
    known_words._check.cache_clear()


@pytest.mark.parametrize("text", ["气胸", "пневмоторакс", "🫁 x"])
def test_words_that_the_tokenizer_does_not_know_are_not_known(text):
    assert not check_words(text).known


def test_the_sentence_names_what_is_near_and_general_towers_are_doubted_only(compact):
    banana = check_words("banana")
    assert banana.sentence(compact).startswith("This model does not know these words. The nearest")
    assert f"“{banana.statement}” ({banana.finding})" in banana.sentence(compact)
    assert known_statements()[banana.statement] == banana.finding
    assert banana.refuses(compact) and not check_words("left effusion").refuses(compact)
    assert check_words("left effusion").sentence(compact) == ""
    assert TinyBackbone.general_words and not banana.refuses(TinyBackbone())
    assert "none of a chest film's findings" in banana.sentence(TinyBackbone())
    with pytest.raises(ExplorerError, match="banana.*does not know.*--anyway"):
        refuse_unknown(compact, "banana")
    refuse_unknown(TinyBackbone(), "banana")
    with pytest.raises(ExplorerError, match="empty"):
        check_words("  ")


def test_a_text_passes_through_minilm_once_for_the_check_and_the_score(compact, monkeypatch):
    check_words("to read the statements")
    passes = []
    encode = minilm.FrozenMiniLM._encode_chunk

    def counted(self, texts):
        passes.append(texts)
        return encode(self, texts)

    monkeypatch.setattr(minilm.FrozenMiniLM, "_encode_chunk", counted)
    text = "a small effusion that nobody has typed before"
    check_words(text)
    compact.text_tokens([text])
    check_words(text)
    assert passes == [[text]]


def test_the_statements_are_on_disk_or_the_first_text_waits_for_them():
    texts = [*known_statements(), *elsewhere_statements()]
    kept = sentence_vectors._read(STORE)
    missing = [text for text in texts if text not in kept]
    told = "run `python benchmarks/known_words.py --write` after an edit of assets/language"
    assert len(missing) <= 0.05 * len(texts), told
    fresh = sentence_vectors.sentence_vectors(texts[::100])
    np.testing.assert_allclose(stored_vectors(texts[::100]), fresh, atol=2e-3)


def test_missing_and_damaged_files_are_made_good(tmp_path):
    path = tmp_path / "vectors.safetensors"
    texts = ["left effusion", "no effusion"]
    wanted = sentence_vectors.sentence_vectors(texts)
    np.testing.assert_allclose(np.linalg.norm(wanted, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(stored_vectors(texts, path), wanted, atol=1e-6)
    store_vectors(texts[1:], path)
    assert list(sentence_vectors._read(path)) == texts[1:]
    np.testing.assert_allclose(stored_vectors(texts, path), wanted, atol=2e-3)
    path.write_bytes(path.read_bytes()[:-20])
    np.testing.assert_allclose(stored_vectors(texts, path), wanted, atol=1e-6)


@pytest.mark.parametrize(
    "command",
    [["score", "--text", "banana", "--data", SET],
     ["regions", "--prompt", "banana", "--data", SET],
     ["explain", "--prompt", "banana", "--out", "out.png"]],
    ids=lambda command: command[0],
)  # fmt: skip
def test_commands_refuse_such_words_and_go_on_when_told_to(run, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((40, 40), 90, np.uint8)).save("film.png")
    code, out, err = run(*command, "--image", "film.png")
    assert code == 2 and out == "" and not Path("out.png").exists()
    assert "“banana”: This model does not know these words." in err and "--anyway" in err
    code, out, err = run(*command, "--image", "film.png", "--anyway")
    assert code == 0 and out and "does not know these words" in err


def test_prompt_files_with_such_words_are_scored_and_the_words_named(run, tmp_path):
    path = tmp_path / "p.json"
    path.write_text('{"Edema": {"positive": ["banana", "edema"], "negative": ["no edema"]}}')
    study = open_studies(SET).ids[1]
    code, out, err = run("score", "--study", study, "--data", SET, "--prompts", path)
    assert code == 0 and "Edema" in out
    assert err.count("does not know these words") == 1 and "banana" in err
