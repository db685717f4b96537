"""One file over HTTP: goes on where it was cut off, and is never taken for whole when it is not.

A part of a file is kept as NAME.partial, with what the server said of its version beside it, so
that a later run goes on from there; If-Range (RFC 9110, 13.1.5) makes a server that has another
version by now send the whole. Sizes and hashes are checked before the file gets its name.
"""

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import urllib3

from core.errors import ExplorerError
from core.progress import Progress

_CHUNK = 1 << 20
_TIMEOUT = (15, 60)  # seconds to connect, and without a byte
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_SPARE = 200 * 2**20  # bytes that stay free on the disk
_DROPPED = (requests.RequestException, urllib3.exceptions.HTTPError)


class _Retry(Exception):
    """The connection failed; what has arrived is kept."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Patience:
    """How long to keep trying."""

    tries: int = 8  # in a row without a new byte
    pause: float = 1.0  # seconds before the second try; doubles up to `longest`
    longest: float = 60.0


PATIENCE = Patience()


def download(
    url: str,
    path: Path,
    size: int | None = None,
    md5: str | None = None,
    progress: Progress | None = None,
    patience: Patience = PATIENCE,
) -> None:
    """Download a file to `path`, going on from an earlier part where the server can.

    Args:
        size: bytes it must have, where known.
        md5: hash it must have, where known.
        progress: called with (bytes there, bytes in all); the second is 0 where nobody says.

    Raises:
        ExplorerError: the server refuses or cannot be reached, the disk is full, or what it sends
            is not what was expected.
    """
    part = _Part(path)
    failures, before = 0, part.size
    while True:
        try:
            _attempt(url, part, size, progress)
            break
        except _Retry as error:
            failures = 0 if part.size > before else failures + 1
            before = part.size
            if failures >= patience.tries:
                raise ExplorerError(
                    f"{path.name} could not be fetched ({error}); what has arrived is kept, so run "
                    "the same command again to go on."
                ) from None
            doubled = patience.pause * 2 ** min(failures, 20)
            time.sleep(min(max(doubled, error.wait), patience.longest))
    if md5 is not None and file_hash(part.path, "md5") != md5:
        part.remove()
        raise ExplorerError(
            f"{path.name} is not the file its publisher describes (its MD5 differs), so it was "
            "removed; run the same command again, and look at the set's page if it stays so."
        )
    part.path.replace(path)
    part.remove()


def file_hash(path: Path, kind: str) -> str:
    """Hash of a file in hexadecimal; `kind` as hashlib names it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


class _Part:
    """What has arrived of a file, and the validator of the version that it is a part of."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.name}.partial")
        self._notes = path.with_name(f"{path.name}.partial.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def validator(self) -> str:
        try:
            return str(json.loads(self._notes.read_text(encoding="utf-8"))["validator"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, headers: Any) -> None:
        """Start over, with a version of which the server says this."""
        self.path.write_bytes(b"")
        etag = str(headers.get("ETag", ""))
        strong = etag if etag and not etag.startswith("W/") else ""
        told = {"validator": strong or str(headers.get("Last-Modified", ""))}
        self._notes.write_text(json.dumps(told), encoding="utf-8")

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)


def _attempt(url: str, part: _Part, size: int | None, progress: Progress | None) -> None:
    """One request; returns when the file is whole."""
    name = part.path.name.removesuffix(".partial")
    # As it lies there: a server that zips on the way would change sizes and ranges.
    headers = {"Accept-Encoding": "identity", "User-Agent": "lrclr-explorer"}
    if part.size and part.validator:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
            if url.startswith("https:") and not answer.url.startswith("https:"):
                raise ExplorerError(f"{name}: the server leads to an address without encryption.")
            total = _begin(answer, part, name)
            if size is not None and total and total != size:
                part.remove()
                raise ExplorerError(
                    f"{name} has {total} bytes on the server, not the {size} it should have; look "
                    "at the set's page for what has changed."
                )
            _receive(answer, part, total or size or 0, progress)
    except _DROPPED as error:
        raise _Retry(f"connection: {type(error).__name__}") from None


def _begin(answer: requests.Response, part: _Part, name: str) -> int:
    """Look at the answer's head; returns the bytes of the whole file, 0 where it does not say."""
    status, have = answer.status_code, part.size
    if status in _AGAIN:
        after = answer.headers.get("Retry-After", "")
        raise _Retry(f"status {status}", float(after) if after.isdecimal() else 0.0)
    if status == 206:
        first, _, total = answer.headers.get("Content-Range", "").partition("/")
        if first.startswith(f"bytes {have}-"):
            return int(total) if total.isdecimal() else 0
    if status in (206, 416):  # another range than asked for, or a part longer than the file
        part.remove()
        raise _Retry("the server's part does not fit ours")
    if status != 200:
        raise ExplorerError(
            f"{name} cannot be fetched: the server answers {status}; look at the set's page for "
            "where it is now."
        )
    part.begin(answer.headers)  # the whole, also from a server that knows no ranges
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else 0


def _receive(
    answer: requests.Response, part: _Part, total: int, progress: Progress | None
) -> None:
    have = part.size
    if total and shutil.disk_usage(part.path.parent).free < total - have + _SPARE:
        raise ExplorerError(
            f"The disk has no room for {part.path.name.removesuffix('.partial')} "
            f"({total / 1e9:.1f} GB); free some or choose another folder."
        )
    with part.path.open("ab") as file:
        for chunk in answer.raw.stream(_CHUNK, decode_content=False):
            file.write(chunk)
            have += len(chunk)
            if progress:
                progress(have, total)
    if total and have < total:
        raise _Retry(f"only {have} of {total} bytes arrived")
    if total and have > total:
        part.remove()
        raise _Retry(f"{have} bytes arrived where {total} were announced")
