"""`python -m core probe`: of two texts that differ in one thing, does the image choose the true?"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json


def probe_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with reports.")] = "phantom:test",
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of pairs and resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Side, lobe, negation, severity, count, device, swapped sides: true text against false."""
    from core.evaluation.probe import probe
    from core.inference.predictor import load_predictor
    from core.specs import open_studies

    check_out(json)
    studies, predictor = open_studies(data), load_predictor(model)
    images = predictor.encode_set(studies, StderrProgress("Encoding"))
    report = probe(predictor, studies, images, n_bootstrap, seed)
    print(f"{model} on {data}\n{report.table()}")
    if json:
        write_json(json, report.to_json())
