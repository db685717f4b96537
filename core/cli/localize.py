"""`python -m core localize`: do maps point at the findings?"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import (
    GivenBoxFiles,
    GivenMapFolders,
    Only,
    StderrProgress,
    check_out,
    given_maps,
    only_of,
    write_json,
)
from core.cli.evaluate import PROMPTS_HELP


def localize_command(
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set with masks or boxes.")] = "phantom:test",
    only: Only = None,
    methods: Annotated[
        str | None, typer.Option(help="Names, with commas between; by default all quick ones.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    prior_data: Annotated[
        str, typer.Option(help="Training set behind mean-location.")
    ] = "phantom:train,n=400",
    min_cases: Annotated[
        int, typer.Option(min=1, help="Of a finding in the mean over findings, if any has as many.")
    ] = 20,
    n_bootstrap: Annotated[int, typer.Option(min=1, max=100_000, help="Resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of resamples and random maps.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
    boxes: GivenBoxFiles = None,
    maps: GivenMapFolders = None,
    save_place: Annotated[
        bool,
        typer.Option("--save-place", help="Keep with the model from what evidence on a text has a "
                     "place: less draws no box. Of a validation set."),
    ] = False,
) -> None:
    """Pointing game, energy, CNR and IoU of saliency methods and controls, with 95 % intervals."""
    from core.cli.common import open_studies
    from core.evaluation.localize import (
        MEAN_LOCATION,
        check_methods,
        default_methods,
        localize,
    )
    from core.evaluation.prior import location_prior
    from core.inference.place import PLACE
    from core.inference.predictor import load_predictor
    from core.inference.prompts import load_prompts
    from core.lrclr.checkpoint import check_maps_place, store_maps

    check_out(json)
    data = only_of(data, only)
    if save_place:
        check_maps_place(model)
    asked = default_methods() if methods is None else methods.split(",")
    names = list(dict.fromkeys(filter(None, (name.strip() for name in asked))))
    check_methods(names)
    given = given_maps(boxes, maps)
    chosen = load_prompts(prompts) if prompts else None
    studies = open_studies(data)
    # Opened here, so that a wrong name is refused before the work; not at all when not needed.
    training = open_studies(prior_data) if MEAN_LOCATION in names else studies
    report = localize(
        load_predictor(model), studies, names, chosen,
        lambda: location_prior(training, StderrProgress("Mean location")),
        n_bootstrap, seed, StderrProgress("Studies"), min_cases, given,
    )  # fmt: skip
    print(f"{model} on {data}\n{report.table()}")
    if json:
        write_json(json, report.to_json())
    if save_place:
        print(f"Kept in {store_maps(model, report.place(data).to_json(), PLACE)}")
