"""Slices of a table of predictions, against those of the same films by resampling."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.analysis import predictions
from core.analysis.columns import columns_of
from core.analysis.large_slices import table_slices
from core.analysis.predictions import Predictions
from core.analysis.scored import ScoredSet, SetIdentity
from core.analysis.slices import SliceReport, slice_report
from core.analysis.threshold import Threshold, parse_rule
from core.errors import ExplorerError

ROWS = 4000


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Two films a patient who are alike, scores with ties, values that are not known."""
    rng = np.random.default_rng(0)
    label = np.repeat(rng.random(ROWS // 2) < 0.3, 2).astype(float)
    score = label + np.repeat(rng.normal(0, 1, ROWS // 2), 2) + rng.normal(0, 0.3, ROWS)
    view = rng.choice(["AP", "PA", ""], ROWS, p=[0.4, 0.5, 0.1])
    score += (view == "AP") * rng.normal(0, 1.5, ROWS)
    return pd.DataFrame({
        "score": score.round(1), "label": label, "patient_id": [f"p{n // 2}" for n in range(ROWS)],
        "view": view, "age": rng.integers(20, 95, ROWS), "dose": rng.normal(0, 1, ROWS),
        "grade": rng.choice([1.0, 2.0, np.nan], ROWS), "site": rng.choice(["a", "b", "c"], ROWS),
        "text": "seen",
    })  # fmt: skip


def _by_resamples(table: pd.DataFrame, metric: str, threshold: Threshold | None) -> SliceReport:
    identity = SetIdentity("t", "0" * 16, ROWS, ROWS // 2)
    scored = ScoredSet(
        identity, ("it",), table[["score"]].to_numpy(), table[["label"]].to_numpy(),
        np.arange(ROWS), np.arange(ROWS) // 2, tuple(map(str, range(ROWS))),
    )  # fmt: skip
    columns = columns_of(table.drop(columns=["score", "label"]), "it")
    return slice_report(scored, "it", columns, None, metric, threshold)


@pytest.mark.parametrize("metric", ["auc", "error", "sensitivity", "specificity"])
def test_figures_are_those_of_resampled_slices(
    table: pd.DataFrame, metric: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values are the same, and intervals as wide, patients and all."""
    monkeypatch.setattr(predictions, "_BATCH", 300)
    table.to_parquet(tmp_path / "t.parquet", row_group_size=500)
    report = table_slices(Predictions(tmp_path / "t.parquet"), None, metric, parse_rule("youden"))
    expected = _by_resamples(table, metric, report.threshold)
    assert report.n == expected.n and report.tried == expected.tried > 8
    assert report.patients == expected.patients or metric in ("sensitivity", "specificity")
    theirs = {one.name: one for one in expected.slices}
    assert {one.name for one in report.slices} == set(theirs)
    for one in report.slices:
        other = theirs[one.name]
        assert (one.n, one.positives) == (other.n, other.positives)
        assert one.compared and other.compared
        for name in ("inside", "outside", "difference"):
            figure, bootstrap = getattr(one.compared, name), getattr(other.compared, name)
            assert figure.value == pytest.approx(bootstrap.value, abs=1e-9)
            wide = bootstrap.high - bootstrap.low
            assert figure.high - figure.low == pytest.approx(wide, rel=0.12)
            assert figure.low == pytest.approx(bootstrap.low, abs=0.1 * wide)
    first = next(one.name for one in report.slices if "view" in one.name)
    assert first in ("view AP", "view PA")


def test_the_command_slices_a_table_of_several_findings(run, table, tmp_path: Path) -> None:
    other = table.assign(finding="Other", score=-table["score"])
    lost = table.assign(finding="It", label=np.nan).head(100)
    whole = pd.concat([table.assign(finding="It"), other, lost])
    whole.to_parquet(tmp_path / "t.parquet")
    code, out, err = run("slices", "--table", tmp_path / "t.parquet", "--finding", "It",
                         "--by", "view,site", "--json", tmp_path / "s.json")  # fmt: skip
    assert code == 0, err
    told = json.loads((tmp_path / "s.json").read_text())
    assert told["n"] == ROWS and told["tried"] == 5 and told["patients"] == ROWS // 2
    assert "view AP" in out and "95 % normal intervals over patients" in out
    code, _, err = run("slices", "--table", tmp_path / "t.parquet")
    assert code == 2 and "It, Other; choose one of them with --finding" in err


@pytest.mark.parametrize(
    ("change", "by", "said"),
    [
        (lambda table: table.drop(columns="label"), None, "no column label"),
        (lambda table: table.assign(label=1), None, "no rows with and without"),
        (lambda table: table[["score", "label"]], None, "no column of two values"),
        (lambda table: table, ["words"], "no column 'words' to slice by; choose of: view, age"),
        (lambda table: table.assign(many=range(ROWS)).astype({"many": str}), ["many"], "over 1000"),
        (lambda table: table.assign(one="a"), ["one"], "one value at most"),
    ],
)
def test_what_cannot_be_sliced_is_a_sentence(table, change, by, said: str, tmp_path: Path) -> None:
    change(table).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ExplorerError, match=said):
        table_slices(Predictions(tmp_path / "t.parquet"), by)


def test_a_file_that_is_no_table_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"none")
    for name in ("t.parquet", "gone.parquet"):
        with pytest.raises(ExplorerError, match="no Parquet table"):
            table_slices(Predictions(tmp_path / name))
