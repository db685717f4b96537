"""`python -m core pretrain`: the compact backbone from a random start."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress


def pretrain_command(
    out: Annotated[Path, typer.Option(help="Folder of the model; its log.jsonl is beside it.")],
    data: Annotated[str, typer.Option(help="Study set with reports.")] = "phantom:train",
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    batch_size: Annotated[int | None, typer.Option()] = None,
    learning_rate: Annotated[float | None, typer.Option()] = None,
    seed: Annotated[int | None, typer.Option()] = None,
    check_data: Annotated[str, typer.Option(help="Set of the checks.")] = "phantom:val,n=300",
    check_every: Annotated[int, typer.Option(help="Steps between checks.")] = 500,
) -> None:
    """Pretrain the compact backbone by global contrast on reports alone."""
    from dataclasses import replace

    from core.training.pretrain import pretrain
    from core.training.settings import PretrainConfig

    config = PretrainConfig(data=data, check_data=check_data, check_every=check_every)
    given = {"steps": steps, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    chosen = {name: value for name, value in given.items() if value is not None}
    config = replace(config, schedule=replace(config.schedule, **chosen))  # type: ignore[arg-type]
    pretrain(config, out, StderrProgress("Reading images and texts"))
