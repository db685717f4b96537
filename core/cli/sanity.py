"""`python -m core sanity`: do maps change where weights, text or film change?"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.cli.evaluate import PROMPTS_HELP


def sanity_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with labels.")] = "phantom:val,n=20",
    methods: Annotated[
        str | None, typer.Option(help="Names, with commas between; by default all quick ones.")
    ] = None,
    steps: Annotated[
        int, typer.Option(min=1, max=50, help="Of the cascade, from the top to the bottom.")
    ] = 3,
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the stamps beside the model: pages show them.")
    ] = False,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of shuffles and resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Weight randomisation, prompt swap and image swap for each map; a stamp for each."""
    from core.analysis.sanity_maps import default_maps, sanity_report
    from core.analysis.stamps import keep_stamps, stamps_file
    from core.attribution import method_of
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts

    check_out(json)
    asked = [name.strip() for name in methods.split(",") if name.strip()] if methods else []
    for name in asked:
        method_of(name)
    texts = load_prompts(prompts) if prompts else None
    studies, predictor = open_studies(data), load_predictor(model)
    names = asked or default_maps(predictor)
    report = sanity_report(
        predictor, studies, names, texts, steps, n_bootstrap, seed, StderrProgress("Passes")
    )
    print(f"{model} on {data}\n{report.table()}")
    if json:
        write_json(json, {"model": model, "data": data, **report.to_json()})
    if keep:
        path = stamps_file(model, predictor.model_hash)
        keep_stamps(path, report, predictor.model_hash)
        print(f"Kept in {path}")
