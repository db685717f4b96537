"""`python -m core finetune`: LRCLR's layers on a pretrained model, trained on reports alone."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.common import StderrProgress

_Weight = typer.Option(min=0, help="Weight of this loss; 0 switches it off.")
_Features = typer.Option(help="local, conv, window, early, value or last.")
_Freeze = typer.Option(help="Beginning of the names of parameters that do not train; repeatable.")


def finetune_command(
    out: Annotated[Path, typer.Option(help="Folder of the run: model, log.jsonl, status.")],
    config: Annotated[str | None, typer.Option(help="Preset or TOML file to start from.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the newest training state.")] = False,
    queue: Annotated[bool, typer.Option(help="Wait for the runs started earlier.")] = False,
    model: Annotated[str | None, typer.Option(help="What to start from.")] = None,
    data: Annotated[str | None, typer.Option(help="Study set with reports.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    batch_size: Annotated[int | None, typer.Option()] = None,
    learning_rate: Annotated[float | None, typer.Option()] = None,
    weight_decay: Annotated[float | None, typer.Option(min=0)] = None,
    warmup: Annotated[int | None, typer.Option(min=0, help="Steps.")] = None,
    layer_decay: Annotated[float | None, typer.Option(help="Rate of a block by depth.")] = None,
    freeze: Annotated[list[str] | None, _Freeze] = None,
    ema: Annotated[float | None, typer.Option(help="Decay of averaged weights; 0: none.")] = None,
    patience: Annotated[int | None, typer.Option(min=0, help="Checks without a gain.")] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    chunk: Annotated[int | None, typer.Option(min=0, help="Images encoded at once.")] = None,
    keep: Annotated[float | None, typer.Option(help="Patch dropout: share kept.")] = None,
    augment: Annotated[float | None, typer.Option(min=0, help="Strength; 0 is none.")] = None,
    text_augment: Annotated[float | None, typer.Option(help="Share said in other words.")] = None,
    sentences_per_report: Annotated[int | None, typer.Option(min=1)] = None,
    whole_reports: Annotated[bool | None, typer.Option(help="One text a report.")] = None,
    shared_positives: Annotated[bool | None, typer.Option()] = None,
    precision: Annotated[str | None, typer.Option(help="auto, bf16 or fp32.")] = None,
    global_weight: Annotated[float | None, _Weight] = None,
    local_weight: Annotated[float | None, _Weight] = None,
    match_weight: Annotated[float | None, _Weight] = None,
    blank_weight: Annotated[float | None, _Weight] = None,
    loss_form: Annotated[str | None, typer.Option(help="sigmoid or infonce.")] = None,
    scorer: Annotated[str | None, typer.Option(help="How regions are selected.")] = None,
    k: Annotated[int | None, typer.Option("--k", help="Regions kept.")] = None,
    local_form: Annotated[str | None, typer.Option(help="lse, gloria or filip.")] = None,
    gamma: Annotated[float | None, typer.Option(help="Sharpness of the pool.")] = None,
    region_features: Annotated[str | None, _Features] = None,
    fusion_layers: Annotated[int | None, typer.Option(min=1)] = None,
    fusion_heads: Annotated[int | None, typer.Option(min=1)] = None,
    selection_block: Annotated[bool | None, typer.Option()] = None,
    body_mask: Annotated[bool | None, typer.Option()] = None,
    check_data: Annotated[
        str | None, typer.Option(help="Set of the checks; else patients held out of films.")
    ] = None,
    check_every: Annotated[int | None, typer.Option(min=1, help="Steps between.")] = None,
    save_every: Annotated[int | None, typer.Option(min=1, help="Steps between states.")] = None,
    keep_states: Annotated[int | None, typer.Option(min=1, help="Newest states that stay.")] = None,
) -> None:
    """Fine-tune by LRCLR on reports alone; every part of the method is one option."""
    tables: dict[str, dict[str, Any]] = {
        "": {
            "model": model, "data": data, "check_data": check_data, "check_every": check_every,
            "save_every": save_every, "keep_states": keep_states,
        },
        "schedule": {
            "steps": steps, "batch_size": batch_size, "learning_rate": learning_rate,
            "weight_decay": weight_decay, "warmup": warmup, "layer_decay": layer_decay,
            "freeze": freeze or None, "ema": ema, "patience": patience, "seed": seed,
            "chunk": chunk, "keep": keep, "augment": augment, "text_augment": text_augment,
            "sentences_per_report": sentences_per_report,
            "whole_reports": whole_reports, "shared_positives": shared_positives,
            "precision": precision,
        },
        "weights": {
            "global": global_weight, "local": local_weight, "match": match_weight,
            "blank": blank_weight, "form": loss_form,
        },
        "lrclr": {
            "scorer": scorer, "k": k, "local_form": local_form, "gamma": gamma,
            "region_features": region_features, "selection_block": selection_block,
            "fusion_layers": fusion_layers, "fusion_heads": fusion_heads, "body_mask": body_mask,
        },
    }  # fmt: skip
    given = {table: _given(values) for table, values in tables.items()}
    _train(out, config, given, resume, queue)


def _train(
    out: Path, source: str | None, tables: dict[str, dict[str, Any]], resume: bool, queue: bool
) -> None:
    from core.evaluation.report import left_out_sentence
    from core.training.runs import Run, recorded

    def work() -> None:  # the options are checked here, so that a refusal is in the run's status
        from core.training.config_file import read_config  # a run that waits its turn is light
        from core.training.finetune import finetune

        finetune(read_config(source, tables), out, _RunProgress(out), resume)

    if int(os.environ.get("RANK", 0)) > 0:  # one of several processes: the first one reports
        from core.training.config_file import read_config
        from core.training.finetune import finetune

        finetune(read_config(source, tables), out, resume=resume)
        return
    started = time.monotonic()
    recorded(out, sys.argv[2:], work, queue)
    for remark in Run(out).remarks:
        print(remark)
    if left_out := Run(out).left_out:
        print(left_out_sentence(left_out))
    print(f"{out}: done in {time.monotonic() - started:.0f} s; use it with --model {out}")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


class _RunProgress:
    """Reading images, for a terminal on stderr and for the page in the run's log."""

    def __init__(self, out: Path) -> None:
        self._line = StderrProgress("Reading images")
        self._path, self._last = out / "log.jsonl", 0.0

    def __call__(self, done: int, total: int) -> None:
        from core.training.log import RunLog

        self._line(done, total)
        if time.monotonic() - self._last > 1 or done == total:
            RunLog(self._path).write(kind="progress", what="images", done=done, total=total)
            self._last = time.monotonic()
