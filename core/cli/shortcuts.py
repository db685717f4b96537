"""`python -m core shortcuts`: does a score hang on a device, the border, text or one half?"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Films, StderrProgress, check_out, write_json
from core.cli.errors import SCORE_HELP
from core.cli.evaluate import PROMPTS_HELP


def shortcuts_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:test,n=100",
    finding: Annotated[
        list[str] | None, typer.Option(help="May be given again; by default all of the set.")
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(help="Of device,text,border,corners,right half,left half; by default all."),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, max=100, help="Masks elsewhere for each.")] = 4,
    min_cases: Annotated[int, typer.Option(min=2, help="Films that a verdict needs.")] = 20,
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    films: Films = None,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of masks elsewhere and resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """How far a masked part moves the score, beyond masks of its size and shape elsewhere."""
    from core.analysis.masked_scores import check_regions, score_masked
    from core.analysis.scoring import asked_prompts, chosen_prompts
    from core.analysis.shortcut_masks import REGIONS
    from core.analysis.shortcuts import shortcut_report
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts
    from core.studies.selection import spread

    check_out(json)
    named = parts.split(",") if parts is not None else REGIONS
    regions = list(dict.fromkeys(filter(None, (name.strip() for name in named))))
    check_regions(regions)
    studies = spread(open_studies(data), films)
    texts = asked_prompts(studies, load_prompts(prompts) if prompts else None)
    texts = chosen_prompts(studies, texts, finding or [])
    scored = score_masked(
        load_predictor(model), studies, texts, regions, draws, seed, score, StderrProgress("Films")
    )
    report = shortcut_report(scored, n_bootstrap, seed, min_cases, StderrProgress("Findings"))
    print(f"{score} of {model} on {data}\n{report.table()}")
    if json:
        write_json(json, {"model": model, "data": data, **report.to_json()})
