"""`python -m core embed`: image and region embeddings of a whole set, to shards."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.archive.pipeline import EmbedProgress


def embed_command(
    out: Annotated[Path, typer.Option(help="Folder of the shards; goes on where it stopped.")],
    model: Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")] = "demo",
    data: Annotated[str, typer.Option(help="Study set.")] = "phantom:test",
    precision: Annotated[str, typer.Option(help="auto (measured), bf16 or fp32.")] = "auto",
    patches: Annotated[
        int | None, typer.Option(min=1, help="Patches kept of each image; all by default.")
    ] = None,
    shard_size: Annotated[int, typer.Option(min=1, help="Studies in a shard.")] = 512,
    batch_size: Annotated[int, typer.Option(min=1, help="Images encoded at once.")] = 32,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that read images; one a core by default.")
    ] = None,
) -> None:
    """Embeddings of a whole set to Parquet shards; run again, it makes what is missing."""
    from core.processes import prepare_processes

    if workers != 0:
        prepare_processes()  # while this one imports and loads
    from core.archive.embed import EmbedOptions, embed
    from core.archive.layout import PROBLEMS
    from core.cli.common import open_studies
    from core.inference.predictor import load_predictor

    options = EmbedOptions(precision, patches, shard_size, batch_size, workers)
    studies = open_studies(data)
    predictor = load_predictor(model)
    done = embed(predictor, studies, out, options, _Lines(), _said)
    _said(
        f"{done.done} studies in {done.seconds:.0f} s ({done.rate:.1f}/s, the model waited "
        f"{done.waiting:.0%} of the time), {done.problems} with a problem"
        + (f": see {out / PROBLEMS}" if done.problems else "")
    )
    print(out)


def _said(sentence: str) -> None:
    print(sentence, file=sys.stderr)


class _Lines:
    """A line on stderr every five seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, now: "EmbedProgress") -> None:
        if time.monotonic() - self._last > 5:
            self._last = time.monotonic()
            _said(
                f"{now.done} of {now.total} studies, {now.rate:.1f}/s, {now.left:.0f} s left, the "
                f"model waited {now.waiting:.0%}, {now.problems} with a problem"
            )
