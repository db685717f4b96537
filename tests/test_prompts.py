"""Prompts: the sets a user can build or load, and the sentence that refuses each bad one."""

import dataclasses
import json

import pytest

from core.errors import ExplorerError
from core.inference.prompts import (
    MAX_PROMPTS,
    FindingPrompts,
    PromptSet,
    check_prompt,
    default_prompts,
    load_prompts,
    prompts_for,
)
from core.labels import PATHOLOGIES, PHANTOM_FINDINGS
from core.paths import ASSETS
from core.phantom.case import sample_case
from core.phantom.reports import write_report
from core.specs import open_studies
from core.studies.sentences import normalise_sentence


def test_default_prompts_cover_the_phantom_findings_in_order():
    assert tuple(default_prompts()) == PHANTOM_FINDINGS
    assert len(default_prompts().all_texts()) == len(set(default_prompts().all_texts()))


def test_default_prompts_are_in_the_language_of_the_reports():
    sentences = {
        sentence.lower().rstrip(".")
        for index in range(3000)
        for sentence in write_report(sample_case(index, 0, "train"))
    }
    words = {word.strip(",") for sentence in sentences for word in sentence.split()}
    texts = default_prompts().all_texts()
    unknown = {word for text in texts for word in text.replace(",", "").split()} - words
    assert not unknown
    for name, prompts in default_prompts().items():
        if name != "No Finding":  # its negatives are the findings
            missing = [text for text in prompts.negative if text not in sentences]
            assert not missing, f"{name}: {missing} stand in no report"


def test_prompts_for_other_findings_use_the_templates():
    prompts = prompts_for(PATHOLOGIES)
    assert tuple(prompts) == PATHOLOGIES
    assert prompts["Edema"] == default_prompts()["Edema"]
    assert prompts["Lung Opacity"] == FindingPrompts(("lung opacity",), ("no lung opacity",))
    assert prompts_for(["COVID-19"])["COVID-19"].positive == ("COVID-19",)


def test_templates_are_filled_with_the_name():
    prompts = PromptSet.from_templates(["Edema"], ["{}", "signs of {}"], ["no {}"])
    assert prompts["Edema"] == FindingPrompts(("Edema", "signs of Edema"), ("no Edema",))
    with pytest.raises(ExplorerError, match="where the finding goes"):
        PromptSet.from_templates(["Edema"], ["edema"])


def test_edits_give_a_new_set_and_keep_the_order():
    before = PromptSet.from_templates(["A", "B", "C"])
    edited = before.with_finding("B", FindingPrompts(("b",), ("not b",)))
    assert list(edited) == ["A", "B", "C"] and edited["B"].negative == ("not b",)
    assert before["B"].negative == ("no B",)
    assert list(edited.without_finding("A").with_finding("A", before["A"])) == ["B", "C", "A"]
    assert before.without_finding("unknown") == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        before["A"].positive = ("x",)  # type: ignore[misc]
    with pytest.raises(TypeError):
        before["A"] = before["B"]  # type: ignore[index]


def test_equal_sets_hash_alike():
    first, second = PromptSet.from_templates(["A"]), PromptSet.from_templates(["A"])
    assert first == second and hash(first) == hash(second) and len({first, second}) == 1
    assert first != PromptSet.from_templates(["B"])


def test_all_texts_names_a_shared_prompt_once():
    shared = PromptSet(
        {"A": FindingPrompts(("x", "y"), ("z",)), "B": FindingPrompts(("y",), ("z",))}
    )
    assert shared.all_texts() == ["x", "y", "z"]


def test_json_round_trip_through_a_file(tmp_path):
    edited = default_prompts().with_finding("Ödem", FindingPrompts(("肺水腫",), ("kein Ödem",)))
    path = tmp_path / "prompts.json"
    path.write_text(edited.to_json(), encoding="utf-8")
    assert load_prompts(path) == edited
    assert list(load_prompts(path)) == list(edited)
    path.write_text(edited.to_json(), encoding="utf-8-sig")
    assert load_prompts(path) == edited
    assert set(json.loads(edited.to_json())["Edema"]) == {"positive", "negative"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("9" * 5000, "not JSON"),
        ("[]", "no findings"),
        ("{}", "no finding"),
        ('{"Edema": ["edema"]}', '"positive" and "negative"'),
        ('{"Edema": {"positive": ["edema"]}}', '"positive" and "negative"'),
        ('{"Edema": {"positive": "edema", "negative": ["no"]}}', "list of texts"),
        ('{"Edema": {"positive": [1], "negative": ["no"]}}', "list of texts"),
        ('{"Edema": {"positive": [], "negative": ["no edema"]}}', "no positive prompt"),
        ('{"Edema": {"positive": ["edema"], "negative": []}}', "no negative prompt"),
        ('{"Edema": {"positive": [" "], "negative": ["no edema"]}}', "prompt is empty"),
        ('{"Edema": {"positive": ["\\u0007a"], "negative": ["no"]}}', "control characters"),
        ('{" ": {"positive": ["a"], "negative": ["b"]}}', "needs a short name"),
        ('{"A": {"positive": ["a"], "negative": ["b"]}, "A": 1}', "given twice"),
        (json.dumps({"A": {"positive": ["a" * 301], "negative": ["b"]}}), "301 characters"),
        (json.dumps({"A": {"positive": ["a"] * MAX_PROMPTS, "negative": ["b"]}}), "201 prompts"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_that_names_it(tmp_path, text, says):
    path = tmp_path / "mine.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExplorerError) as refusal:
        load_prompts(path)
    message = str(refusal.value)
    assert says in message and "mine.json" in message and "\n" not in message


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(ExplorerError, match="no prompt file"):
        load_prompts(tmp_path / "nothing.json")
    with pytest.raises(ExplorerError, match="cannot be read"):
        load_prompts(tmp_path)
    (tmp_path / "latin.json").write_bytes(b'{"\xe9": 1}')
    with pytest.raises(ExplorerError, match="not UTF-8"):
        load_prompts(tmp_path / "latin.json")
    (tmp_path / "big.json").write_bytes(b" " * 1_000_001)
    with pytest.raises(ExplorerError, match="1000001 bytes"):
        load_prompts(tmp_path / "big.json")


def test_check_prompt_tidies_and_lets_any_script_pass():
    assert check_prompt("\tleft\n pleural  effusion ") == "left pleural effusion"
    assert check_prompt("плевральный выпот") == "плевральный выпот"
    assert check_prompt("x" * 300) == "x" * 300


@pytest.mark.parametrize("text", ["", "  \n", "...", "a\x00b", "\x1b[31mred", "x" * 301, "a\ud800"])
def test_check_prompt_refuses(text):
    with pytest.raises(ExplorerError):
        check_prompt(text)


def test_unseen_wordings_are_in_no_training_report():
    unseen = load_prompts(ASSETS / "prompts" / "unseen.json")
    assert set(unseen) == set(default_prompts())
    assert all(len(set(prompts.positive)) == 5 for prompts in unseen.values())
    said = {normalise_sentence(text) for report in open_studies("phantom:train,n=4000").reports
            for text in report}  # fmt: skip
    assert normalise_sentence("No pleural effusion.") in said
    assert not {normalise_sentence(text) for text in unseen.all_texts()} & said
