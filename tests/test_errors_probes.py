"""Twins and lesions on the page Errors; what the quarters of lesions are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import session_of, sound
from streamlit.testing.v1 import AppTest

from core.analysis.lesion_bands import lesion_bands
from core.analysis.lesion_maps import lesion_cases
from core.analysis.lesions import MEASURED, QUESTIONS, LesionCases, lesion_report
from core.analysis.scored import SetIdentity
from core.analysis.twin_scores import compare_twins, draw_twins, drawn_set
from core.errors import ExplorerError
from core.inference.predictor import load_predictor
from core.inference.prompts import PromptSet, default_prompts
from core.metrics.bootstrap import resamples
from core.paths import ROOT
from core.specs import open_studies
from core.studies.phantom_set import PhantomSet
from core.studies.selection import spread
from explorer.errors import cache as errors_cache

SET = "phantom:n=24,seed=5"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(errors_cache, "RESAMPLES", 40)
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    test.query_params.update({"set": SET, "finding": "Edema"})
    test.run()
    return test.switch_page("../pages/errors.py").run()


def _table(app: AppTest, column: str) -> Any:
    return next((one.value for one in app.dataframe if column in one.value), None)


def _commands(app: AppTest) -> str:
    return "\n".join(one.value for one in app.code)


def test_twins_and_lesions_are_those_of_the_commands_and_wait_to_be_asked(app: AppTest) -> None:
    sound(app)
    assert _table(app, "Twins: this alone") is None and _table(app, "Map") is None
    app.number_input(key="errors_twins_count").set_value(20).run()
    box = next(one for one in app.selectbox if one.label == "They differ in")
    box.select("exposure").run()
    app.button(key="errors_twins").click().run()
    sound(app)
    model, studies = load_predictor("demo"), open_studies(SET)
    prompts = PromptSet({"Edema": default_prompts()["Edema"]})
    assert isinstance(studies, PhantomSet)
    report = compare_twins(model, studies, prompts, "exposure", 20, n_bootstrap=40)
    shown = _table(app, "Twins: this alone")
    assert shown["Verdict"].tolist() == [one.verdict for one in report.comparisons]
    mean = report.comparisons[2].twins
    assert shown["Twins: this alone"][2].startswith(f"{mean.value:+.3f} ({mean.low:+.3f}")
    said = "\n".join(one.value for one in app.markdown)
    assert f"Mean score of films without Edema: **{report.comparisons[2].verdict}**" in said
    assert "twins --model demo --data phantom:n=24,seed=5 --change exposure" in _commands(app)

    app.number_input(key="errors_lesion_films_24").set_value(6)
    app.button_group(key="errors_lesion_maps").set_value(["lrclr", "centre"]).run()
    app.button(key="errors_lesions").click().run()
    sound(app)
    told = lesion_report(lesion_cases(model, spread(studies, 6), ["lrclr", "centre"]), 20, 40)
    shown = _table(app, "Map")
    assert len(shown) == 2 * len(QUESTIONS) and set(shown["Map"]) == {"LRCLR regions", "Centre"}
    area = next(one for one in told.relations if (one.method, one.measure, one.question)
                == ("lrclr", "iou", "area"))  # fmt: skip
    told_area = f"{area.rank.value:+.2f} ({area.rank.low:+.2f}"
    assert shown["IoU: rank correlation"][0].startswith(told_area)
    (plot,) = [one.proto for one in app.get("plotly_chart") if "errors_lesions" in one.proto.id]
    assert "share of the film" in plot.spec
    assert "lesions --model demo --data phantom:n=24,seed=5 --methods lrclr,centre" in _commands(
        app
    )
    assert session_of(app).twins_asked and _table(app, "Twins: this alone") is not None


def test_a_finding_that_the_change_makes_is_refused_and_other_sets_are_not_drawn() -> None:
    studies = open_studies(SET)
    prompts = PromptSet({"Support Devices": default_prompts()["Support Devices"]})
    assert isinstance(studies, PhantomSet)
    with pytest.raises(ExplorerError, match="differ in the label of Support Devices"):
        compare_twins(load_predictor("demo"), studies, prompts, "device", 20)
    with pytest.raises(ExplorerError, match="no set of phantoms"):
        drawn_set(spread(studies, 5))


def test_progress_counts_the_films_of_both_twins_and_the_set() -> None:
    told: list[tuple[int, int]] = []
    studies = PhantomSet("test", 6, 91, 224, "phantom:n=6,seed=91")
    prompts = PromptSet({"Edema": default_prompts()["Edema"]})
    compare_twins(
        load_predictor("demo"), studies, prompts, "sex", 4, n_bootstrap=5, seed=92,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == [(4, 14), (8, 14), (14, 14)]
    drawn = draw_twins(studies, "sex", 4, 92)
    assert drawn.words == ("F", "M") and drawn.side.tolist() == [
        int(case.sex == "M") for case in studies.cases
    ]


def test_quarters_hold_every_lesion_once_and_their_means_are_plain() -> None:
    rng = np.random.default_rng(2)
    questions = {name: rng.random(30) for name in QUESTIONS}
    questions["number"] = np.repeat([1.0, 2.0], [25, 5])
    hit = rng.integers(0, 2, 30).astype(float)
    patients = np.arange(30) // 2
    cases = LesionCases(
        SetIdentity("s", "f", 30, 15), np.array(["Edema"] * 30, object), patients, questions,
        {"lrclr": {name: hit for name in MEASURED}},
    )  # fmt: skip
    bands = lesion_bands(cases, 50, 4)
    for question in QUESTIONS:
        own = [one for one in bands if (one.question, one.measure) == (question, "iou")]
        assert sum(one.n for one in own) == 30
        assert len(own) == (2 if question == "number" else 4)
        assert sum(one.n * one.mean.value for one in own) == pytest.approx(hit.sum())
    first = next(one for one in bands if one.question == "area")
    inside = (questions["area"] >= first.low) & (questions["area"] <= first.high)
    assert first.n == inside.sum() == 8 and first.mean.value == pytest.approx(hit[inside].mean())
    drawn = resamples(30, 50, 4, patients)[:, inside]
    means = (drawn @ hit[inside])[drawn.sum(1) > 0] / drawn.sum(1)[drawn.sum(1) > 0]
    assert first.mean.low == pytest.approx(np.quantile(means, 0.025))


def test_spread_takes_both_ends() -> None:
    studies = open_studies("phantom:n=24,seed=5")
    some = spread(studies, 3)
    assert some.ids == [studies.ids[row] for row in (0, 12, 23)]
    assert spread(studies, 24) is spread(studies, None) is studies
