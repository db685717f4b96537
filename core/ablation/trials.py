"""The trials of a plan: trained, measured, and put side by side in tables and a figure."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.ablation.brixia import zone_correlation
from core.ablation.plan import Plan
from core.ablation.tables import Comparison, Row, Trial, as_frame, as_markdown
from core.errors import ExplorerError
from core.evaluation.localize import measure_cases
from core.evaluation.retrieval import own_report_rank
from core.evaluation.tally import Tally
from core.files import write_text_whole
from core.inference.predictor import Predictor
from core.inference.prompts import prompts_for
from core.lrclr.checkpoint import load_model
from core.progress import Progress
from core.specs import open_studies
from core.studies import StudySet
from core.training.check import encode_inputs
from core.training.finetune import finetune
from core.training.inputs import prepared
from core.training.settings import FinetuneConfig

Say = Callable[[str], None]
def ablate(plan: Plan, out: Path, say: Say = print, progress: Progress | None = None) -> list[Row]:
    """Run what the plan lacks, and write table.md, table.csv and figure.png.

    Raises:
        ExplorerError: as `finetune` and `localize`.
    """
    tests = [open_studies(plan.test_data.format(fold=fold)) for fold in range(plan.folds)]
    labels = pd.concat([test.labels for test in tests], ignore_index=True)
    counts = [(labels == value).sum() for value in (0, 1)]
    names = [n for n in labels if min(count[n] for count in counts) >= plan.min_positives]
    patients = _numbered([test.patients for test in tests])
    compared = Comparison(labels[names], min_cases=plan.min_positives, patients=patients)
    done, total = 0, len(plan.variants) * len(plan.seeds)
    for variant, config in plan.variants.items():
        for seed in plan.seeds:
            done += 1
            say(f"{variant}, seed {seed}: trial {done} of {total}")
            parts = []
            for fold, test in enumerate(tests):
                folder = out / "trials" / f"{variant}-seed{seed}-fold{fold}"
                measured = plan.methods_of(variant)
                if not _is_measured(folder, measured):
                    made = _of_fold(config, fold, seed)
                    if not _is_trained(folder, made.schedule.steps):
                        finetune(made, folder, progress, resume=True)
                    # Loaded even if just trained, so that a trial cut off here measures the same.
                    model = Predictor(load_model(str(folder)), variant)
                    _measure(model, test, names, measured, plan.localize_first, folder, seed)
                parts.append(_read(variant, seed, folder, measured))
            compared.add(_joined(parts))
        _write(compared.rows(), out)
    return compared.rows()


def _numbered(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Patients of all folds, none of whom is in two."""
    starts = np.cumsum([0, *(int(part.max(initial=-1)) + 1 for part in parts[:-1])])
    return np.concatenate([part + start for part, start in zip(parts, starts, strict=True)])


def _of_fold(config: FinetuneConfig, fold: int, seed: int) -> FinetuneConfig:
    return replace(
        config, data=config.data.format(fold=fold), check_data=config.check_data.format(fold=fold),
        schedule=replace(config.schedule, seed=seed),
    )  # fmt: skip


def _joined(parts: list[Trial]) -> Trial:
    """The folds of a trial as one set; models differ in scale, so scores are standardised first."""
    if len(parts) == 1:
        return parts[0]
    scores = {
        name: np.concatenate([_standardised(part.scores[name]) for part in parts])
        for name in parts[0].scores
    }
    cases: dict[str, Tally] = {}
    start = 0
    for part in parts:
        for finding, found in part.cases.items():
            tally = cases.setdefault(finding, Tally())
            tally.rows += [start + row for row in found.rows]
            for key, values in found.values.items():
                tally.values.setdefault(key, []).extend(values)
        start += len(next(iter(part.scores.values())))
    studies = {
        name: np.concatenate([part.studies[name] for part in parts]) for name in parts[0].studies
    }
    return Trial(parts[0].variant, parts[0].seed, scores, cases, studies)


def _standardised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return (scores - scores.mean(axis=0)) / scores.std(axis=0).clip(min=1e-9)


def _is_trained(folder: Path, steps: int) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError:
        return False
    return bool(config["notes"].get("step") == steps)


