"""A folder of its own for what an import writes, which becomes the new set when all is there.

Two imports to one place never share a file: each has a folder beside the target under a name drawn
at random, and the target is claimed, so that the second one is told. Nothing is removed that an
import has not made itself.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

from core.claims import claimed
from core.errors import ExplorerError

_NAME = re.compile(r"\.importing-[0-9a-f]{16}")


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A new empty folder that takes the place of `out` when the block ends without an error.

    Raises:
        ExplorerError: another import is writing there, or somebody put something there meanwhile.
        OSError: the folder above cannot be made or written to.
    """
    above = [folder for folder in out.parents if not folder.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = out.with_name(f".importing-{token_hex(8)}")
    # By a hash of the name, which may be as long as a name can be.
    claim = out.with_name(f".importing-{sha256(out.name.encode()).hexdigest()[:16]}.lock")
    try:
        with claimed(claim, out.name, folder=folder.name) as ended:
            _remove_what_it_left(out.parent, ended)
            folder.mkdir()
            try:
                yield folder
                _put_in_place(folder, out)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except BaseException:
        with suppress(OSError):  # in use meanwhile
            for made in above:
                made.rmdir()
        raise


def _put_in_place(folder: Path, out: Path) -> None:
    try:
        with suppress(FileNotFoundError):
            out.rmdir()
        folder.rename(out)
    except OSError as error:
        if not os.path.lexists(out):
            raise
        raise ExplorerError(
            f"{out.name} was made by somebody else meanwhile and is not empty; choose a new folder."
        ) from error


def _remove_what_it_left(parent: Path, claim: Mapping[str, Any]) -> None:
    """The folder of an import that was killed, by the name that it wrote down itself."""
    name = str(claim.get("folder", ""))
    if _NAME.fullmatch(name):
        shutil.rmtree(parent / name, ignore_errors=True)
