"""A plan of training runs: variants of one configuration over seeds, measured on one test set.

A plan is TOML: what all variants share, then what each changes (assets/plans/ has ours). Every
trial is a run folder; a plan that was cut off goes on with the trials and steps it lacks. With
`folds = 5` every trial is five, `{fold}` in the names of its sets counting them, and the five test
parts are measured as one set. `controls` are methods that are measured with the first variant
alone, such as those that know nothing of the model. `localize_first` bounds how many studies are
localised and retrieved, which takes longer than scoring; 0 is all.
"""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.evaluation.ablation import Comparison, Row, Trial, as_frame, as_markdown
from core.evaluation.brixia import zone_correlation
from core.evaluation.localize import Tally, check_methods, measure_cases
from core.evaluation.retrieval import own_report_rank
from core.files import write_text_whole
from core.inference.predictor import Predictor
from core.inference.prompts import prompts_for
from core.lrclr.checkpoint import load_model
from core.studies import StudySet, open_studies
from core.training.check import encode_inputs
from core.training.config_file import read_config
from core.training.finetune import FinetuneConfig, finetune
from core.training.inputs import Progress, prepared

Say = Callable[[str], None]
_KEYS = {
    "config", "seeds", "test_data", "methods", "controls", "localize_first", "folds",
    "min_positives", "shared", "variant",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Variants by name, the one that the others are compared with first."""

    variants: dict[str, FinetuneConfig]
    seeds: tuple[int, ...]
    test_data: str
    methods: tuple[str, ...]
    folds: int = 1
    min_positives: int = 1  # of a finding that counts, and negatives; of its cases, too
    controls: tuple[str, ...] = ()
    localize_first: int = 0

    def methods_of(self, variant: str) -> tuple[str, ...]:
        """What is localised of a variant."""
        return self.methods + (self.controls if variant == next(iter(self.variants)) else ())


def read_plan(path: Path) -> Plan:
    """A checked plan.

    Raises:
        ExplorerError: no file, no TOML, an unknown key, or a variant that is no configuration.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ExplorerError(f"There is no plan at {path}; give a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExplorerError(f"{path} is no TOML file: {error}.") from None
    unknown = sorted(set(read) - _KEYS)
    if unknown:
        raise ExplorerError(f"{path}: {unknown[0]} is no key; known: {', '.join(sorted(_KEYS))}.")
    variants: dict[str, FinetuneConfig] = {}
    for number, entry in enumerate(read.get("variant", []), start=1):
        values = dict(entry)
        name = str(values.pop("name", f"variant-{number}"))
        if name in variants or "/" in name:
            raise ExplorerError(f"{path}: '{name}' cannot name a variant, or names two.")
        source = values.pop("config", read.get("config"))
        shared = {table: dict(given) for table, given in _tables(read.get("shared", {})).items()}
        for table, given in _tables(values).items():
            shared[table] = {**shared.get(table, {}), **given}
        try:
            variants[name] = read_config(source, shared)
        except ExplorerError as error:
            raise ExplorerError(f"{path}, variant '{name}': {error}") from None
    if not variants:
        raise ExplorerError(f"{path} has no [[variant]]; name at least one.")
    methods = tuple(read.get("methods", ["similarity", "lrclr"]))
    controls = tuple(read.get("controls", []))
    check_methods(methods + controls)
    return Plan(
        variants, tuple(read.get("seeds", [0])), read.get("test_data", "phantom:test"), methods,
        read.get("folds", 1), read.get("min_positives", 1), controls,
        read.get("localize_first", 0),
    )  # fmt: skip


def ablate(plan: Plan, out: Path, say: Say = print, progress: Progress | None = None) -> list[Row]:
    """Run what the plan lacks, and write table.md, table.csv and figure.png.

    Raises:
        ExplorerError: as `finetune` and `localize`.
    """
    tests = [open_studies(plan.test_data.format(fold=fold)) for fold in range(plan.folds)]
    labels = pd.concat([test.labels for test in tests], ignore_index=True)
    counts = [(labels == value).sum() for value in (0, 1)]
    names = [n for n in labels if min(count[n] for count in counts) >= plan.min_positives]
    compared = Comparison(labels[names], min_cases=plan.min_positives)
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


def _tables(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    tables = {name: dict(value) for name, value in values.items() if isinstance(value, dict)}
    tables[""] = {name: value for name, value in values.items() if not isinstance(value, dict)}
    return tables
