"""`python -m core ablate`: a plan of training runs over seeds, and one table of what they gave."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress


def ablate_command(
    plan: Annotated[Path, typer.Option(help="TOML file; assets/plans/ has ours.")],
    out: Annotated[Path, typer.Option(help="Folder of the trials, the table and the figure.")],
) -> None:
    """Train variants over seeds, resuming what was cut off, and compare them on a test set."""
    from core.ablation.plan import read_plan
    from core.ablation.tables import as_markdown
    from core.ablation.trials import ablate

    rows = ablate(read_plan(plan), out, progress=StderrProgress("Reading images and texts"))
    print(as_markdown(rows))
