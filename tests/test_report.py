"""The report: one file that stands alone, the same each time, and names nobody."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from core.analysis.report_view import ReportView
from core.analysis.scored import identity_of
from core.errors import ExplorerError
from core.records.note import FilmRef, Said
from core.records.notebook import Notebook
from core.specs import open_studies

MARK = b'<script type="application/json" id="view">%s</script>'
VIEW = {
    "model": "demo", "model_hash": "0", "data": "phantom:test", "fingerprint": "0",
    "finding": "Edema", "score": "lrclr", "threshold": "youden", "fit": "", "fit_fingerprint": "",
    "by_hand": "", "metric": "auc", "slice": "", "pairs": "",
}  # fmt: skip
SECRETS = ("DOE", "JOHN", "S3CRET", "P-4711", "Dr. Who")


@pytest.fixture
def films(run, tmp_path) -> Path:
    """Phantoms as a stranger's files: names in the folder, the ids and the patients."""
    folder = tmp_path / "DOE JOHN"
    assert run("phantom", "--n", 40, "--seed", 3, "--size", 64, "--out", folder)[0] == 0
    table = pd.read_csv(folder / "manifest.csv")
    table["id"] = [f"S3CRET-{row}" for row in range(len(table))]
    table["patient_id"] = [f"P-4711-{row}" for row in range(len(table))]
    table.to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


def test_a_report_stands_alone_names_nobody_and_is_the_same_twice(
    run, films, tmp_path, monkeypatch
):
    url = f"sqlite:///{tmp_path / 'notes.db'}"
    monkeypatch.setenv("LRCLR_RECORDS", url)
    studies, notebook = open_studies(str(films)), Notebook(url)
    for row in range(6):
        said = Said("Edema", "label is wrong", f"<script>alert({row})</script>")
        notebook.add(FilmRef(studies.image_key(row), study=studies.study_id(row)), "Dr. Who", said)
    notebook.close()
    out = tmp_path / "report.html"
    asked = ("report", "--data", films, "--finding", "Edema", "--threshold", "0", "--cases", 3,
             "--n-bootstrap", 20, "--notes", "--out", out)  # fmt: skip
    code, said, err = run(*asked)
    assert code == 0, err
    first = out.read_bytes()
    assert run(*asked)[0] == 0 and out.read_bytes() == first
    page = first.decode()
    body = page[page.index("<body>") :]
    assert not [secret for secret in SECRETS if secret in body]
    assert "<script>alert(" not in body
    assert all(f"&lt;script&gt;alert({row})" in body for row in range(6))  # the worst or not
    films_shown = body.count("<figure>")
    assert 6 <= films_shown <= 9 and body.count("data:image/jpeg;base64,") == films_shown
    assert "found: score" in body or "rightly not called: score" in body
    assert not re.findall(r"(?:src|href)=\"(?!data:)", body)  # nothing is fetched
    assert identity_of(studies).fingerprint in body
    assert "python -m core report --model demo --data manifest.csv" in body


def test_a_report_has_the_figures_of_errors(run, films, tmp_path):
    out = tmp_path / "report.html"
    shared = ("--data", films, "--n-bootstrap", 20)
    code, printed, _ = run("errors", *shared)
    assert code == 0
    assert run("report", *shared, "--cases", 0, "--out", out)[0] == 0
    page = out.read_text(encoding="utf-8")
    row = re.search(r'<th scope="row">Pleural Effusion</th>(.*?)</tr>', page)
    assert row is not None
    told = re.findall(r"-?[\d.]+", row[1].replace("number", ""))
    line = next(line for line in printed.splitlines() if line.startswith("Pleural Effusion"))
    shown = re.findall(r"-?[\d.]+", line)
    order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [float(told[k]) for k in order] == [float(shown[k]) for k in order]
    assert "fitted on these very films: optimistic" in page
    assert "No film is shown." in page