def _is_measured(folder: Path, methods: tuple[str, ...]) -> bool:
    """Whether a trial is done; one that was made for another plan may lack that one's controls."""
    if not (folder / "cases.json").is_file():
        return False
    told = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    known = {key.split("|")[0] for found in told.values() for key in found["values"]}
    return not known or known.issuperset(methods)


def _measure(
    predictor: Predictor,
    test: StudySet,
    names: list[str],
    methods: tuple[str, ...],
    first: int,
    folder: Path,
    seed: int,
) -> None:
    model = predictor.model
    # Not `predictor.encode_set`, which would keep the encodings of every trial on disk.
    inputs = prepared(test, model.backbone, model.config.body_mask)
    if len(inputs) < len(test):
        raise ExplorerError(
            f"{len(test) - len(inputs)} of {len(test)} images of '{test.spec}' cannot be read; a "
            "plan compares models on whole sets: import the set first, which leaves them out."
        )
    images = encode_inputs(model, inputs)
    scores = predictor.score(images, prompts_for(names))
    np.savez_compressed(folder / "scores.npz", **{name: scores[name] for name in scores})  # type: ignore[arg-type]
    count = min(first or len(test), len(test))
    part = test.subset(range(count)) if count < len(test) else test
    retrieval = np.full(len(test), np.nan)
    retrieval[:count] = own_report_rank(predictor, part, images.rows(slice(0, count)))
    zones = zone_correlation(predictor, test, methods, seed)
    brixia = {f"brixia {method}": values for method, values in zones.items()}
    np.savez_compressed(folder / "studies.npz", retrieval=retrieval, **brixia)  # type: ignore[arg-type]
    tallies = measure_cases(predictor, part, methods, seed=seed, costly=True)
    told = {
        finding: {"rows": tally.rows, "values": {"|".join(k): v for k, v in tally.values.items()}}
        for finding, tally in tallies.items()
    }
    # Last: a trial is done when this is there.
    write_text_whole(folder / "cases.json", json.dumps(told))


def _read(variant: str, seed: int, folder: Path, methods: tuple[str, ...]) -> Trial:
    """What was measured of a trial, of these methods alone."""
    told = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    cases = {}
    for finding, found in told.items():
        values = {}
        for key, numbers in found["values"].items():
            method, measure = key.split("|")
            if method in methods:
                values[method, measure] = numbers
        cases[finding] = Tally(found["rows"], values)
    with np.load(folder / "scores.npz") as kept:
        scores = {name: kept[name].astype(float) for name in kept.files}
    with np.load(folder / "studies.npz") as kept:
        wanted = ("retrieval", *(f"brixia {method}" for method in methods))
        studies = {name: kept[name] for name in kept.files if name in wanted}
    return Trial(variant, seed, scores, cases, studies)


def _write(rows: list[Row], out: Path) -> None:
    (out / "table.md").write_text(as_markdown(rows), encoding="utf-8")
    as_frame(rows).to_csv(out / "table.csv", index=False)
    _figure(rows, out / "figure.png")


def _figure(rows: list[Row], path: Path) -> None:
    """Value and interval of each variant, one panel a figure."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    known = [n for n in rows[0].figures if all(n in row.figures for row in rows)]
    names = [n for n in known if n.startswith(("AUC", "pointing_game", "energy"))]
    size = (3.2 * len(names), 0.45 * len(rows) + 1.4)
    figure, axes = pyplot.subplots(1, len(names), figsize=size, sharey=True, squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        found = [row.figures[name] for row in rows]
        value = np.array([f.value for f in found])
        spread = np.array([[f.value - f.low, f.high - f.value] for f in found]).T
        axis.errorbar(value, range(len(rows)), xerr=spread, fmt="o", color="#b5651d", capsize=3)
        axis.axvline(value[0], color="#8a94a3", linewidth=1, linestyle=":")
        axis.set_title(name, fontsize=10)
        axis.grid(axis="x", alpha=0.3)
    axes[0][0].set_yticks(range(len(rows)), [row.variant for row in rows])
    axes[0][0].invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
