"""A public set into a folder: downloaded, checked, unpacked; a second run has nothing left to do.

Notable: where a publisher states no hash, the SHA-256 of what arrived first is written next to the
file (NAME.sha256, as `sha256sum` writes and checks it), and later runs hold the file to it. That
shows damage and change, not that the first download was genuine.
"""

from collections.abc import Callable
from pathlib import Path

from core.errors import ExplorerError
from core.fetch.catalogue import ArchiveFile, FetchableSet
from core.fetch.download import PATIENCE, Patience, download, file_hash
from core.fetch.unpack import unpack
from core.progress import Progress

Watch = Callable[[str], Progress]
"""Makes the progress callback of one step from what the step is called."""


def fetch(
    public: FetchableSet, root: Path, watch: Watch | None = None, patience: Patience = PATIENCE
) -> list[str]:
    """Fetch every archive of a set into `root` and unpack it there.

    Returns:
        What was done and checked, one sentence an archive.

    Raises:
        ExplorerError: as `download` and `unpack`, or a file differs from what it was.
    """
    root.mkdir(parents=True, exist_ok=True)
    return [_fetch(archive, root, watch or _silent, patience) for archive in public.archives]


def _silent(what: str) -> Progress:
    return lambda done, total: None


def _fetch(archive: ArchiveFile, root: Path, watch: Watch, patience: Patience) -> str:
    path, record = root / archive.name, root / f"{archive.name}.sha256"
    done = record.is_file()  # it is written last
    if done and not path.is_file():
        return f"{archive.name}: unpacked before, and removed since."
    if not path.is_file():
        show = watch(f"Fetching {archive.name}")
        download(archive.url, path, archive.size, archive.md5, show, patience)
    digest = _checked(archive, path, record)
    held = "MD5 as published" if archive.md5 else "no hash is published"
    if done:
        return f"{archive.name}: {held}, SHA-256 as recorded; unpacked before."
    folder = root / archive.folder
    show = watch(f"Unpacking {archive.name}")
    files = unpack(path, folder, archive.max_members, archive.max_bytes, show)
    record.write_text(f"{digest}  {archive.name}\n", encoding="utf-8")
    return f"{archive.name}: {held}, SHA-256 in {record.name}; {files} files in {folder}."


def _checked(archive: ArchiveFile, path: Path, record: Path) -> str:
    """SHA-256 of a file that is as it was recorded, or else as it was published."""
    digest = file_hash(path, "sha256")
    if record.is_file():
        if record.read_text(encoding="utf-8").split()[:1] != [digest]:
            raise _changed(path, record, "another SHA-256 than when it was fetched")
        return digest
    if archive.size not in (None, path.stat().st_size):
        raise _changed(path, record, f"not the {archive.size} bytes it should have")
    if archive.md5 not in (None, file_hash(path, "md5")):
        raise _changed(path, record, "another MD5 than its publisher states")
    return digest


def _changed(path: Path, record: Path, how: str) -> ExplorerError:
    return ExplorerError(
        f"{path.name} has {how}; remove it and {record.name} and run the command again."
    )
