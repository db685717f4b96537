"""`python -m core layers`: what each block of a tower has of a text's words, on one film."""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.common import check_out, write_json


def layers_command(
    prompt: Annotated[str, typer.Option(help="Any finding in words.")],
    study: Annotated[str, typer.Option(help="A study of the set: its id.")],
    models: Annotated[str, typer.Option(help="One model, or two parted by a comma.")] = "demo",
    data: Annotated[str, typer.Option(help="The set of --study.")] = "phantom:test",
    json: Annotated[Path | None, typer.Option(help="Write all maps here.")] = None,
) -> None:
    """Where each word is nearest, block by block; two models beside each other."""
    import numpy as np

    from core.inference.layer_maps import layer_maps
    from core.inference.predictor import load_predictor
    from core.specs import open_studies

    check_out(json)
    studies = open_studies(data)
    image = studies.image(studies.position(study))
    told: dict[str, Any] = {}
    for model in models.split(","):
        maps = layer_maps(load_predictor(model.strip()), image, prompt)
        told[model] = maps.to_json()
        print(f"{study} by {model}: {maps.depth} blocks, {maps.heads} heads; row and column of the "
              f"nearest patch on a grid of {maps.cosine.shape[2]} x {maps.cosine.shape[3]}, "
              "and its cosine")  # fmt: skip
        for layer, cosine in enumerate(maps.cosine):
            parts = []
            for word, heat in zip(["(text)", *maps.words], cosine, strict=True):
                row, column = np.unravel_index(int(heat.argmax()), heat.shape)
                parts.append(f"{word} {row},{column} {heat.max():.2f}")
            print(f"  {layer:2}  " + "  ".join(parts))
    print("Tokens that enter a block, by the tower's last norm and projection; the model itself "
          "reads the last alone.")  # fmt: skip
    if json:
        write_json(json, told)
