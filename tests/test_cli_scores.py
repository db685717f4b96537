"""The commands behind the pages of prompts and regions: score, gallery, prompts."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.evaluation.study_scores import rank_in_set
from core.inference.predictor import load_predictor
from core.inference.prompts import FindingPrompts, default_prompts
from core.specs import open_studies

SET = "phantom:n=24,seed=3,size=64"


@pytest.fixture
def model() -> str:
    """A trained one: of an untrained one all scores are equal but for rounding."""
    return "demo"


@pytest.fixture
def edited(tmp_path) -> Path:
    prompts = default_prompts().with_finding("Edema", FindingPrompts(("wet",), ("dry",)))
    (tmp_path / "mine.json").write_text(prompts.to_json())
    return tmp_path / "mine.json"


def test_gallery_lists_errors_and_writes_all_of_them(run, model, tmp_path):
    path = tmp_path / "gallery.json"
    code, out, _ = run("gallery", "--model", model, "--data", SET, "--top", 2, "--json", path)
    made = json.loads(path.read_text())
    assert code == 0 and made["finding"] in out and sum(made["counts"].values()) == 24
    wrong = made["counts"]["false_negatives"] + made["counts"]["false_positives"]
    assert len(made["studies"]) == wrong > 2
    shown = [line for line in out.splitlines() if " called " in line and "labelled" in line][-2:]
    assert [line.split()[-1] for line in shown] == [study["id"] for study in made["studies"][:2]]
    labels = open_studies(SET).labels[made["finding"]]
    position = open_studies(SET).position
    for study in made["studies"]:
        assert study["called"] != study["labelled"] == labels[position(study["id"])]
        assert study["called"] == (study["score"] >= made["threshold"])


def test_gallery_begins_with_the_finding_that_evaluate_ranks_last(run, model, tmp_path):
    run("evaluate", "--model", model, "--data", SET, "--n-bootstrap", 1, "--json",
        tmp_path / "e.json")  # fmt: skip
    findings = json.loads((tmp_path / "e.json").read_text())["findings"]
    asked = [name for name in default_prompts() if name in findings]
    worst = min(asked, key=lambda name: findings[name]["auc"]["lrclr"]["value"])
    run("gallery", "--model", model, "--data", SET, "--json", tmp_path / "g.json")
    assert json.loads((tmp_path / "g.json").read_text())["finding"] == worst


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--finding", "Coin"], "with and without 'Coin'"), (["--kind", "odd"], "no kind 'odd'")],
)
def test_gallery_refuses_in_one_sentence(run, model, more, words):
    code, _, err = run("gallery", "--model", model, "--data", SET, *more)
    assert code == 2 and words in err and err.count("\n") == 1


def test_prompts_compares_what_was_edited(run, model, edited, tmp_path):
    path = tmp_path / "change.json"
    code, out, _ = run("prompts", "--prompts", edited, "--model", model, "--data", SET,
                       "--n-bootstrap", 50, "--json", path)  # fmt: skip
    made = json.loads(path.read_text())
    assert code == 0 and list(made["findings"]) == ["Edema"] and "Edema" in out
    edit = made["findings"]["Edema"]
    assert edit["change"]["value"] == pytest.approx(edit["after"] - edit["before"])
    code, out, _ = run("prompts", "--prompts", edited, "--against", edited, "--model", model,
                       "--data", SET)  # fmt: skip
    assert code == 0 and "nothing to compare" in out


def test_score_ranks_a_study_among_the_others(run, model, tmp_path):
    path, studies = tmp_path / "score.json", open_studies(SET)
    name = studies.ids[5]
    code, out, _ = run("score", "--study", name, "--model", model, "--data", SET, "--json", path)
    made = json.loads(path.read_text())["findings"]
    assert code == 0 and set(made) == set(default_prompts()) and "not a prob" not in out
    scores = load_predictor(model).score_set(studies, default_prompts())["lrclr"]
    for column, finding in enumerate(default_prompts()):
        expected = rank_in_set(scores[:, column], scores[5, column], 5)
        assert made[finding]["rank"] == pytest.approx(expected, abs=5)  # one study is 4.3
        assert made[finding]["labelled"] == studies.study(5).labels.get(finding)


def test_score_takes_a_film_and_a_text(run, model, tmp_path):
    Image.fromarray(open_studies(SET).image(0).astype(np.uint8)).save(tmp_path / "film.png")
    code, out, _ = run("score", "--image", tmp_path / "film.png", "--text", "left effusion",
                       "--model", model, "--data", SET, "--json", tmp_path / "s.json")  # fmt: skip
    made = json.loads((tmp_path / "s.json").read_text())["findings"]
    assert code == 0 and set(made) == {"text"} and made["text"]["labelled"] is None
    assert "unknown" in out and "Those are drawings and this is none" in out


def test_score_prints_each_prompt_of_a_finding(run, model, tmp_path):
    path = tmp_path / "score.json"
    code, out, _ = run("score", "--study", open_studies(SET).ids[5], "--ensemble", "Edema",
                       "--model", model, "--data", SET, "--json", path)  # fmt: skip
    sides = json.loads(path.read_text())["prompts"]
    for side, lines in sides.items():
        texts = getattr(default_prompts()["Edema"], side)
        assert tuple(line["text"] for line in lines) == texts and all(t in out for t in texts)
        assert sum(line["share"] for line in lines) == pytest.approx(1)
    code, _, err = run("score", "--study", "x", "--ensemble", "Coin", "--data", SET)
    assert code == 2 and "no prompts of 'Coin'" in err


def test_regions_are_those_of_the_model_with_words_by_cosine(run, model, tmp_path):
    path, studies = tmp_path / "regions.json", open_studies(SET)
    code, out, _ = run("regions", "--study", studies.ids[5], "--prompt", "left effusion",
                       "--model", model, "--data", SET, "--json", path)  # fmt: skip
    made = json.loads(path.read_text())["regions"]
    predictor = load_predictor(model)
    shape = studies.image(5).shape
    expected = predictor.regions(predictor.encode_row(studies, 5), ["left effusion"], shape)
    assert code == 0 and len(made) == len(expected.boxes) == 12
    assert [tuple(line["box"]) for line in made] == [pytest.approx(box) for box in expected.boxes]
    assert [line["weight"] for line in made] == pytest.approx(expected.weights.tolist())
    for place, line in enumerate(made):
        assert {word for word, _ in line["words"]} == {"left", "effusion"}
        cosines = [value for _, value in line["words"]]
        assert cosines == pytest.approx(sorted(expected.word_similarity[:, place], reverse=True))
    assert "left" in out and "effusion" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "one of --study and --image"), (["--study", "a", "--image", "b"], "one of --study"),
     (["--study", "nobody"], "no study 'nobody'"),
     (["--study", "a", "--text", "x", "--prompts", "p.json"], "one of --text and --prompts")],
)  # fmt: skip
def test_score_refuses_in_one_sentence(run, model, arguments, words):
    code, _, err = run("score", *arguments, "--model", model, "--data", SET)
    assert code == 2 and words in err and err.count("\n") == 1
