"""The command line: `python -m core COMMAND`. Each command is a function of core, wired to options.

What is wrong with the input is said in one sentence on stderr, with exit code 2.
"""

import os
import sys
from typing import Annotated

import typer

from core import __version__
from core.cli import (
    ablate,
    arena,
    calibrate,
    compare,
    doctor,
    embed,
    errors,
    evaluate,
    examples,
    explain,
    fetch,
    film_map,
    finetune,
    gallery,
    import_data,
    lab,
    layers,
    lesions,
    lesson,
    localize,
    model,
    neighbours,
    notes,
    phantom,
    pretrain,
    probe,
    prompts,
    reading,
    regions,
    report,
    rivals,
    runs,
    sanity,
    score,
    search,
    serve,
    shortcuts,
    slices,
    twins,
    wordings,
)
from core.cli.common import fetching
from core.errors import ExplorerError

app = typer.Typer(
    help="LRCLR Explorer: phantoms, training, evaluation. Research and teaching only, not for "
    "clinical use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True,
                           help="Print the version and leave.")
    ] = False,
) -> None:  # fmt: skip
    """What stands before a command."""


app.command("phantom")(phantom.phantom_command)
app.command("pretrain")(pretrain.pretrain_command)
app.command("finetune")(finetune.finetune_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command("errors")(errors.errors_command)
app.command("slices")(slices.slices_command)
app.command("shortcuts")(shortcuts.shortcuts_command)
app.command("twins")(twins.twins_command)
app.command("calibrate")(calibrate.calibrate_command)
app.command("report")(report.report_command)
app.command("localize")(localize.localize_command)
app.command("lesions")(lesions.lesions_command)
app.command("rivals")(rivals.rivals_command)
app.command("sanity")(sanity.sanity_command)
app.command("probe")(probe.probe_command)
app.command("score")(score.score_command)
app.command("examples")(examples.examples_command)
app.command("regions")(regions.regions_command)
app.command("layers")(layers.layers_command)
app.command("gallery")(gallery.gallery_command)
app.command("prompts")(prompts.prompts_command)
app.command("wordings")(wordings.wordings_command)
app.command("arena")(arena.arena_command)
app.command("compare")(compare.compare_command)
app.command("explain")(explain.explain_command)
app.command("map")(film_map.map_command)
app.command("neighbours")(neighbours.neighbours_command)
app.command("embed")(embed.embed_command)
app.command("search")(search.search_command)
app.command("ablate")(ablate.ablate_command)
app.command("runs")(runs.runs_command)
app.command("fetch")(fetch.fetch_command)
app.command("import")(import_data.import_command)
app.command("model")(model.model_command)
app.add_typer(notes.app, name="notes")
app.add_typer(lab.app, name="lab")
app.add_typer(lesson.app, name="lesson")
app.add_typer(reading.app, name="reading")
app.command("serve")(serve.serve_command)
app.command("doctor")(doctor.doctor_command)


def main() -> None:
    """Run a command; the entry of `python -m core`."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # a bar for what takes no time
    try:
        with fetching():
            app()
    except ExplorerError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or "the system refused to read or write"
        print(f"Error: {what}{reason}; choose another file or folder.", file=sys.stderr)
        raise SystemExit(2) from None
