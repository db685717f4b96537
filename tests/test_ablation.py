"""Plans of runs: read, run, cut off and continued, and compared over seeds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from core.ablation.plan import read_plan
from core.ablation.tables import Comparison, Row, Trial, as_frame, as_markdown
from core.ablation.trials import ablate
from core.backbones.compact import CompactBackbone, CompactConfig
from core.errors import ExplorerError
from core.evaluation.tally import Tally
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ASSETS
from core.phantom.write import write_phantoms
from core.training.record import read_record

pytestmark = pytest.mark.slow
Array = np.ndarray
LABELS = pd.DataFrame({"Fracture": [1, 0] * 40, "Edema": [1, 1, 0, 0] * 20}, dtype=float)


def _trial(variant: str, seed: int, signal: float, hits: float) -> Trial:
    draws = np.random.default_rng(seed)
    scores = LABELS.to_numpy() * signal + draws.normal(size=LABELS.shape)
    values = (draws.random(40) < hits).astype(float).tolist()
    tally = Tally(list(range(0, 80, 2)), {("lrclr", "pointing_game"): values})
    by_score = dict.fromkeys(("lrclr", "global", "local"), scores)
    return Trial(variant, seed, by_score, {"Edema": tally})


def _compared(trials: list[Trial], labels: pd.DataFrame = LABELS, least: int = 1) -> list[Row]:
    compared = Comparison(labels, n_bootstrap=200, min_cases=least)
    for trial in trials:
        compared.add(trial)
    return compared.rows()


def test_a_clear_gain_excludes_zero_and_none_does_not() -> None:
    trials = [_trial("base", 0, 0.5, 0.3), _trial("base", 1, 0.5, 0.3),
              _trial("same", 7, 0.5, 0.3), _trial("better", 3, 4.0, 0.95)]  # fmt: skip
    base, same, better = _compared(trials)
    assert (base.seeds, same.seeds) == (2, 1) and not base.gains
    for name in ("AUC lrclr", "pointing_game lrclr"):
        assert better.gains[name].low > 0
        assert same.gains[name].low < 0 < same.gains[name].high
        assert better.gains[name].value == pytest.approx(
            better.figures[name].value - base.figures[name].value
        )


def test_seeds_are_averaged_and_small_findings_stand_apart() -> None:
    one, two = _trial("base", 0, 1.0, 0.2), _trial("base", 1, 1.0, 0.8)
    (row,) = _compared([one, two])
    alone = [_compared([t])[0] for t in (one, two)]
    for name, figure in row.figures.items():
        assert figure.value == pytest.approx(np.mean([a.figures[name].value for a in alone]))
    fracture = _compared([one], LABELS[["Fracture"]])[0]
    assert alone[0].figures["AUC small"].value == pytest.approx(fracture.figures["AUC lrclr"].value)


def _constant(variant: str, seed: int, value: float, spread: Array | None = None) -> Trial:
    """Every case at one value, so that nothing but seeds can move its mean."""
    trial = _trial(variant, seed, 0.5, 0.5)
    values = [value] * 40 if spread is None else (value + spread).tolist()
    tally = Tally(list(range(0, 80, 2)), {("lrclr", "pointing_game"): values})
    return Trial(variant, seed, trial.scores, {"Edema": tally})


def test_intervals_know_that_seeds_differ() -> None:
    name = "pointing_game lrclr"
    trials = [_constant("base", 0, 0.2), _constant("base", 1, 0.8),
              _constant("better", 0, 0.3), _constant("better", 1, 0.9)]  # fmt: skip
    base, better = _compared(trials)
    assert base.figures[name] == pytest.approx((0.5, 0.2, 0.8))
    assert base.spread[name] == pytest.approx(np.std([0.2, 0.8], ddof=1))
    # Seed by seed the gain is the same.
    assert better.gains[name] == pytest.approx((0.1, 0.1, 0.1))
    (alone,) = _compared(trials[:1])
    assert alone.figures[name] == pytest.approx((0.2, 0.2, 0.2)) and not alone.spread
    assert "±0.424" in as_markdown([base, better]) and "±" not in as_markdown([alone])
    assert as_frame([base])[f"{name} sd over seeds"][0] == pytest.approx(base.spread[name])


def test_intervals_resample_patients() -> None:
    """Two films of each patient that are the same say what one says."""
    one = _trial("base", 0, 0.5, 0.3)
    twice = {name: np.concatenate([values, values]) for name, values in one.scores.items()}
    tally = one.cases["Edema"]
    key = ("lrclr", "pointing_game")
    rows = tally.rows + [row + 80 for row in tally.rows]
    both = Trial("base", 0, twice, {"Edema": Tally(rows, {key: tally.values[key] * 2})})
    labels = pd.concat([LABELS, LABELS], ignore_index=True)
    films, patients = (
        Comparison(labels, n_bootstrap=200, patients=known)
        for known in (None, np.tile(np.arange(80), 2))
    )
    films.add(both)
    patients.add(both)
    (alone,), (by_patient,), (by_film,) = _compared([one]), patients.rows(), films.rows()
    for name in ("AUC lrclr", "pointing_game lrclr"):
        assert by_patient.figures[name] == pytest.approx(alone.figures[name])
        widths = [figure.high - figure.low for figure in
                  (by_film.figures[name], by_patient.figures[name])]  # fmt: skip
        assert widths[0] < 0.85 * widths[1]


def test_what_one_finding_gains_another_loses_in_the_same_draws() -> None:
    """Two findings with opposite truth: their mean AUC is one half in every resample."""
    labels = pd.DataFrame({"A": LABELS["Fracture"], "B": 1 - LABELS["Fracture"]})
    score = np.random.default_rng(0).normal(size=80)
    scores = dict.fromkeys(("lrclr", "global", "local"), np.stack([score, score], axis=1))
    (row,) = _compared([Trial("base", 0, scores, {})], labels)
    assert row.figures["AUC lrclr"] == pytest.approx((0.5, 0.5, 0.5))


def test_a_control_that_lacks_a_finding_has_no_mean() -> None:
    one = _trial("base", 0, 1.0, 0.5)
    edema = one.cases["Edema"]
    key = ("mean-location", "pointing_game")
    unknown = [float("nan")] * 40
    cases = {"Edema": Tally(edema.rows, edema.values | {key: [1.0] * 40}),
             "Fracture": Tally(edema.rows, edema.values | {key: unknown})}  # fmt: skip
    (row,) = _compared([Trial("base", 0, one.scores, cases)])
    assert "pointing_game mean-location" not in row.figures
    assert "pointing_game lrclr" in row.figures


def test_findings_of_few_cases_are_left_out_of_localisation() -> None:
    one = _trial("base", 0, 1.0, 0.5)
    rare = Tally([1, 3], {("lrclr", "pointing_game"): [1.0, 1.0]})
    both = Trial("base", 0, one.scores, {**one.cases, "Fracture": rare})
    alone, few, whole = (
        _compared([trial], least=least)[0].figures
        for trial, least in ((one, 1), (both, 3), (both, 2))
    )
    name = "pointing_game lrclr"
    assert few[name] == alone[name]
    assert whole[name].value == pytest.approx((alone[name].value + 1) / 2)


def test_tables_hold_every_variant_and_mark_what_is_sure() -> None:
    rows = _compared([_trial("base", 0, 0.5, 0.3), _trial("better", 3, 4.0, 0.95)])
    scores, pointing = as_markdown(rows).split("### ")[1:]
    for table in (scores, pointing):
        base, better = table.splitlines()[4:6]
        assert better.startswith("| better |") and "*" in better and "*" not in base
    frame = as_frame(rows)
    assert list(frame["variant"]) == ["base", "better"]
    assert frame["gain AUC lrclr value"][1] == pytest.approx(rows[1].gains["AUC lrclr"].value)


def test_the_plans_that_ship_can_be_read() -> None:
    for path in sorted((ASSETS / "plans").glob("*.toml")):
        plan = read_plan(path)
        assert len(plan.variants) > 1 and plan.seeds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seeds = [", "no TOML"),
        ("seed = [1]", "seed is no key"),
        ("seeds = [1]", "no [[variant]]"),
        ('[[variant]]\nname = "a"\n[[variant]]\nname = "a"', "'a'"),
        ('[[variant]]\nname = "../a"', "'../a'"),
        ('[[variant]]\nname = "a"\n[variant.schedule]\nstepz = 3', "stepz"),
        ('controls = ["ear"]\n[[variant]]\nname = "a"', "'ear'"),
        ('methods = ["nose"]\n[[variant]]\nname = "a"', "'nose'"),
    ],
)
def test_a_plan_that_cannot_be_run_says_why(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(ExplorerError) as told:
        read_plan(path)
    assert says in str(told.value)


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="no plan at"):
        read_plan(tmp_path / "none.toml")


def test_a_plan_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    torch.manual_seed(0)
    small = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
    save_model(LRCLR(CompactBackbone(small), LRCLRConfig(added_layers=False)), tmp_path / "base")
    (tmp_path / "plan.toml").write_text(f"""
