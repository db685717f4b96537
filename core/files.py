"""Files that are there whole or not at all, whatever ends the process that writes them."""

import os
import platform
from collections.abc import Callable
from pathlib import Path
from threading import get_ident


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have a file written beside its place, on the disk, and renamed into it.

    Args:
        write: gets the path to write to, in the same folder; `.NAME.*.partial`, another one for
            each machine, process and thread.
    """
    partial = path.with_name(f".{path.name}.{platform.node()}-{os.getpid()}-{get_ident()}.partial")
    try:
        write(partial)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_text_whole(path: Path, text: str) -> None:
    """`write_whole` of UTF-8 text."""
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def keep_newest(folder: Path, pattern: str, limit: int) -> None:
    """Remove the files of a cache that were used longest ago, so that `limit` bytes are left.

    The newest stays whatever its size: one over the limit would be made anew at every look.
    """
    files = sorted(folder.glob(pattern), key=lambda f: f.stat().st_mtime, reverse=True)
    total = 0
    for number, file in enumerate(files):
        total += file.stat().st_size
        if total > limit and number:
            file.unlink(missing_ok=True)
