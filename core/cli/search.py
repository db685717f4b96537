"""`python -m core search`: nearest images or regions of an archive."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.common import check_out, write_json
from core.cli.known import check_texts
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.archive.embedded_set import EmbeddedSet
    from core.archive.query import Vector


def search_command(
    shards: Annotated[Path, typer.Option(help="Folder that `embed` wrote.")],
    text: Annotated[str | None, typer.Option(help="Search by a text.")] = None,
    study: Annotated[str | None, typer.Option(help="Search by a study of the archive: id.")] = None,
    image: Annotated[Path | None, typer.Option(help="Search by an image file.")] = None,
    box: Annotated[
        str | None, typer.Option(help="x,y,w,h in pixels of the image: search by this region.")
    ] = None,
    regions: Annotated[bool, typer.Option(help="Find regions in place of images.")] = False,
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    model: Annotated[
        str | None, typer.Option(help="By default the one that made the shards.")
    ] = None,
    exact_most: Annotated[
        int, typer.Option(min=0, help="Vectors above which the search is approximate.")
    ] = 1_000_000,
    json: Annotated[Path | None, typer.Option(help="Write what was found here.")] = None,
) -> None:
    """Nearest images, or regions, to a text, an image or a box on an image, by cosine."""
    from core.archive.search import search_archive
    from core.inference.regions import patch_box
    from core.specs import open_shards

    check_out(json)
    if sum(given is not None for given in (text, study, image)) != 1:
        raise ExplorerError("Give one of --text, --study and --image to search by.")
    if box is not None and text is not None:
        raise ExplorerError("A --box needs --study or --image, whose region it is.")
    archive = open_shards(shards)
    query, own = _query(archive, text, study, image, _box(box), model)
    searcher = search_archive(archive.archive, regions, exact_most, _said)
    made = archive.archive.description
    found: list[dict[str, Any]] = []
    for hit in searcher.nearest(query, top, own):
        entry: dict[str, Any] = {"id": archive.ids[hit.row], "score": round(hit.score, 4)}
        if hit.cell is not None:
            entry["cell"] = [hit.cell // made.grid[1], hit.cell % made.grid[1]]
            shape = _shape(archive, hit.row)
            if shape:
                place = patch_box(archive.archive.preprocess, made.grid, hit.cell, shape)
                entry["box"] = [round(value, 1) for value in place]
        found.append(entry)
    _said(f"{len(archive)} studies, {searcher.note}")
    for number, entry in enumerate(found, start=1):
        where = f"  cell {entry['cell']}  box {entry.get('box', 'unknown')}" if regions else ""
        print(f"{number:4}  {entry['score']:.4f}  {entry['id']}{where}")
    if json:
        write_json(json, {"search": searcher.note, "hits": found})


def _query(
    archive: "EmbeddedSet", text: str | None, study: str | None, image: Path | None,
    box: tuple[float, float, float, float] | None, model: str | None,
) -> tuple["Vector", int | None]:  # fmt: skip
    """The vector to search for, and the row it is of."""
    import numpy as np

    from core.archive.query import box_query, image_query, text_query

    preprocess = archive.archive.preprocess
    if study is not None:  # no model is needed: the embeddings are there
        row = archive.position(study)
        encoding = archive.encoding(np.array([row]))
        if box is None:
            return image_query(encoding), row
        height, width = archive.image(row).shape
        return box_query(encoding, preprocess, box, (height, width)), row

    from core.inference.predictor import load_predictor

    predictor = load_predictor(model or archive.archive.description.model)
    archive.check_model(predictor.name, predictor.model_hash)
    if text is not None:
        check_texts(predictor, [text], refuse=False)  # what is listed is seen to be nonsense
        return text_query(predictor, text), None
    assert image is not None
    from core.films.read import read_image

    pixels = read_image(image).pixels
    encoding = predictor.encode_image(pixels)
    if box is None:
        return image_query(encoding), None
    shape = (pixels.shape[0], pixels.shape[1])
    return box_query(encoding, preprocess, box, shape), None


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError:
        raise ExplorerError(f"--box takes x,y,w,h in pixels; got '{text}'.") from None
    return x, y, w, h


def _shape(archive: "EmbeddedSet", row: int) -> tuple[int, int] | None:
    """Of the image, where it can still be read."""
    try:
        height, width = archive.image(row).shape
    except ExplorerError:
        return None
    return height, width


def _said(sentence: str) -> None:
    print(sentence, file=sys.stderr)
