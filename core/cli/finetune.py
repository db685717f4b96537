"""`python -m core finetune`: LRCLR's layers on a pretrained model, trained on reports alone."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from core.cli.common import StderrProgress, StepsProgress
from core.lrclr.config import FUSIONS, LOCAL_FORMS, REGION_FEATURES, LRCLRConfig
from core.precision import PRECISIONS
from core.training.settings import LOSS_FORMS, FinetuneConfig, Schedule, Weights


def _one_of(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}."


TABLES: dict[str, type] = {
    "": FinetuneConfig, "schedule": Schedule, "weights": Weights, "lrclr": LRCLRConfig
}  # fmt: skip
"""Tables of a configuration, each the dataclass of its settings; every field is an option."""
NO_OPTION = {"schedule", "weights", "lrclr", "added_layers", "mix", "spread"}
"""The tables, a baseline's switch, weights of the zero-shot score, what a check finds."""
HELP = {
    "model": "What to start from.",
    "data": "Study set with reports.",
    "check_data": "Set of the checks; else patients held out of films.",
    "sentences": "With statements: reports whose sentences are said, too; indiana or a path.",
    "follow": "Text whose regions `runs --time-lapse` shows by step; repeatable.",
    "check_every": "Steps between.",
    "save_every": "Steps between states.",
    "keep_states": "Newest states that stay.",
    "steps": "Training steps.",
    "batch_size": "Images a step, of all processes together.",
    "chunk": "Images encoded at once.",
    "warmup": "Steps.",
    "sentences_per_report": "Drawn at every step.",
    "statements": "Texts whose truth is known of every image, contradictions among them.",
    "balance": "With statements: rare findings more often.",
    "side": "Pixels shown in training; 0 is all.",
    "sharpness": "Share of images blurred or sharpened.",
    "stem": "Rate of a convolutional stem over the rest's; 0 freezes it.",
    "whole_reports": "One text a report.",
    "shared_positives": "A sentence is true of every image whose report has it.",
    "keep": "Patch dropout: share kept.",
    "augment": "Strength; 0 is none.",
    "text_augment": "Share said in other words.",
    "precision": _one_of(PRECISIONS),
    "ema": "Decay of averaged weights; 0: none.",
    "patience": "Checks without a gain.",
    "freeze": "Beginning of the names of parameters that do not train; repeatable.",
    "last_blocks": "Of the image tower, that alone train; 0: added layers, -1: both towers.",
    "layer_decay": "Rate of a block by depth.",
    "loss_form": _one_of(LOSS_FORMS),
    "scorer": "How regions are selected.",
    "k": "Regions kept.",
    "body_mask": "Never pick patches of black border.",
    "region_features": _one_of(REGION_FEATURES),
    "local_form": _one_of(LOCAL_FORMS),
    "fusion": _one_of(FUSIONS),
    "queries": "Of the reader: places a sentence can look at.",
    "gamma": "Sharpness of the pool.",
}
"""What an option is, where its name does not say it; docs/finetuning.md explains every value."""


@dataclass(frozen=True)
class Setting:
    """A field of a configuration, and the option that sets it."""

    table: str
    name: str  # in the table, as a TOML file writes it
    option: str  # name of the parameter
    kind: Any  # type of its value


def settings() -> Iterator[Setting]:
    """Every setting that is an option, in the order of the dataclasses."""
    for table, kind in TABLES.items():
        types = get_type_hints(kind)
        for field in fields(kind):
            if field.name in NO_OPTION:
                continue
            name = field.name.rstrip("_")  # `global` is a word of Python's
            option = name
            if table == "weights":
                option = f"{name}_weight" if types[field.name] is float else f"loss_{name}"
            yield Setting(table, name, option, types[field.name])


def _parameter(setting: Setting) -> Parameter:
    """An option without a default: what is not given is left to the configuration."""
    help_ = HELP.get(setting.option)
    if setting.option.endswith("_weight"):
        help_ = "Weight of this loss; 0 switches it off."
    kind = list[str] if setting.kind == tuple[str, ...] else setting.kind
    flag = f"--{setting.option.replace('_', '-')}"
    names = (f"{flag}/--no-{flag[2:]}",) if kind is bool else (flag,)
    info = typer.Option(*names, help=help_)
    return Parameter(
        setting.option, Parameter.KEYWORD_ONLY, default=None,
        annotation=Annotated[kind | None, info],
    )  # fmt: skip


def finetune_command(
    out: Annotated[Path, typer.Option(help="Folder of the run: model, log.jsonl, status.")],
    config: Annotated[str | None, typer.Option(help="Preset or TOML file to start from.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the newest training state.")] = False,
    queue: Annotated[bool, typer.Option(help="Wait for the runs started earlier.")] = False,
    **options: Any,
) -> None:
    """Fine-tune by LRCLR on reports alone; every part of the method is one option."""
    tables: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    for setting in settings():
        value = options.pop(setting.option, None)
        if value is not None and value != []:
            tables[setting.table][setting.name] = value
    if options:
        raise TypeError(f"no such options: {', '.join(options)}")
    _train(out, config, tables, resume, queue)


# Typer reads options off the signature, which so has one for each setting.
finetune_command.__signature__ = Signature(  # type: ignore[attr-defined]
    [
        *(parameter for parameter in Signature.from_callable(finetune_command).parameters.values()
          if parameter.kind is not Parameter.VAR_KEYWORD),
        *map(_parameter, settings()),
    ]
)  # fmt: skip


def _train(
    out: Path, source: str | None, tables: dict[str, dict[str, Any]], resume: bool, queue: bool
) -> None:
    from core.evaluation.report import left_out_sentence
    from core.training.runs import Run, recorded

    def work() -> None:  # the options are checked here, so that a refusal is in the run's status
        from core.training.config_file import read_config  # a run that waits its turn is light
        from core.training.finetune import finetune

        finetune(read_config(source, tables), out, _RunProgress(out), resume, StepsProgress())

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


class _RunProgress:
    """Reading images and texts, for a terminal on stderr and for the page in the run's log."""

    def __init__(self, out: Path) -> None:
        self._line = StderrProgress("Reading images and texts")
        self._path, self._last = out / "log.jsonl", 0.0

    def __call__(self, done: int, total: int) -> None:
        from core.training.log import RunLog

        self._line(done, total)
        if time.monotonic() - self._last > 1 or done == total:
            RunLog(self._path).write(kind="progress", what="images", done=done, total=total)
            self._last = time.monotonic()
