"""`python -m core finetune`: LRCLR's layers on a pretrained model, trained on reports alone."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.common import StderrProgress

if TYPE_CHECKING:
    from core.training.finetune import FinetuneConfig

_Weight = typer.Option(min=0, help="Weight of this loss; 0 switches it off.")


def finetune_command(
    out: Annotated[Path, typer.Option(help="Folder of the run: model, log.jsonl, status.")],
    model: Annotated[str, typer.Option(help="What to start from.")] = "demo-base",
    data: Annotated[str, typer.Option(help="Study set with reports.")] = "phantom:train",
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    batch_size: Annotated[int | None, typer.Option()] = None,
    learning_rate: Annotated[float | None, typer.Option()] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    keep: Annotated[float | None, typer.Option(help="Patch dropout: share kept.")] = None,
    sentences_per_report: Annotated[int | None, typer.Option(min=1)] = None,
    precision: Annotated[str | None, typer.Option(help="auto, bf16 or fp32.")] = None,
    global_weight: Annotated[float | None, _Weight] = None,
    local_weight: Annotated[float | None, _Weight] = None,
    match_weight: Annotated[float | None, _Weight] = None,
    loss_form: Annotated[str | None, typer.Option(help="sigmoid or infonce.")] = None,
    scorer: Annotated[str | None, typer.Option(help="How regions are selected.")] = None,
    k: Annotated[int | None, typer.Option("--k", help="Regions kept.")] = None,
    local_form: Annotated[str | None, typer.Option(help="lse, gloria or filip.")] = None,
    region_features: Annotated[str | None, typer.Option(help="local or last.")] = None,
    fusion_layers: Annotated[int | None, typer.Option(min=1)] = None,
    selection_block: Annotated[bool | None, typer.Option()] = None,
    body_mask: Annotated[bool | None, typer.Option()] = None,
    check_data: Annotated[str | None, typer.Option(help="Set of the checks.")] = None,
    check_every: Annotated[int | None, typer.Option(min=1, help="Steps between.")] = None,
) -> None:
    """Fine-tune by LRCLR on reports alone; every part of the method is one option."""
    run = {"check_data": check_data, "check_every": check_every}
    schedule = {
        "steps": steps, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed,
        "keep": keep, "sentences_per_report": sentences_per_report, "precision": precision,
    }  # fmt: skip
    weights = {
        "global_": global_weight, "local": local_weight, "match": match_weight, "form": loss_form,
    }  # fmt: skip
    layers = {
        "scorer": scorer, "k": k, "local_form": local_form, "region_features": region_features,
        "fusion_layers": fusion_layers, "selection_block": selection_block, "body_mask": body_mask,
    }  # fmt: skip
    _train(out, model, data, run, schedule, weights, layers)


def _train(out: Path, model: str, data: str, *options: dict[str, Any]) -> None:
    from core.training.finetune import finetune
    from core.training.runs import recorded

    def work() -> None:  # the options are checked here, so that a refusal is in the run's status
        (out / "log.jsonl").unlink(missing_ok=True)
        finetune(_config(model, data, *map(_given, options)), out, _RunProgress(out))

    started = time.monotonic()
    recorded(out, sys.argv[2:], work)
    print(f"{out}: done in {time.monotonic() - started:.0f} s; use it with --model {out}")


def _config(
    model: str,
    data: str,
    run: dict[str, Any],
    schedule: dict[str, Any],
    weights: dict[str, Any],
    layers: dict[str, Any],
) -> "FinetuneConfig":
    """The defaults with what was given."""
    from dataclasses import replace

    from core.lrclr.checkpoint import load_model
    from core.lrclr.config import LRCLRConfig
    from core.training.finetune import FinetuneConfig

    default = FinetuneConfig()
    chosen = None
    if layers:  # changes to the layers the model has, if it has some
        present = load_model(model).config
        chosen = replace(present if present.added_layers else LRCLRConfig(), **layers)
    return replace(
        default, model=model, data=data, lrclr=chosen,
        schedule=replace(default.schedule, **schedule),
        weights=replace(default.weights, **weights), **run,
    )  # fmt: skip


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


class _RunProgress:
    """Reading images, for a terminal on stderr and for the page in the run's log."""

    def __init__(self, out: Path) -> None:
        self._line = StderrProgress("Reading images")
        self._path, self._last = out / "log.jsonl", 0.0

    def __call__(self, done: int, total: int) -> None:
        from core.training.engine import RunLog

        self._line(done, total)
        if time.monotonic() - self._last > 1 or done == total:
            RunLog(self._path).write(kind="progress", what="images", done=done, total=total)
            self._last = time.monotonic()
