"""`python -m core arena`: one film and one text by several models side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.common import GivenBoxFiles, GivenMapFolders, check_out, given_maps, write_json
from core.cli.known import ANYWAY_HELP
from core.cli.one_film import check_one
from core.errors import ExplorerError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.arena import ArenaEntry, ArenaReport
    from core.studies.study import Mask


def arena_command(
    model: Annotated[
        list[str] | None, typer.Option(help="A model; repeat it. By default demo, demo-base.")
    ] = None,
    prompt: Annotated[str, typer.Option(help="Any finding in words.")] = "left pleural effusion",
    data: Annotated[str, typer.Option(help="The study's set.")] = "phantom:test",
    study: Annotated[str | None, typer.Option(help="A study of the set: its id.")] = None,
    image: Annotated[Path | None, typer.Option(help="Or an image file: PNG, JPEG, DICOM.")] = None,
    method: Annotated[str, typer.Option(help="Of the maps; see `localize`.")] = "lrclr",
    finding: Annotated[
        str | None, typer.Option(help="Whose truth measures; by default what the text states.")
    ] = None,
    boxes: GivenBoxFiles = None,
    maps: GivenMapFolders = None,
    seed: Annotated[int, typer.Option(min=0, help="Of random maps.")] = 0,
    anyway: Annotated[bool, typer.Option(help=ANYWAY_HELP)] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for each map, as .npy and as a picture.")
    ] = None,
) -> None:
    """Map, scores and seconds of several models on one film, measured where its truth is known."""
    from core.evaluation.arena import ArenaReport, given_entry, truth_of
    from core.inference.prompts import check_prompt

    check_out(json)
    check_one(study, image)
    text = check_prompt(prompt)
    given = given_maps(boxes, maps)
    name, pixels, masks = _film(data, study, image)
    told = truth_of(masks, text, finding)
    specs = list(dict.fromkeys(model or ("demo", "demo-base")))
    entries, refused = _entries(specs, pixels, text, method, seed, anyway)
    shape = (pixels.shape[0], pixels.shape[1])
    entries += [given_entry(maps_of, name, text, shape) for maps_of in given]
    measured = {} if told is None else {one.name: one.measures(told[1]) for one in entries}
    report = ArenaReport(text, told[0] if told else "", tuple(entries), measured, refused)
    print(f"{name}\n{report.table()}")
    if json:
        write_json(json, report.to_json())
    if out:
        _write(out, report, pixels)


def _film(
    data: str, study: str | None, image: Path | None
) -> "tuple[str, NDArray[np.float32], dict[str, Mask]]":
    """Name, pixels (H, W) and truth of the study of a set, or of a file, which has none."""
    from core.cli.common import open_studies
    from core.films.read import read_image

    if image is not None:
        return image.stem, read_image(image).pixels, {}
    studies = open_studies(data)
    row = studies.position(str(study))
    return str(study), studies.image(row), studies.masks(row)


def _entries(
    specs: list[str], pixels: "NDArray[np.float32]", text: str, method: str, seed: int, anyway: bool
) -> "tuple[list[ArenaEntry], dict[str, str]]":
    """One model after the other, so that no two need fit into memory; why some give nothing.

    Raises:
        ExplorerError: none gives anything.
    """
    from core.evaluation.arena import model_entry
    from core.inference.predictor import load_predictor

    entries, refused = [], {}
    for spec in specs:
        try:
            entries.append(model_entry(load_predictor(spec), pixels, text, method, seed, anyway))
        except ExplorerError as error:
            refused[spec] = str(error)
    if not entries:
        raise ExplorerError(next(iter(refused.values())))
    return entries, refused


def _write(out: Path, report: "ArenaReport", pixels: "NDArray[np.float32]") -> None:
    """Each entry's map and picture."""
    import numpy as np

    from core.evaluation.arena import file_names
    from core.inference.overlay import overlay

    out.mkdir(parents=True, exist_ok=True)
    for one, name in zip(report.entries, file_names(report.entries), strict=True):
        np.save(out / f"{name}.npy", one.heat)
        title = ": ".join(filter(None, (one.method, report.text))) + f" ({one.name})"
        overlay(pixels, one.heat, title).save(out / f"{name}.png", format="PNG")
    print(f"{len(report.entries)} maps are in {out}")
