"""Files that were dropped into the browser, as a folder that an import reads; gone with its owner.

A ZIP among them is unpacked in its place. What a name could do to other folders, it may not: every
part of a path is made a plain one, links are left out, and members and bytes are bounded before
anything is written.
"""

import io
import re
import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, BinaryIO

from core.errors import ExplorerError
from core.intake.source import TABLES, Source, open_source

ZIP = ".zip"
MAX_FILES = 20_000
MAX_BYTES = 8 * 2**30
_HIDDEN = ("__MACOSX",)
_UNFIT = re.compile(r'[\x00-\x1f<>:"|?*]')  # in a name, on one system or another
_SYMLINK = 0xA000  # of a ZIP made on Unix: the file type in its external attributes


def open_zip(path: Path) -> "Dropped":
    """A ZIP on this computer, unpacked.

    Raises:
        ExplorerError: as `Dropped`.
    """
    with path.open("rb") as file:
        return Dropped([(path.name, file)])


def only_table(dropped: "Dropped") -> str:
    """The table to import; "" where there is none, so that the folder is.

    Raises:
        ExplorerError: there are several.
    """
    tables = dropped.tables
    if len(tables) > 1:
        raise ExplorerError(
            f"There are {len(tables)} tables in it; unpack it and give --data the one that counts."
        )
    return tables[0] if tables else ""


class Dropped:
    """Dropped files in a temporary folder, which is removed with this object.

    Attributes:
        folder: where they are, under their own names.
        count: how many.
        close: removes the folder now.
    """

    def __init__(self, files: Iterable[tuple[str, BinaryIO]]) -> None:
        """Write the files; those of a ZIP beside the others.

        Args:
            files: path within what was dropped, and content, read from its start.

        Raises:
            ExplorerError: no file, too many, a damaged or encrypted ZIP, or no room on the disk.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="lrclr-dropped-")).resolve()
        self.count = self._bytes = 0
        self.close = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        try:
            for name, content in files:
                if name.lower().endswith(ZIP):
                    self._unpack(name, content)
                else:
                    size = content.seek(0, io.SEEK_END)
                    content.seek(0)
                    self._write(name, content, size)
        except OSError as error:
            raise ExplorerError(
                f"The dropped files cannot be kept ({error.strerror}); import them by their path."
            ) from None
        if not self.count:
            raise ExplorerError("Nothing that can be imported was dropped; drop films or a ZIP.")

    def source(self, table: str = "", images: str = "", preview: int = 8) -> Source:
        """What is to be imported: the whole folder, or one of its tables.

        Args:
            images: the folder that the table's paths start from, of `folders`; its own by default.

        Raises:
            ExplorerError: as `open_source`.
        """
        start = self.folder / images if images else None
        return open_source(self.folder / table, start, preview)

    @property
    def folders(self) -> list[str]:
        """Folders among the files, relative to the folder."""
        names = (path for path in self.folder.rglob("*") if path.is_dir())
        return sorted(path.relative_to(self.folder).as_posix() for path in names)

    @property
    def tables(self) -> list[str]:
        """Tables among the files, relative to the folder, those nearest to its top first.

        A .txt is none: what is dropped with films is a word to the reader.
        """
        kinds = set(TABLES) - {".txt"}
        paths = (path for path in self.folder.rglob("*") if path.suffix.lower() in kinds)
        names = [path.relative_to(self.folder).as_posix() for path in paths if path.is_file()]
        return sorted(names, key=lambda name: (name.count("/"), name))

    def _write(self, name: str, content: "BinaryIO | _Bounded", size: int) -> None:
        path = _plain(name)
        if path is None:
            return
        self.count, self._bytes = self.count + 1, self._bytes + size
        if self.count > MAX_FILES or self._bytes > MAX_BYTES:
            raise ExplorerError(
                f"More than {MAX_FILES} files or {MAX_BYTES / 2**30:.0f} GB were dropped; import "
                "them by their path."
            )
        place = self.folder / path
        if place.exists():  # of one name from two folders
            place = place.with_name(f"{place.stem}-{self.count}{place.suffix}")
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            shutil.copyfileobj(content, file)

    def _unpack(self, name: str, content: BinaryIO) -> None:
        try:
            with zipfile.ZipFile(content) as archive:
                for member in archive.infolist():
                    if member.is_dir() or (member.external_attr >> 16) & 0xF000 == _SYMLINK:
                        continue
                    with archive.open(member) as file:
                        bounded = _Bounded(file, member.file_size)
                        self._write(member.filename, bounded, member.file_size)
        except ExplorerError:  # too much; it is a ValueError, too
            raise
        except RuntimeError:
            raise ExplorerError(f"{name} is encrypted; drop what is in it.") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
            raise ExplorerError(f"{name} is no ZIP that can be read; drop what is in it.") from None


class _Bounded:
    """A member of a ZIP that ends where its header said: no more is unpacked than was counted."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that are left where it is negative."""
        content = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(content)
        return content


def _plain(name: str) -> Path | None:
    """A path below the folder whatever the name says; None of what is hidden."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or any(part.startswith(".") or part in _HIDDEN for part in parts):
        return None  # ".." begins with a full stop, too
    return Path(*(_UNFIT.sub("_", part) for part in parts))
