"""What an edit of prompts changes: paired on the same studies, edited findings only."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tiny_model import TinySet

from core.evaluation.prompt_change import prompt_change
from core.inference.prompts import FindingPrompts, PromptSet
from core.metrics.auc import paired_auc_difference


def _prompts(**words: str) -> PromptSet:
    return PromptSet(
        {name.replace("_", " "): FindingPrompts((text,), ("no",)) for name, text in words.items()}
    )


def _scores(studies: TinySet, findings: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(len(studies), findings)).astype(np.float32)


def test_an_edit_is_judged_on_the_studies_that_both_can_score():
    studies = TinySet(30)
    old, new = _prompts(Edema="a", Fracture="b"), _prompts(Fracture="c", Edema="a")
    before, after = _scores(studies, 2, 0), _scores(studies, 2, 1)
    before[3], after[5] = np.nan, np.nan
    report = prompt_change(studies, (old, before), (new, after), 200, seed=4)
    assert list(report.findings) == ["Fracture"] and report.left_out == ()
    truth = studies.table["Fracture"].to_numpy()
    known = ~np.isnan(truth)
    known[[3, 5]] = False
    edit = report.findings["Fracture"]
    # In `new` the findings stand in another order: each score is read from its own column.
    assert edit.before == pytest.approx(roc_auc_score(truth[known], before[known, 1]))
    assert edit.after == pytest.approx(roc_auc_score(truth[known], after[known, 0]))
    assert edit.change == paired_auc_difference(
        truth[known], before[known, 1].astype(float), after[known, 0].astype(float), 200, 4
    )
    assert edit.change.value == pytest.approx(edit.after - edit.before)
    assert (edit.positives, edit.negatives) == (truth[known].sum(), (1 - truth[known]).sum())


def test_a_change_that_alters_no_score_has_an_interval_of_zero():
    studies = TinySet(30)
    scores = _scores(studies, 1, 0)
    same = prompt_change(
        studies, (_prompts(Fracture="a"), scores), (_prompts(Fracture="b"), scores), 100
    )
    assert tuple(same.findings["Fracture"].change) == (0, 0, 0)


def test_findings_that_the_set_cannot_judge_are_named():
    studies = TinySet(12)
    old = _prompts(Edema="a", Coin="a", Fracture="a")
    new = _prompts(Edema="b", Coin="b", Fracture="a", Pneumonia="new")
    report = prompt_change(
        studies, (old, _scores(studies, 3, 0)), (new, _scores(studies, 4, 0)), 10
    )
    assert not report.findings and report.left_out == ("Edema", "Coin")
    assert "Edema, Coin" in report.table()


def test_json_keys():
    studies = TinySet(12)
    report = prompt_change(
        studies, (_prompts(Fracture="a"), _scores(studies, 1, 0)),
        (_prompts(Fracture="b"), _scores(studies, 1, 1)), 10,
    )  # fmt: skip
    made = report.to_json()
    assert set(made) == {"findings", "left_out"}
    assert set(made["findings"]["Fracture"]) == {
        "positives", "negatives", "before", "after", "change"
    }  # fmt: skip
    assert set(made["findings"]["Fracture"]["change"]) == {"value", "low", "high"}
