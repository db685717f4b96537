"""Fetching from the Hub in a process of its own, which can be ended at any moment.

huggingface_hub asks nobody while a server is silent, and may receive on threads of its own; a
process that is killed needs no asking. Files that were whole by then stay; of the one under way
huggingface_hub begins anew each time, so that its part is removed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from core.backbones.downloads import Download, reporting
from core.backbones.hub import Files, fetch
from core.processes import run_in_process


@dataclass(frozen=True)
class _Order:
    """A repository to fetch in another process, and where this one looks for the Hub."""

    repo: str
    files: Files
    hub: dict[str, Any]  # of huggingface_hub's constants


_PLACES = ("HF_HUB_CACHE", "ENDPOINT", "HUGGINGFACE_CO_URL_TEMPLATE", "HF_HUB_OFFLINE")


def fetch_apart(repo: str, files: Files, tell: Callable[[Download | None, int], None]) -> None:
    """`fetch` in a process of its own, which ends at once when `tell` raises.

    Args:
        tell: called with the download (None until the Hub answered) and the bytes that are here,
            and again twice a second while there is nothing new.

    Raises:
        ExplorerError: as `fetch`.
    """
    places = {name: getattr(constants, name) for name in _PLACES}
    before, parts = _parts(repo), set[Path]()

    def told(download: Download | None, here: int) -> None:
        try:
            tell(download, here)
        except BaseException:  # while the process holds its lock, no part is another's
            parts.update(_parts(repo) - before)
            raise

    try:
        run_in_process(_carry_out, _Order(repo, files, places), told)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _parts(repo: str) -> set[Path]:
    """Files of a repository that are not whole."""
    blobs = Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}" / "blobs"
    return set(blobs.glob("*.incomplete"))


def _carry_out(order: _Order, tell: Callable[..., None]) -> None:
    tell(None, 0)
    for name, value in order.hub.items():  # a process that was started before they were set
        setattr(constants, name, value)
    with reporting(tell):
        fetch(order.repo, order.files)
