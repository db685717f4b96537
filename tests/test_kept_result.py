"""Results on disk come back as they were, and are made again where they are not sound."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_analysis_errors import scored

from core.analysis.calibration import Calibration, fit_calibrations
from core.analysis.reliability import Reliability, calibration_report
from core.analysis.slices import SliceReport, slice_report
from core.analysis.sweep import Sweep, sweep
from core.analysis.threshold import Rule, Threshold, fit_thresholds
from core.analysis.together import ErrorPair, errors_together
from core.evaluation.evaluate import auc_report
from core.evaluation.report import EvaluationReport
from core.inference.prompts import default_prompts
from core.inference.zero_shot import SCORES
from core.kept_result import kept_result
from core.paths import cache_dir
from core.specs import open_studies
from explorer.errors import cache as errors_cache
from explorer.errors.choice import KeyedScores
from explorer.shared import following

Pairs = tuple[tuple[ErrorPair, ...], tuple[ErrorPair, ...]]


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))


def _results() -> list[tuple[Any, Any]]:
    cases = scored(60, ties=False)
    finding = cases.findings[0]
    limits = fit_thresholds(Rule("youden"), cases)
    fits = fit_calibrations(cases.only(finding), n_bootstrap=5)
    halves = np.array(["a", "b", ""] * 20, object)
    studies, prompts = open_studies("phantom:n=12,seed=3,size=64"), default_prompts()
    values = np.random.default_rng(0).random((12, len(prompts))).astype(np.float32)
    return [
        (Sweep, sweep(cases, finding, 5)),
        (tuple[Calibration, Reliability],
         (fits[finding], calibration_report(cases.only(finding), fits, 5).findings[finding])),
        (Pairs, errors_together(cases, limits, 5)),
        (SliceReport, slice_report(cases, finding, {"half": halves}, None, "error",
                                   limits[finding], n_bootstrap=5, min_cases=2)),
        (EvaluationReport, auc_report(studies, prompts, dict.fromkeys(SCORES, values), 5)),
    ]  # fmt: skip


def test_what_pages_keep_comes_back_as_it_was() -> None:
    for number, (kind, result) in enumerate(_results()):
        kept_result(kind, (number,), lambda result=result: result)
        again = kept_result(kind, (number,), _never)
        assert type(again) is type(result)
        np.testing.assert_equal(_plain(again), _plain(result))
    assert not kept_result(Threshold, ("other",), lambda: Threshold(1.0, Rule("youden"), None)
                           ).fitted_on  # fmt: skip


@pytest.mark.parametrize("spoil", ["empty", "other", "cut", "form"])
def test_a_file_that_is_not_sound_is_made_again(spoil: str) -> None:
    first, second = Threshold(1.0, Rule("youden"), None), Threshold(2.0, Rule("score", 2.0), None)
    kept_result(Threshold, (spoil,), lambda: first)
    (path,) = (cache_dir() / "results").iterdir()
    if spoil == "form":
        np.savez(path, told=np.frombuffer(b'{"value": "high", "rule": {}}', np.uint8))
    else:
        whole = path.read_bytes()
        path.write_bytes({"empty": b"", "other": b"PK no", "cut": whole[: len(whole) // 2]}[spoil])
    assert kept_result(Threshold, (spoil,), lambda: second) == second
    assert kept_result(Threshold, (spoil,), _never) == second


def _never() -> Any:
    raise AssertionError("it was kept")


def _plain(value: Any) -> Any:
    """Fields by name, of which arrays and NaN can be compared."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return _plain(vars(value)) if hasattr(value, "__dict__") else value


def test_slices_that_are_kept_need_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LARGE", 10)
    monkeypatch.setattr(errors_cache, "RESAMPLES", 20)
    told = scored(40, ties=False)
    cases, limit = KeyedScores("these films", told), fit_thresholds(Rule("youden"), told)["Edema"]
    studies = open_studies("phantom:n=40,seed=3,size=64")
    read: list[int] = []
    facts = studies.facts
    monkeypatch.setattr(studies, "facts", lambda: read.append(1) or facts())
    asked = cases, "Edema", "auc", 0.0, False, limit, studies

    def after_a_restart() -> SliceReport:
        for one in (errors_cache._slices, errors_cache._columns, errors_cache._lesions):
            one.clear()
        return errors_cache._slices(*asked)

    first = after_a_restart()
    assert repr(after_a_restart()) == repr(first) and len(read) == 1
    studies.table.loc[3, "text"] = "Large left effusion."  # another report: compared anew
    after_a_restart()
    assert len(read) == 2
    studies.table.loc[3, "sex"] = "M" if studies.table["sex"][3] == "F" else "F"
    after_a_restart()
    assert len(read) == 3
    asked = KeyedScores("these films", replace(told, truth=1 - told.truth)), *asked[1:]
    after_a_restart()
    assert len(read) == 4
