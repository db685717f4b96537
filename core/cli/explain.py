"""`python -m core explain`: one picture of what a method says about a prompt."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.known import ANYWAY_HELP, check_texts


def explain_command(
    image: Annotated[Path, typer.Option(help="PNG, JPEG or DICOM.")],
    prompt: Annotated[str, typer.Option(help="Any finding in words.")],
    out: Annotated[Path, typer.Option(help="PNG to write.")],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    method: Annotated[str, typer.Option(help="See `localize`; truth controls not.")] = "lrclr",
    window: Annotated[
        str, typer.Option(help="CENTRE,WIDTH or a preset's name; of the picture, not the model.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of random maps.")] = 0,
    anyway: Annotated[bool, typer.Option(help=ANYWAY_HELP)] = False,
) -> None:
    """Draw a method's map for a prompt over a radiograph, and print the scores."""
    from core.analysis.stamps import stamp_text, stamps_of
    from core.attribution import attribute, choose
    from core.cli.common import check_out
    from core.films.read import read_image
    from core.inference.overlay import overlay
    from core.inference.predictor import load_predictor

    check_out(out)
    loaded = read_image(image)
    shown = loaded.film.show(loaded.film.find(window)) if window else loaded.pixels
    for note in loaded.notes:
        typer.echo(note, err=True)
    predictor = load_predictor(model)
    check_texts(predictor, [prompt], refuse=not anyway)
    encoded = predictor.encode_image(loaded.pixels)
    saliency = attribute(method, predictor, loaded.pixels, [prompt], seed, encoded)
    shape = (loaded.pixels.shape[0], loaded.pixels.shape[1])
    regions = predictor.regions(encoded, [prompt], shape) if method == "lrclr" else None
    boxes = regions.boxes if regions else []
    title = f"{choose(method, predictor)}: {prompt} ({model})"
    if window:
        title += f"; window {window}, which the model did not see"
    overlay(shown, saliency, title, boxes).save(out, format="PNG")
    texts = predictor.encode_texts([prompt])
    cosine = float(encoded.image_features[0] @ texts.text_features[0])
    print(f"{out}: {title}; cosine with the image {cosine:.3f}, not a probability")
    stamps = stamps_of(model, predictor.model_hash)
    print(f"  {stamp_text(stamps, str(choose(method, predictor)))}")
    if regions:
        for (x, y, w, h), weight in zip(regions.boxes, regions.weights, strict=True):
            print(f"  {weight:.3f}  x {x:.0f} y {y:.0f} w {w:.0f} h {h:.0f}")
