"""The report: one file that stands alone, the same each time, and names nobody."""

import re
from pathlib import Path

import pandas as pd
import pytest

from core.analysis.scored import identity_of
from core.records.note import FilmRef, Said
from core.records.notebook import Notebook
from core.specs import open_studies

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
    for row in range(len(studies)):
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
    assert "&lt;script&gt;alert(" in body and "<script>alert(" not in body
    assert body.count("<figure>") == 3 and body.count("data:image/jpeg;base64,") == 3
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
