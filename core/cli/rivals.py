"""`python -m core rivals`: where, how and of which score does Grad-CAM point best?"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.cli.evaluate import PROMPTS_HELP


def rivals_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[
        str, typer.Option(help="Validation set with masks or boxes; report on another.")
    ] = "phantom:val",
    others: Annotated[
        int, typer.Option(min=0, help="Films on which occlusion and its like are tried, too.")
    ] = 40,
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    min_cases: Annotated[
        int, typer.Option(min=1, help="Of a finding in the mean over findings, if any has as many.")
    ] = 20,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of resamples.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep them with the model: its maps are the best ones.")
    ] = False,
) -> None:
    """Pointing game of Grad-CAM by variant, layer and score, and of other methods by score."""
    from core.cli.common import open_studies
    from core.evaluation.map_search import joined, search_family, search_others
    from core.evaluation.map_table import search_json, search_table
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts
    from core.lrclr.checkpoint import check_maps_place, store_maps

    check_out(json)
    if save:
        check_maps_place(model)
    chosen = load_prompts(prompts) if prompts else None
    studies, predictor = open_studies(data), load_predictor(model)
    measured = (chosen, n_bootstrap, seed)
    family, cost = search_family(
        predictor, studies, *measured, StderrProgress("Films"), min_cases
    )
    beside = None
    if others:
        told = StderrProgress("Films, other methods")
        beside = search_others(predictor, studies, others, *measured, told, min_cases)
    print(f"{model} on {data}\n{search_table(family, beside, cost)}")
    if json:
        write_json(json, {"model": model, **search_json(family, beside, cost)})
    if save:
        print(f"Kept in {store_maps(model, joined(family, beside).to_json())}")
