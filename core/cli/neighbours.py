"""`python -m core neighbours`: the films of a set most like one of them."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of, write_json


def neighbours_command(
    study: Annotated[str, typer.Option(help="The film, by its id in the set.")],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set.")] = "phantom:test",
    only: Only = None,
    top: Annotated[int, typer.Option(min=1, help="How many of each.")] = 10,
    json: Annotated[Path | None, typer.Option(help="Write studies and cosines here.")] = None,
) -> None:
    """The nearest films to a film by its picture and, where it has one, by its report."""
    from core.analysis.scoring import neighbours
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor

    check_out(json)
    data = only_of(data, only)
    studies = open_studies(data)
    row = studies.position(study)
    sides = neighbours(load_predictor(model), studies, row, top, StderrProgress("Encoding"))
    ids = studies.ids
    print(f"Like {study} by {model} in {data}")
    for side in sides:
        print(side.table(ids))
    if json:
        told = {side.by: side.to_json(ids) for side in sides}
        write_json(json, {"model": model, "data": data, "study": study, "row": row, **told})
