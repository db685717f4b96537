"""A place on disk that one process at a time works on, and whether that process is still there.

A claim is a small file, made only where there is none (O_EXCL), that says who holds it. One whose
process has ended, killed or after a restart, is stale and is taken over; of another computer's,
only its user can say so.
"""

import json
import math
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import psutil

from core.errors import ExplorerError

Owner = dict[str, Any]
"""`pid`, `created` (when that process started, in seconds) and `host`."""


def this_process() -> Owner:
    """What identifies the process that asks, across restarts of the computer."""
    return owner_of(os.getpid())


def owner_of(pid: int) -> Owner:
    """The same of another process of this computer; as of now, where it has ended already."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.Error:
        created = time.time()
    return {"pid": pid, "created": created, "host": platform.node()}


def is_alive(owner: Mapping[str, Any]) -> bool:
    """Whether an owner is a running process; another computer's is taken to be."""
    if owner.get("host", platform.node()) != platform.node():
        return True
    try:
        process = psutil.Process(int(owner["pid"]))
        # A number is used again after a restart: the start time tells the processes apart.
        same = abs(process.create_time() - float(owner["created"])) < 2
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, TypeError, ValueError, psutil.Error):
        return False


@contextmanager
def claimed(
    path: Path, what: str, longest: float = math.inf, **notes: Any
) -> Iterator[Mapping[str, Any]]:
    """Hold the claim `path` meanwhile.

    Args:
        what: what is claimed, as a message says it.
        longest: seconds that nobody needs it; an older one of another computer is stale, too.
        notes: kept in the claim for who takes it over.

    Yields:
        The claim of a process that ended without giving it back; empty where there was none.

    Raises:
        ExplorerError: somebody else holds it.
        OSError: the folder cannot be written to.
    """
    said = json.dumps({**this_process(), "token": token_hex(8), **notes})
    before: Mapping[str, Any] = {}
    while not _written(path, said):
        holder = read_claim(path)
        if holder is None:  # given back just now
            continue
        if is_alive(holder) and not _is_forgotten(path, holder, longest):
            raise ExplorerError(_taken(path, what, holder))
        before = holder
        _take_away(path, holder)
    try:
        yield before
    finally:
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == said:
                path.unlink()


def read_claim(path: Path) -> Owner | None:
    """Who holds a claim; None where nobody does, and an owner without a number where it is damaged.

    A claim is empty for the moment between being made and being written.
    """
    for _ in range(20):
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            time.sleep(0.05)
            continue
        return held if isinstance(held, dict) else {}
    return {}


def _written(path: Path, said: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(said)
        return True
    except FileExistsError:
        return False


def _is_forgotten(path: Path, holder: Mapping[str, Any], longest: float) -> bool:
    """Whether another computer, such as a container that is gone, has held a claim too long."""
    if holder.get("host") == platform.node():
        return False
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > longest
    return True


def _take_away(path: Path, stale: Mapping[str, Any]) -> None:
    """Remove a stale claim, but not one that another process has put in its place meanwhile."""
    aside = path.with_name(f"{path.name}.{token_hex(8)}")
    with suppress(FileNotFoundError):
        os.replace(path, aside)
        if read_claim(aside) != stale:
            with suppress(OSError):
                os.link(aside, path)
        aside.unlink()


def _taken(path: Path, what: str, holder: Mapping[str, Any]) -> str:
    host = holder.get("host")
    if host == platform.node():
        return f"{what} is being written by another process ({holder.get('pid')}); wait for it."
    return (
        f"{what} is being written from another computer ({host}); wait for it, or remove "
        f"{path.name} beside it if nothing runs there."
    )
