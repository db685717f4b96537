"""`python -m core map`: where the films of a set lie beside each other, as coordinates."""

import csv
from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import Only, StderrProgress, check_out, only_of, write_json
from core.errors import ExplorerError


def map_command(
    out: Annotated[Path, typer.Option(help="A .csv or .json file: study, x, y.")],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set.")] = "phantom:test",
    only: Only = None,
    neighbours: Annotated[
        int, typer.Option(help="Films that each film shall lie beside; few show finer groups.")
    ] = 15,
    seed: Annotated[int, typer.Option(min=0, help="Of the layout.")] = 0,
) -> None:
    """UMAP of the films' embeddings: alike to the model is near; kept for the app."""
    from core.analysis.film_map import MapSettings, map_rows, set_map
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor

    check_out(out)
    if out.suffix.lower() not in (".csv", ".json"):
        raise ExplorerError(f"{out}: a map is a .csv or a .json file; name it so.")
    settings = MapSettings(neighbours, seed=seed)
    data = only_of(data, only)
    studies, predictor = open_studies(data), load_predictor(model)
    points = set_map(
        predictor, studies, settings, StderrProgress("Layout"), StderrProgress("Encoding")
    )
    rows = map_rows(studies, points)
    if out.suffix.lower() == ".json":
        write_json(out, {"model": model, "data": data, "neighbours": neighbours, "seed": seed,
                         "studies": rows})  # fmt: skip
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ("study", "x", "y"))
            writer.writeheader()
            writer.writerows(rows)
    print(f"{out}: {sum(row['x'] is not None for row in rows)} of {len(rows)} films")
