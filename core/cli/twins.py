"""`python -m core twins`: is a slice's difference due to what names it? Drawn twins tell."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.cli.errors import SCORE_HELP
from core.cli.evaluate import PROMPTS_HELP

_CHANGES = "device, exposure, size, vessels, habitus, inspiration, view, sex or age"


def twins_command(
    change: Annotated[
        list[str], typer.Option(help=f"What alone differs: {_CHANGES}. May be given again.")
    ],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[
        str, typer.Option(help="Phantoms whose slices are explained.")
    ] = "phantom:test",
    n: Annotated[int, typer.Option(min=20, max=100_000, help="Twins.")] = 200,
    finding: Annotated[
        list[str] | None, typer.Option(help="May be given again; by default all of the set.")
    ] = None,
    score: Annotated[str, typer.Option(help=SCORE_HELP)] = "lrclr",
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the twins and resamples.")] = 77,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Draw twins who differ in one thing: does it cause what slices of a set show?"""
    from core.analysis.scoring import asked_prompts, check_score, chosen_prompts
    from core.analysis.twin_scores import check_changes, compare_twins, drawn_set
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts

    check_out(json)
    check_score(score)
    changes = list(dict.fromkeys(change))
    check_changes(changes)
    studies = drawn_set(open_studies(data))
    texts = asked_prompts(studies, load_prompts(prompts) if prompts else None)
    texts = chosen_prompts(studies, texts, finding or [])
    predictor = load_predictor(model)
    told = []
    print(f"{score} of {model} on {data}")
    for name in changes:
        report = compare_twins(
            predictor, studies, texts, name, n, score, n_bootstrap, seed,
            StderrProgress("Encoding"),
        )  # fmt: skip
        print(f"\n{report.table()}")
        told.append(report.to_json())
    if json:
        write_json(json, {"model": model, "data": data, "score": score, "seed": seed,
                          "changes": told})  # fmt: skip