def test_a_finding_that_is_not_there_is_said_before_anything_is_written(run, films, tmp_path):
    out = tmp_path / "report.html"
    code, _, err = run("report", "--data", films, "--finding", "Coin", "--out", out)
    assert code == 2 and "Coin" in err and not out.exists()


def test_what_a_report_is_of_can_be_read_from_it_again(run, films, tmp_path):
    out = tmp_path / "report.html"
    asked = ("--data", films, "--fit", "phantom:n=30,seed=9,size=64", "--finding", "Edema",
             "--threshold", "sensitivity=0.8", "--by-hand", 0.125, "--metric", "error",
             "--slice", "sex M", "--pairs", "--n-bootstrap", 20)  # fmt: skip
    assert run("report", *asked, "--cases", 0, "--out", out)[0] == 0
    view = ReportView.from_html(out.read_bytes())
    assert (view.model, view.data, view.fit) == ("demo", films.name, "phantom:n=30,seed=9,size=64")
    assert (view.finding, view.threshold, view.by_hand) == ("Edema", "sensitivity=0.8", "0.125")
    assert (view.slice, view.pairs) == ("sex M", "yes")
    assert view.metric == "error" and "error by slice" in out.read_text(encoding="utf-8")
    assert view.is_of(identity_of(open_studies(str(films))))
    assert not view.is_of(identity_of(open_studies("phantom:n=30,seed=9,size=64")))
    assert "--by-hand 0.125" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no report of this program"),
        (b"<html>hello</html>", "no report of this program"),
        (MARK % b"{}", "made by another version"),
        (MARK % b"[1, 2", "made by another version"),
        (MARK % json.dumps(VIEW | {"model": ["x"]}).encode(), "made by another version"),
        (MARK % json.dumps(VIEW | {"data": "x" * 301}).encode(), "made by another version"),
        (MARK % json.dumps(VIEW | {"threshold": "rm -rf"}).encode(), "threshold"),
        (MARK % json.dumps(VIEW | {"by_hand": "much"}).encode(), "threshold"),
        (MARK % json.dumps(VIEW | {"score": "luck"}).encode(), "no score 'luck'"),
        (MARK % json.dumps(VIEW | {"metric": "luck"}).encode(), "no metric 'luck'"),
    ],
)
def test_a_file_that_is_no_sound_report_is_refused_with_a_sentence(content, said):
    with pytest.raises(ExplorerError, match=said):
        ReportView.from_html(content, "x.html")
    assert ReportView.from_html(MARK % json.dumps(VIEW).encode()).to_json() == VIEW
    before = {name: VIEW[name] for name in list(VIEW)[: list(VIEW).index("metric")]}
    assert ReportView.from_html(MARK % json.dumps(before).encode()).to_json() == VIEW


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_of_scores_labels_and_calls_stands_beside_it(run, films, tmp_path, suffix):
    table = tmp_path / f"scores.{suffix}"
    asked = ("--data", films, "--threshold", 0, "--cases", 0, "--n-bootstrap", 20)
    out = ("--out", tmp_path / "report.html", "--table", table)
    assert run("report", *asked, *out)[0] == 0
    read = pd.read_csv(table) if suffix == "csv" else pd.read_parquet(table)
    assert list(read) == ["number", "film", "finding", "score", "label", "called"]
    studies = open_studies(str(films))
    one = read[read["finding"] == "Edema"]
    assert list(one["number"]) == list(range(1, 41))
    assert one["label"].tolist() == studies.labels["Edema"].astype(int).tolist()
    assert ((one["score"] >= 0) == one["called"].astype(bool)).all()
    assert one["film"].tolist() == [studies.image_key(row)[:8] for row in range(40)]
    assert not [secret for secret in SECRETS if secret in read.to_csv()]


def test_a_table_of_another_kind_is_refused_before_anything_is_written(run, films, tmp_path):
    out = tmp_path / "report.html"
    code, _, err = run("report", "--data", films, "--table", tmp_path / "x.xls", "--out", out)
    assert code == 2 and "neither .csv nor .parquet" in err and not out.exists()
