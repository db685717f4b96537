"""`python -m core notes` as it is typed."""

import json
import re

import pytest

from core.records.notebook import Notebook
from core.specs import open_studies
from core.studies import keys

DATA = "phantom:n=3,seed=5"
STUDY = "test-5-00001"


def add(run, *more):
    code, out, err = run("notes", "add", "--data", DATA, "--study", STUDY, "--author", "Ada", *more)
    assert code == 0, err
    return out.split()[0]


def test_a_note_is_added_listed_changed_undone_and_its_steps_are_told(run, tmp_path):
    note = add(run, "--finding", "edema", "--verdict", "label is wrong", "--text", "at the base",
               "--box", "10,20,30,40", "--polygon", "1,1 50,1 1,50", "--tag", "hard")  # fmt: skip
    path = tmp_path / "notes.json"
    code, out, _ = run("notes", "list", "--data", DATA, "--study", STUDY, "--json", path)
    assert code == 0 and f"{note}  v1" in out
    assert "Edema: label is wrong; at the base; #hard; 2 drawn" in out
    (told,) = json.loads(path.read_text())["notes"]
    assert told["image_key"] == open_studies(DATA).image_key(1)
    assert (told["width"], told["height"], told["study"], told["data"]) == (224, 224, STUDY, DATA)
    assert [shape["kind"] for shape in told["shapes"]] == ["box", "polygon"]
    code, out, _ = run("notes", "change", "--note", note, "--version", 1, "--author", "Bo",
                       "--verdict", "both are right")  # fmt: skip
    assert code == 0 and "version 2: Edema: both are right; at the base; #hard; 2 drawn" in out
    code, _, err = run("notes", "change", "--note", note, "--version", 1, "--author", "Ada",
                       "--text", "Ada's")  # fmt: skip
    assert code == 2 and "Bo changed" in err and "both are right" in err and "Ada's" in err
    assert run("notes", "undo", "--author", "Bo")[1].count("label is wrong") == 1
    code, out, _ = run("notes", "history", "--note", note)
    assert [line.split()[0] for line in out.splitlines()] == ["1", "2", "3"]
    assert "Bo, undo of version 2: Edema: label is wrong" in out
    run("notes", "change", "--note", note, "--version", 3, "--author", "Ada", "--remove")
    assert run("notes", "list")[1] == "0 notes\n"
    assert "removed" in run("notes", "list", "--removed")[1]


def test_notes_are_listed_by_what_is_asked(run):
    add(run, "--text", "one", "--tag", "a")
    add(run, "--finding", "Edema", "--verdict", "cannot be told")
    for asked, count in ((("--tag", "a"), 1), (("--finding", "edema"), 1), (("--author", "Bo"), 0),
                         (("--verdict", "Cannot be told"), 1), (("--data", DATA), 2),
                         (("--data", DATA, "--study", "test-5-00000"), 0), ((), 2)):  # fmt: skip
        assert len(run("notes", "list", *asked)[1].splitlines()) == count + 1, asked


def test_no_film_of_a_set_is_read_to_list_no_notes(run, monkeypatch):
    monkeypatch.setattr(keys, "image_keys", lambda *_: 1 / 0)
    assert run("notes", "list", "--data", DATA)[1] == "0 notes\n"


@pytest.mark.parametrize("suffix", ["json", "csv", "coco.json"])
def test_an_export_goes_into_another_notebook_once(run, tmp_path, monkeypatch, suffix):
    note = add(run, "--finding", "Edema", "--verdict", "label is wrong", "--box", "1,2,3,4")
    add(run, "--text", "no box")
    path = tmp_path / f"notes.{suffix}"
    code, out, _ = run("notes", "export", "--file", path)
    count = 1 if suffix == "coco.json" else 2
    assert code == 0 and out.startswith(f"{count} notes in {path}")
    assert ("; 1 without a box or polygon" in out) == (suffix == "coco.json")
    assert STUDY not in path.read_text() and DATA not in path.read_text()
    monkeypatch.setenv("LRCLR_RECORDS", f"sqlite:///{tmp_path}/other.sqlite")
    assert f"{count} added" in run("notes", "import", "--file", path)[1]
    assert f"0 added, 0 updated, {count} there" in run("notes", "import", "--file", path)[1]
    again = tmp_path / f"again.{suffix}"
    run("notes", "export", "--file", again)
    assert again.read_bytes() == path.read_bytes()
    run("notes", "change", "--note", note, "--version", 1, "--author", "Bo", "--text", "Bo's")
    run("notes", "export", "--file", path)
    monkeypatch.setenv("LRCLR_RECORDS", f"sqlite:///{tmp_path}/notes.sqlite")
    run("notes", "change", "--note", note, "--version", 1, "--author", "Ada", "--text", "Ada's")
    code, out, err = run("notes", "import", "--file", path)
    assert code == 2 and "1 of" in err and "Ada's" in out and "Bo's" in out
    assert Notebook().note(note).said.text == "Ada's"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "--data", DATA, "--study", "absent", "--author", "A"), "no study 'absent'"),
        (("add", "--data", "nothing", "--study", "x", "--author", "A"), "names no study set"),
        (("add", "--data", DATA, "--study", STUDY, "--author", "A"), "says something"),
        (("add", "--data", DATA, "--study", STUDY, "--author", "A", "--box", "1,2"), "is no box"),
        (("add", "--data", DATA, "--study", STUDY, "--author", "A", "--box", "1,2,3,999"),
         "leaves the film"),
        (("add", "--data", DATA, "--study", STUDY, "--author", "A", "--polygon", "1,2 3"),
         "is no polygon"),
        (("list", "--verdict", "bad"), "no verdict 'bad'"),
        (("list", "--study", STUDY), "--data"),
        (("history", "--note", "x"), "no note 'x'"),
        (("undo", "--author", "Ada"), "nothing of Ada"),
        (("undo", "--author", "Ada", "--note", "x"), "no note 'x'"),
        (("export", "--file", "/no/such/a.json"), "cannot be written"),
        (("export", "--file", "notes.txt"), "no form"),
        (("import", "--file", "absent.json"), "no file"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_bad_input_is_one_sentence(run, words, sentence):
    code, out, err = run("notes", *words)
    assert code == 2 and sentence in err and err.startswith("Error: ") and out == ""
    assert err.count("\n") == 1 and "Traceback" not in err


def test_a_database_that_cannot_be_used_is_one_sentence(run, monkeypatch, tmp_path):
    monkeypatch.setenv("LRCLR_RECORDS", str(tmp_path / "plain-path.sqlite"))
    code, _, err = run("notes", "list")
    assert code == 2 and re.fullmatch("Error: LRCLR_RECORDS is no address .*\n", err)
