"""Selections: files of study names that choose films of a set, in every command."""

import json

import numpy as np
import pytest
from tiny_model import TinySet, tiny_model

from core.errors import ExplorerError
from core.inference.predictor import Predictor
from core.specs import open_studies
from core.studies.selection import only_spec, read_selection, selected, selection_json

SET = "phantom:n=16,seed=3,size=64"
CHOSEN = (2, 3, 5, 7, 8, 11)


def test_both_forms_choose_the_same_films_in_the_order_of_the_set(tmp_path):
    names = [open_studies(SET).ids[row] for row in reversed(CHOSEN)]
    (tmp_path / "a.csv").write_text("note,study\n" + "".join(f"x,{name}\n" for name in names))
    (tmp_path / "b.json").write_text(selection_json("mine", [*names, names[0]]))
    (tmp_path / "c.JSON").write_text(json.dumps(names))
    for file in ("a.csv", "b.json", "c.JSON"):
        spec = only_spec(SET, tmp_path / file)
        studies = open_studies(spec)
        assert studies.ids == names[::-1] and studies.spec == spec
        np.testing.assert_array_equal(studies.image(1), open_studies(SET).image(3))
    joined = open_studies(only_spec(f"{SET} + phantom:n=2,seed=9,size=64", tmp_path / "a.csv"))
    assert joined.ids == names[::-1]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "id\nx\n", "has a column 'study'"),
        ("a.csv", "study\n", "names no study"),
        ("a.json", "[1]", "is no selection"),
        ("a.json", "{", "is no selection"),
        ("a.json", '{"name": "x"}', "is no selection"),
        ("a.json", '["t1", "nobody", "a", "b", "c"]', r"'nobody', 'a', 'b' and 1 more not in 'tin"),
    ],
)
def test_what_is_wrong_with_a_file_is_a_sentence(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(ExplorerError, match=words) as told:
        selected(TinySet(4), tmp_path / name)
    assert "\n" not in str(told.value)


def test_no_file_and_other_forms_are_refused(tmp_path):
    with pytest.raises(ExplorerError, match="cannot be read"):
        read_selection(tmp_path / "none.csv")
    with pytest.raises(ExplorerError, match="rename it"):
        only_spec("phantom:test", tmp_path / "films.txt")
    with pytest.raises(ExplorerError, match="write only,FILE"):
        open_studies("only,films.txt:phantom:test")


def test_films_of_an_encoded_set_are_not_encoded_again(monkeypatch, tmp_path):
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))
    model, studies = Predictor(tiny_model(), "tiny"), TinySet(8)
    whole = model.encode_set(studies)
    reads = studies.reads
    part = model.encode_set(studies.subset([1, 4, 6]).subset([0, 2]))
    assert studies.reads == reads
    np.testing.assert_array_equal(part.patch_features, whole.patch_features[[1, 6]])
    assert part.selected is None or (part.selected == whole.selected[[1, 6]]).all()


COMMANDS = ("evaluate", "errors", "gallery", "slices", "report", "localize")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_take_only_the_films_of_the_file(run, tmp_path, command):
    (tmp_path / "mine.csv").write_text(
        "study\n" + "".join(f"{name}\n" for name in open_studies(SET).ids[:15])
    )
    cheap = {
        "evaluate": ["--n-bootstrap", 5], "errors": ["--n-bootstrap", 5], "gallery": [],
        "slices": ["--n-bootstrap", 5, "--min-cases", 2, "--by", "sex"],
        "report": ["--n-bootstrap", 5, "--cases", 1],
        "localize": ["--methods", "centre", "--n-bootstrap", 5],
    }[command]  # fmt: skip
    out = tmp_path / "told.html"
    option = "--out" if command == "report" else "--json"
    code, said, err = run(command, "--model", "demo", "--data", SET, "--only",
                          tmp_path / "mine.csv", *cheap, option, out)  # fmt: skip
    assert code == 0, err
    told = out.read_text() + said
    counts = {"evaluate": "15 studies", "errors": '"n": 15', "gallery": "", "slices": '"n": 15',
              "report": "15", "localize": ""}  # fmt: skip
    assert counts[command] in told, told[:2000]
    assert open_studies(SET).ids[15] not in told
    assert "mine.csv" in told