seeds = [0, 1]
test_data = "phantom:test,n=24,size=64"
localize_first = 16
controls = ["centre"]
[shared]
model = "{tmp_path / "base"}"
data = "phantom:train,n=8,size=64"
check_data = "phantom:val,n=12,size=64"
check_every = 2
[shared.schedule]
steps = 2
batch_size = 4
precision = "fp32"
[shared.lrclr]
k = 4
fusion_heads = 2
[[variant]]
name = "lrclr"
[[variant]]
name = "global-only"
[variant.weights]
local = 0.0
match = 0.0
""")
    plan = read_plan(tmp_path / "plan.toml")
    assert plan.variants["global-only"].weights.local == 0
    assert plan.variants["global-only"].lrclr is not None  # the shared table stays
    said: list[str] = []

    def cut(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        ablate(plan, out, cut)
    done = {path: path.stat().st_mtime_ns for path in out.glob("trials/*/*")}
    assert len({path.parent for path in done}) == 2
    rows = ablate(plan, out, said.append)
    assert all(path.stat().st_mtime_ns == then for path, then in done.items())  # read, not trained
    assert [row.variant for row in rows] == ["lrclr", "global-only"]
    assert {row.seeds for row in rows} == {2}
    assert "pointing_game lrclr" in rows[0].figures and "cnr similarity" in rows[0].figures
    assert "pointing_game centre" in rows[0].figures  # a control is measured once
    assert "pointing_game centre" not in rows[1].figures
    tables = (out / "table.md").read_text().split("### ")[1:]
    titles = [table.splitlines()[0] for table in tables]
    assert titles == ["Scores", "Localisation by similarity", "Localisation by lrclr",
                      "Controls, on lrclr"]  # fmt: skip
    assert "| global-only |" in tables[1] and "| centre |" in tables[3]
    assert len(pd.read_csv(out / "table.csv")) == 2
    assert (out / "figure.png").stat().st_size > 1000

    # Another variant comes first: it is measured with the controls, and nothing is trained again.
    models = {path: path.stat().st_mtime_ns for path in out.glob("trials/*/model.safetensors")}
    turned = replace(plan, variants=dict(reversed(plan.variants.items())))
    first, second = ablate(turned, out, said.append)
    assert first.variant == "global-only" and "pointing_game centre" in first.figures
    assert "pointing_game centre" not in second.figures
    assert all(path.stat().st_mtime_ns == then for path, then in models.items())


def test_folds_are_measured_as_one_set(tmp_path: Path) -> None:
    """Every study is tested once, by a model that was not trained on it."""
    torch.manual_seed(0)
    small = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
    save_model(LRCLR(CompactBackbone(small), LRCLRConfig(added_layers=False)), tmp_path / "base")
    write_phantoms(tmp_path / "set", n=30, seed=2, size=64)
    manifest = tmp_path / "set" / "manifest.csv"
    (tmp_path / "plan.toml").write_text(f"""
folds = 3
min_positives = 3
test_data = "{manifest},fold={{fold}}of3"
methods = ["similarity"]
[shared]
model = "{tmp_path / "base"}"
data = "{manifest},without={{fold}}of3"
check_data = "{manifest},fold={{fold}}of3"
[shared.schedule]
steps = 1
batch_size = 4
precision = "fp32"
[shared.lrclr]
k = 4
fusion_heads = 2
[[variant]]
name = "lrclr"
""")
    (row,) = ablate(read_plan(tmp_path / "plan.toml"), tmp_path / "out", lambda _: None)
    folders = sorted(path.name for path in (tmp_path / "out" / "trials").iterdir())
    assert folders == [f"lrclr-seed0-fold{fold}" for fold in range(3)]
    records = [read_record(tmp_path / "out" / "trials" / name) for name in folders]
    assert {record["data"]["images"] for record in records} == {20}
    assert len({record["data"]["fingerprint"] for record in records}) == 3
    assert {"AUC lrclr", "retrieval", "deletion similarity"} <= set(row.figures)
