"""Fetching from a server that drops, forgets, lies and comes back; and archives that mean harm."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from core.errors import ExplorerError
from core.fetch import SETS, FetchableSet, catalogue, fetch
from core.fetch.catalogue import ArchiveFile
from core.fetch.download import Patience, download
from core.fetch.unpack import unpack

QUICK = Patience(tries=3, pause=0.01, longest=0.02)
DATA = np.random.default_rng(0).bytes(3_000_000)


class Server(ThreadingHTTPServer):
    """Serves `data`; each behaviour of `plan` is for one request, the last for all that follow."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.data, self.etag, self.plan = DATA, '"v1"', ["whole"]
        self.ranges: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/set.tgz"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        how = server.plan.pop(0) if len(server.plan) > 1 else server.plan[0]
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        data, start = server.data, 0
        if how.isdecimal():
            self.send_response(int(how))
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        fresh = self.headers.get("If-Range") in (None, server.etag)
        if asked and fresh and how != "no ranges":
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            told = start + 7 if how == "wrong range" else start
            self.send_header("Content-Range", f"bytes {told}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        length = len(data) - start
        if how == "no length":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length + (500 if how == "short" else 0)))
        self.send_header("ETag", server.etag)
        self.end_headers()
        body = data[start:]
        self.wfile.write(body[: len(body) // 2] if how == "drop" else body)
        if how in ("drop", "short"):
            self.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def _get(server: Server, path: Path, **options: Any) -> None:
    download(server.url, path, patience=QUICK, **options)


def _alone(path: Path) -> None:
    """Nothing is left beside the file."""
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


def test_a_dropped_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.plan = ["drop", "drop", "503", "whole"]
    seen: list[tuple[int, int]] = []
    _get(server, tmp_path / "f", progress=lambda done, total: seen.append((done, total)))
    assert (tmp_path / "f").read_bytes() == DATA
    assert server.ranges == [None, "bytes=1500000-", "bytes=2250000-", "bytes=2250000-"]
    assert seen[-1] == (len(DATA), len(DATA)) and seen == sorted(seen)
    _alone(tmp_path / "f")


def test_a_later_run_goes_on_from_the_part(server: Server, tmp_path: Path) -> None:
    server.plan = ["drop", "503"]
    with pytest.raises(ExplorerError, match="status 503.*run the same command again"):
        _get(server, tmp_path / "f")
    server.plan, server.ranges = ["whole"], []
    _get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA and server.ranges == ["bytes=1500000-"]


def test_a_part_of_another_version_is_not_mixed_in(server: Server, tmp_path: Path) -> None:
    server.plan = ["drop", "503"]
    with pytest.raises(ExplorerError):
        _get(server, tmp_path / "f")
    server.data, server.etag, server.plan = DATA[::-1], '"v2"', ["whole"]
    _get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA[::-1]


@pytest.mark.parametrize("how", ["no ranges", "wrong range", "no length", "short"])
def test_a_server_of_few_manners_still_gives_the_file(
    server: Server, tmp_path: Path, how: str
) -> None:
    server.plan = ["drop", how, "whole"]
    _get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    _alone(tmp_path / "f")


@pytest.mark.parametrize("status", ["404", "403", "401"])
def test_a_refusal_is_one_sentence_at_once(server: Server, tmp_path: Path, status: str) -> None:
    server.plan = [status]
    with pytest.raises(ExplorerError, match=f"the server answers {status}"):
        _get(server, tmp_path / "f")
    assert len(server.ranges) == 1 and not list(tmp_path.iterdir())


def test_what_never_arrives_whole_never_gets_its_name(server: Server, tmp_path: Path) -> None:
    server.plan = ["short"]
    with pytest.raises(ExplorerError, match="could not be fetched"):
        _get(server, tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_wrong_bytes_and_a_wrong_size_are_refused_and_removed(
    server: Server, tmp_path: Path
) -> None:
    with pytest.raises(ExplorerError, match="MD5 differs"):
        _get(server, tmp_path / "f", md5=hashlib.md5(b"other").hexdigest())
    with pytest.raises(ExplorerError, match="3000000 bytes on the server, not the 17"):
        _get(server, tmp_path / "f", size=17)
    assert not list(tmp_path.iterdir())
    _get(server, tmp_path / "f", size=len(DATA), md5=hashlib.md5(DATA).hexdigest())


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="ConnectionError"):
        download("http://127.0.0.1:9/x", tmp_path / "f", patience=QUICK)


def _tar(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _public(server: Server, **archive: Any) -> FetchableSet:
    file = ArchiveFile(server.url, "set.tgz", "films", **archive)
    return FetchableSet("Set", "free", "page", (file,))


def test_a_set_is_fetched_once_and_held_to_what_it_was(server: Server, tmp_path: Path) -> None:
    server.data = _tar(deep__a=b"1", b=b"22")
    steps: list[str] = []

    def watch(what: str) -> Any:
        steps.append(what)
        return lambda done, total: None

    (said,) = fetch(_public(server), tmp_path, watch, QUICK)
    assert "no hash is published" in said and "2 files" in said
    assert (tmp_path / "films" / "deep" / "a").read_bytes() == b"1"
    assert steps == ["Fetching set.tgz", "Unpacking set.tgz"]
    recorded = (tmp_path / "set.tgz.sha256").read_text()
    assert recorded == f"{hashlib.sha256(server.data).hexdigest()}  set.tgz\n"
    (said,) = fetch(_public(server), tmp_path, watch, QUICK)
    assert "unpacked before" in said and len(steps) == 2 and len(server.ranges) == 1
    (tmp_path / "set.tgz").write_bytes(_tar(deep__a=b"3"))
    with pytest.raises(ExplorerError, match="another SHA-256 than when it was fetched"):
        fetch(_public(server), tmp_path, watch, QUICK)
    (tmp_path / "set.tgz").unlink()  # to free the disk
    assert "removed since" in fetch(_public(server), tmp_path, watch, QUICK)[0]
    assert len(server.ranges) == 1


def test_an_archive_put_there_by_hand_is_held_to_the_published_hash(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "set.tgz").write_bytes(_tar(a=b"1"))
    with pytest.raises(ExplorerError, match="another MD5 than its publisher states"):
        fetch(_public(server, md5="0" * 32), tmp_path)
    assert not server.ranges and not (tmp_path / "films").exists()


@pytest.mark.parametrize("name", ["../out", "/abs/out", "deep/../../out"])
def test_no_member_leaves_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.tgz").write_bytes(_tar(**{name: b"1", "good": b"2"}))
    try:
        unpack(tmp_path / "x.tgz", tmp_path / "in", 10, 100)
    except ExplorerError as error:
        assert "would leave its folder" in str(error)
        assert not list((tmp_path / "in").iterdir())
    outside = [p for p in tmp_path.rglob("out") if not p.is_relative_to(tmp_path / "in")]
    assert not outside and not Path("/abs/out").exists()


def test_links_and_devices_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as tar:
        for kind, target in ((tarfile.SYMTYPE, "../secret"), (tarfile.LNKTYPE, "../secret"),
                             (tarfile.FIFOTYPE, "")):  # fmt: skip
            member = tarfile.TarInfo(f"l{kind.decode()}")
            member.type, member.linkname = kind, target
            tar.addfile(member)
        tar.addfile(tarfile.TarInfo("plain"))
    assert unpack(tmp_path / "x.tgz", tmp_path / "in", 10, 100) == 1
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["plain"]


def test_members_and_bytes_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "x.tgz").write_bytes(_tar(a=b"1", b=b"2", c=bytes(10**6)))
    for bounds in ((2, 10**7), (10, 10**5)):
        with pytest.raises(ExplorerError, match="more than this set should"):
            unpack(tmp_path / "x.tgz", tmp_path / "in", *bounds)
        assert not list((tmp_path / "in").iterdir())


@pytest.mark.parametrize(
    "data",
    [b"", b"no tar", _tar(a=DATA)[:-2000], gzip.compress(b"x" * 600)],
    ids=["empty", "no tar", "cut off", "no tar within"],
)
def test_a_damaged_archive_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.tgz").write_bytes(data)
    with pytest.raises(ExplorerError, match="is damaged"):
        unpack(tmp_path / "x.tgz", tmp_path / "in", 10, 10**8)
    assert not list((tmp_path / "in").iterdir())


def test_the_table_names_each_file_once_and_no_hash_is_made_up() -> None:
    archives = [archive for public in SETS.values() for archive in public.archives]
    assert len({archive.url for archive in archives}) == len(archives)
    for archive in archives:
        assert archive.url.startswith("https://")
        assert (archive.md5 is not None) == archive.url.startswith(catalogue._BOX)
        assert archive.md5 is None or len(bytes.fromhex(archive.md5)) == 16
