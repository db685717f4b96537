"""`python -m core regions`: the regions of a film that a text selects, and their words."""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.common import check_out, write_json
from core.cli.known import ANYWAY_HELP, check_texts
from core.cli.one_film import check_one, one_film

_WORDS = 3  # printed for each region; the JSON has all


def regions_command(
    prompt: Annotated[str, typer.Option(help="Any finding in words.")],
    study: Annotated[str | None, typer.Option(help="A study of the set: its id.")] = None,
    image: Annotated[Path | None, typer.Option(help="Or an image file: PNG, JPEG, DICOM.")] = None,
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="The set of --study.")] = "phantom:test",
    anyway: Annotated[bool, typer.Option(help=ANYWAY_HELP)] = False,
    json: Annotated[Path | None, typer.Option(help="Write boxes, weights, words here.")] = None,
) -> None:
    """Boxes of the selected regions, heaviest first, with the words that they answer to."""
    from core.inference.predictor import load_predictor
    from core.specs import open_studies

    check_out(json)
    check_one(study, image)
    predictor = load_predictor(model)
    check_texts(predictor, [prompt], refuse=not anyway)
    film = one_film(predictor, open_studies(data), study, image)
    chosen = predictor.regions(film.encoding, [prompt], film.shape())
    lines: list[dict[str, Any]] = []
    for place, (box, weight) in enumerate(zip(chosen.boxes, chosen.weights, strict=True)):
        cosines = zip(chosen.words, chosen.word_similarity[:, place], strict=True)
        by_cosine = sorted(((word, float(value)) for word, value in cosines), key=lambda w: -w[1])
        lines.append({"box": list(box), "weight": float(weight), "words": by_cosine})
    print(f"{study or image} by {model}: {prompt}")
    if chosen.no_place:
        print(chosen.no_place)
    for line in lines:
        x, y, w, h = line["box"]
        said = ", ".join(f"{word} {value:.2f}" for word, value in line["words"][:_WORDS])
        print(f"  {line['weight']:.3f}  x {x:.0f} y {y:.0f} w {w:.0f} h {h:.0f}  {said}")
    if json:
        write_json(json, {"regions": lines, "no_place": chosen.no_place})
