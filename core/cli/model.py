"""`python -m core model`: what a model is, and how fast it is here."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress, check_out, write_json


def model_command(
    model: Annotated[str, typer.Option(help="Any model: see docs/models.md.")] = "demo",
    speed: Annotated[bool, typer.Option(help="Measure how fast it is here.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Say what a model is, fetching it where it is not here; with --speed, how fast it is here."""
    from core.inference.model_card import model_card
    from core.inference.speed import BATCH, measure_speed
    from core.lrclr.checkpoint import load_model

    check_out(json)
    loaded = load_model(model)
    card = model_card(loaded, model)
    print(model)
    for name, said in card.rows():
        print(f"{name:24s} {said}")
    found = measure_speed(loaded, progress=StderrProgress("Measuring")) if speed else []
    for each in found:
        print(
            f"{'Speed, ' + each.precision:24s} {each.images_per_second:.1f} images/s (batches of "
            f"{BATCH}), {each.ms_per_prompt:.1f} ms a prompt; {each.device}, {each.threads} threads"
        )
    if json:
        write_json(json, {**card.to_json(), "speed": [vars(each) for each in found]})
