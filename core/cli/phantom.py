"""`python -m core phantom`: phantoms as files, with masks and a manifest."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from core.cli.common import StderrProgress


def phantom_command(
    out: Annotated[Path, typer.Option(help="Folder for images, masks and manifest.csv.")],
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Phantoms.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same.")] = 0,
    size: Annotated[int, typer.Option(min=64, max=1024, help="Pixels a side.")] = 224,
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="Cases and wording.")
    ] = "test",
) -> None:
    """Draw phantoms with reports, masks and boxes; DIR/manifest.csv is a study set."""
    from core.phantom.write import write_phantoms

    manifest = write_phantoms(out, n, seed, size, split, StderrProgress("Drawing"))
    print(f"{n} phantoms: {manifest}")
