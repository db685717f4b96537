"""A tar archive into a folder and nowhere else, bounded in members and bytes, whole or not."""

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path

from core.errors import ExplorerError
from core.progress import Progress


def unpack(
    archive: Path,
    folder: Path,
    max_members: int,
    max_bytes: int,
    progress: Progress | None = None,
) -> int:
    """Unpack regular files and folders of a gzipped tar into `folder`; returns how many files.

    Files that are in `folder` already are replaced by those of the same name, the others stay.
    Links and devices, which no study set needs, are left out.

    Args:
        progress: called with (bytes read, bytes in all) of the archive.

    Raises:
        ExplorerError: a member would leave the folder, there are more members or bytes than
            allowed, or the archive is damaged.
    """
    staging = folder / ".unpacking"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        try:
            count = _extract(archive, staging, max_members, max_bytes, progress)
        except tarfile.FilterError:
            raise ExplorerError(
                f"{archive.name} holds a file that would leave its folder; it was not unpacked."
            ) from None
        except ExplorerError:
            raise
        except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError):
            raise ExplorerError(
                f"{archive.name} is damaged; remove it and fetch it again."
            ) from None
        _merge(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return count


def _extract(
    archive: Path, folder: Path, max_members: int, max_bytes: int, progress: Progress | None
) -> int:
    size, files, unpacked = archive.stat().st_size, 0, 0
    with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:gz") as tar:
        for number, member in enumerate(tar, start=1):
            unpacked += member.size
            if number > max_members or unpacked > max_bytes:
                raise ExplorerError(
                    f"{archive.name} holds more than {max_members} files or {max_bytes / 1e9:.0f} "
                    "GB, more than this set should; it was not unpacked."
                )
            if member.isfile() or member.isdir():
                tar.extract(member, folder, filter="data")
            tar.members = []  # type: ignore[attr-defined]  # it would remember every member
            files += member.isfile()
            if progress:
                progress(raw.tell(), size)
    return files


def _merge(source: Path, target: Path) -> None:
    """Move files into a folder that may be there already."""
    target.mkdir(exist_ok=True)
    for entry in source.iterdir():
        there = target / entry.name
        if entry.is_dir() and there.is_dir():
            _merge(entry, there)
        else:
            entry.replace(there)
