"""`python -m core prompts`: what edited prompts change in AUC, paired on the same studies."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.cli.evaluate import PROMPTS_HELP


def prompts_command(
    prompts: Annotated[Path, typer.Option(help=f"The edited ones. {PROMPTS_HELP}")],
    against: Annotated[
        Path | None, typer.Option(help="What they are compared with; by default the defaults.")
    ] = None,
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test",
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """AUC of the LRCLR score before and after an edit, for each finding that was edited."""
    from core.cli.common import open_studies
    from core.evaluation.prompt_change import prompt_change
    from core.inference.predictor import load_predictor
    from core.inference.prompts import default_prompts, load_prompts

    check_out(json)
    after, before = load_prompts(prompts), load_prompts(against) if against else default_prompts()
    studies, predictor = open_studies(data), load_predictor(model)
    scores = [
        (texts, predictor.score_set(studies, texts, StderrProgress("Encoding"))["lrclr"])
        for texts in (before, after)
    ]
    report = prompt_change(studies, scores[0], scores[1], n_bootstrap, seed)
    base = against.name if against else "the defaults"
    print(f"{prompts.name} against {base}, {model} on {data}")
    if report.findings or report.left_out:
        print(report.table())
    else:
        print("No finding of both has other prompts: there is nothing to compare.")
    if json:
        write_json(json, report.to_json())
