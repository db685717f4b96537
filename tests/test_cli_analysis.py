"""The commands errors, slices and calibrate on a few phantoms."""

import json

import pytest

from core.inference.prompts import FindingPrompts, default_prompts

SET = "phantom:n=24,seed=3,size=64"
OTHER = "phantom:val,n=24,seed=4,size=64"


def test_errors_with_a_threshold_from_another_set_and_other_prompts(run, tmp_path):
    edited = default_prompts().with_finding("Edema", FindingPrompts(("dry",), ("wet",)))
    (tmp_path / "mine.json").write_text(edited.to_json())
    code, out, err = run(
        "errors", "--data", SET, "--fit", OTHER, "--n-bootstrap", 20, "--against-prompts",
        tmp_path / "mine.json", "--json", tmp_path / "e.json",
    )  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "e.json").read_text())
    for finding in told["findings"].values():
        assert finding["threshold"]["fitted_on"]["spec"] == OTHER
        assert not finding["threshold"]["optimistic"]
        assert len(finding["roc"]["low"]) == 101
    wrong = told["findings"]["Edema"]["confusion"]
    assert len(told["wrong"]["Edema"]) == wrong["false_negatives"] + wrong["false_positives"]
    against = told["against"]["findings"]
    assert against["Edema"]["auc"]["gain"]["value"] != 0
    assert against["Cardiomegaly"]["auc"]["gain"]["value"] == 0
    assert f"fitted on {OTHER}" in out and "optimistic" not in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--threshold", "best"], "no rule for a threshold"),
        (["--score", "odd"], "no score 'odd'"),
        (["--against", "demo"], "same model and prompts"),
    ],
)
def test_errors_says_what_is_wrong_in_a_sentence(run, more, words):
    code, _, err = run("errors", "--data", SET, *more)
    assert code == 2 and words in err and err.count("\n") == 1


def test_slices_by_column_lesion_and_cluster(run, tmp_path):
    code, out, err = run(
        "slices", "--data", SET, "--finding", "Edema", "--min-cases", 2, "--metric", "error",
        "--pairs", "--found", 2, "--n-bootstrap", 20, "--json", tmp_path / "s.json",
    )  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "s.json").read_text())
    names = {column for one in told["slices"] for column in one["values"]}
    assert {"view", "sex", "age", "exposure", "Support Devices"} <= names and "Edema" not in names
    assert sum(one["n"] for one in told["slices"] if set(one["values"]) == {"sex"}) == 24
    assert told["threshold"]["optimistic"] and "optimistic" in out
    assert told["found"]["found_n"] == told["found"]["tested_n"] == 12


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--by", "view,coin"], "no column 'coin'"),
        (["--metric", "odd"], "no metric 'odd'"),
        (["--finding", "Coin"], "with and without 'Coin'"),
    ],
)
def test_slices_says_what_is_wrong_in_a_sentence(run, more, words):
    code, _, err = run("slices", "--data", SET, *more)
    assert code == 2 and words in err and err.count("\n") == 1


def test_calibrate_keeps_what_another_set_gave(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCLR_CALIBRATIONS", str(tmp_path / "kept"))
    code, out, err = run(
        "calibrate", "--data", SET, "--fit", OTHER, "--n-bootstrap", 10, "--keep",
        "--json", tmp_path / "c.json",
    )  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "c.json").read_text())["findings"]["Edema"]
    assert not told["optimistic"] and told["calibration"]["fitted_on"]["spec"] == OTHER
    assert sum(one["n"] for one in told["bins"]) == 24
    (path,) = (tmp_path / "kept").iterdir()
    assert str(path) in out
    kept = json.loads(path.read_text())["findings"]["Edema"]
    assert kept["knots"] == told["calibration"]["knots"]


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--method", "magic"], "no calibration 'magic'"), (["--keep"], "name a set with --fit")],
)
def test_calibrate_says_what_is_wrong_in_a_sentence(run, more, words):
    code, _, err = run("calibrate", "--data", SET, *more)
    assert code == 2 and words in err and err.count("\n") == 1


def test_errors_without_labels_name_reports_and_films(run, tmp_path):
    code, out, err = run(
        "errors", "--data", SET, "--unlabelled", "--n-bootstrap", 20, "--json", tmp_path / "u.json"
    )
    assert code == 0, err
    told = json.loads((tmp_path / "u.json").read_text())
    assert told["reports"]["films"] == 24 and told["reports"]["mean"]["value"] < 0.5
    first = told["reports"]["sentences"][0]
    assert first["sentence"] in out and first["others"] > 0
    (pairs,) = told["disagreements"].values()
    assert {len(pair["films"]) for pair in pairs} == {24}


@pytest.mark.slow
def test_shortcuts_says_that_devices_are_read_from_devices(run, tmp_path):
    code, out, err = run(
        "shortcuts", "--data", "phantom:n=32,seed=3,size=128", "--finding", "Support Devices",
        "--finding", "Edema", "--parts", "device,border", "--draws", 2, "--min-cases", 4,
        "--n-bootstrap", 50, "--json", tmp_path / "s.json",
    )  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "s.json").read_text())
    by_pair = {(one["finding"], one["part"]): one for one in told["shortcuts"]}
    assert set(by_pair) == {
        (finding, part) for finding in ("Support Devices", "Edema") for part in ("device", "border")
    }
    device = by_pair["Support Devices", "device"]
    assert device["verdict"] == "falls without it" and device["beyond"]["high"] < 0
    assert device["n"] == by_pair["Edema", "device"]["n"] < 32 == told["n"]
    assert "falls without it" in out and told["draws"] == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--parts", "lung"], "no part 'lung'"), (["--finding", "Coin"], "with and without 'Coin'")],
)
def test_shortcuts_says_what_is_wrong_in_a_sentence(run, more, words):
    code, _, err = run("shortcuts", "--data", SET, *more)
    assert code == 2 and words in err and err.count("\n") == 1


def test_twins_of_an_age_that_is_not_drawn_show_no_effect(run, tmp_path):
    code, out, err = run(
        "twins", "--change", "age", "--change", "device", "--n", 24, "--data", SET, "--finding",
        "Edema", "--finding", "Support Devices", "--n-bootstrap", 30, "--json", tmp_path / "t.json",
    )  # fmt: skip
    assert code == 0, err
    age, device = json.loads((tmp_path / "t.json").read_text())["changes"]
    assert all(one["twins"]["value"] in (0, None) for one in age["comparisons"])
    assert {one["finding"] for one in device["comparisons"]} == {"Edema"}  # the other is the change
    moved = {one["figure"]: one["twins"]["value"] for one in device["comparisons"]}
    assert moved["without"] != 0 and device["low"] == "without" and "verdict" in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--change", "tea"], "cannot differ in 'tea'"),
        (["--change", "device", "--finding", "Support Devices"], "choose another finding"),
    ],
)
def test_twins_says_what_is_wrong_in_a_sentence(run, more, words):
    code, _, err = run("twins", "--data", SET, *more)
    assert code == 2 and words in err and err.count("\n") == 1
