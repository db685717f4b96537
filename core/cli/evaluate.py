"""`python -m core evaluate`: zero-shot AUC per finding, with intervals."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of, write_json

PROMPTS_HELP = 'JSON: {"Finding": {"positive": ["..."], "negative": ["..."]}}.'


def evaluate_command(
    model: Annotated[
        str | None,
        typer.Option(help="demo, demo-base, a run, or a backbone; for shards, by default theirs."),
    ] = None,
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    only: Only = None,
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """AUC of the zero-shot scores, per finding, with bootstrap 95 % intervals."""
    from core.cli.common import open_studies
    from core.evaluation.evaluate import evaluate
    from core.films.view import is_lateral
    from core.inference.encoded_set import encodings_of
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts

    check_out(json)
    data = only_of(data, only)
    chosen = load_prompts(prompts) if prompts else None
    studies = open_studies(data)
    encoded = encodings_of(studies)
    alone = model is None and encoded is not None  # shards may need no model
    if model is None:
        model = encoded.model if encoded is not None else "demo"
    laterals = sum(map(is_lateral, studies.table["view"]))
    if laterals:
        typer.echo(
            f"{laterals} of {len(studies)} studies are laterals by their view: models know frontal "
            "views only, and what they score here means nothing.", err=True,
        )  # fmt: skip
    predictor = None if alone else load_predictor(model)
    report = evaluate(predictor, studies, chosen, n_bootstrap, seed, StderrProgress("Encoding"))
    print(f"{model} on {data}\n{report.table()}")
    if json:
        write_json(json, report.to_json())
