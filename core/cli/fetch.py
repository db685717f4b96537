"""`python -m core fetch`: public sets that need no credentials."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress
from core.errors import ExplorerError


def fetch_command(
    name: Annotated[str, typer.Argument(help="open-i, covid or nih.")],
    root: Annotated[Path, typer.Option(help="Folder of the set; made where it is not there.")],
) -> None:
    """Download a public set, go on where it was cut off, check and unpack it."""
    from core.fetch import SETS, fetch

    if name not in SETS:
        raise ExplorerError(f"'{name}' cannot be fetched; known: {', '.join(SETS)}.")
    public = SETS[name]
    print(f"{public.title}\nLicence: {public.licence}\nPage: {public.page}")
    for line in fetch(public, root, _megabytes):
        print(line)
    if public.by_hand:
        print(f"By hand: {public.by_hand}.")


def _megabytes(what: str) -> Callable[[int, int], None]:
    line = StderrProgress(f"{what}, MB")
    return lambda done, total: line(done // 10**6, total // 10**6)
