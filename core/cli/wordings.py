"""`python -m core wordings`: the AUC of each wording of a file, alone."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json


def wordings_command(
    file: Annotated[
        Path, typer.Argument(help='JSON: {"Finding": [{"positive": "...", "negative": "..."}]}.')
    ],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Does the model know these words? AUC of each wording by itself, the worst first."""
    from core.cli.common import open_studies
    from core.evaluation.wordings import load_wordings, measure_wordings
    from core.inference.predictor import load_predictor

    check_out(json)
    wordings, studies = load_wordings(file), open_studies(data)
    progress = StderrProgress("Encoding")
    report = measure_wordings(load_predictor(model), studies, wordings, n_bootstrap, seed, progress)
    print(f"{file.name}: {model} on {data}\n{report.table()}")
    if json:
        write_json(json, report.to_json())
