"""A throw-away PostgreSQL server, where its programs are installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

ABSENT = "no PostgreSQL: install Debian's package postgresql, or put initdb and pg_ctl on the PATH"


def program(name: str) -> str | None:
    """A program of the server; Debian keeps them off the path."""
    versions = sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return shutil.which(name) or (versions[-1] if versions else None)


def _other_user() -> dict[str, Any]:
    """The server refuses to run as root."""
    if os.getuid() != 0:
        return {}
    import pwd  # not on every system

    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def server() -> Iterator[str]:
    """A new cluster in a temporary folder, heard of by its socket alone; gives its URL."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    assert initdb and pg_ctl
    other = _other_user()
    folder = Path(mkdtemp(prefix="pg-"))  # short: a socket's path has 107 characters at most
    folder.chmod(0o700)
    if other:
        os.chown(folder, other["user"], other["group"])

    def call(*arguments: str) -> None:
        done = subprocess.run(
            arguments, capture_output=True, text=True, cwd=folder, timeout=600, **other
        )
        assert done.returncode == 0, done.stdout + done.stderr

    data = folder / "data"
    try:
        call(initdb, "-D", str(data), "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8")
        # The log to a file: the server would hold a pipe open for as long as it lives.
        call(pg_ctl, "-D", str(data), "-w", "-t", "200", "-l", str(folder / "log"), "-o",
             f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off",
             "start")  # fmt: skip
        yield f"postgresql://tester@/postgres?host={quote(str(folder))}"
    finally:
        if (data / "postmaster.pid").exists():
            call(pg_ctl, "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
