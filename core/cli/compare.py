"""`python -m core compare`: two models, methods or scores on one set, paired."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.cli.evaluate import PROMPTS_HELP


def compare_command(
    a: Annotated[str, typer.Option("--a", help="Model that is gained on.")] = "demo",
    b: Annotated[str | None, typer.Option("--b", help="Model that gains; by default a.")] = None,
    data: Annotated[str, typer.Option(help="Study set with labels, masks or boxes.")] = (
        "phantom:test"
    ),
    method_a: Annotated[str, typer.Option(help="Localisation of a.")] = "similarity",
    method_b: Annotated[str | None, typer.Option(help="Of b; by default that of a.")] = None,
    score: Annotated[
        str, typer.Option(help="Of the AUC: positive, pair, global, local, match or lrclr.")
    ] = "lrclr",
    score_b: Annotated[str | None, typer.Option(help="Of b; by default that of a.")] = None,
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    min_cases: Annotated[
        int, typer.Option(min=1, help="Of a finding in the mean over findings, if any has as many.")
    ] = 20,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of resamples and random maps.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """AUC and localisation of two models, methods or scores, and what b gains on a, paired."""
    from core.cli.common import open_studies
    from core.errors import ExplorerError
    from core.evaluation.localize import check_methods
    from core.evaluation.paired import compare
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts
    from core.inference.zero_shot import SCORES

    check_out(json)
    methods = (method_a, method_b or method_a)
    check_methods(methods)
    scores = (score, score_b or score)
    for name in scores:
        if name not in SCORES:
            raise ExplorerError(f"There is no score '{name}'; known: {', '.join(SCORES)}.")
    chosen = load_prompts(prompts) if prompts else None
    studies = open_studies(data)
    first = load_predictor(a)
    second = load_predictor(b) if b not in (None, a) else first
    report = compare(
        (first, second), studies, methods, chosen, score, n_bootstrap, seed,
        StderrProgress("Studies"), min_cases, score_b,
    )  # fmt: skip
    told = [f", {name}" if scores[0] != scores[1] else "" for name in scores]
    print(f"a: {a}, {methods[0]}{told[0]}\nb: {b or a}, {methods[1]}{told[1]}\non {data}\n\n"
          f"{report.table()}")  # fmt: skip
    if json:
        sides = {"a": {"model": a, "method": methods[0]}, "b": {"model": b or a,
                 "method": methods[1]}, "data": data, "score": score,
                 "score_b": scores[1]}  # fmt: skip
        write_json(json, {**sides, **report.to_json()})
