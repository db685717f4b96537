"""Connections: which database, how it is opened, and what its refusals mean in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from core.errors import ExplorerError
from core.paths import records_url

WAIT_S = 20
"""How long a writer waits for another one."""
_SQLITE, _POSTGRESQL = "sqlite", "postgresql"
_FORMS = "sqlite:////absolute/path/notes.sqlite or postgresql://USER@HOST/DATABASE"
_WRITES = "writes"
_LOCK = 4_711_203_141  # any number that nobody else in a database uses


def parsed_url(address: str | None = None) -> URL:
    """The database that a text names, by default that of `LRCLR_RECORDS`.

    Raises:
        ExplorerError: no URL, or of a database that is not supported.
    """
    address = address or records_url()
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise ExplorerError(
            f"LRCLR_RECORDS is no address of a database; write {_FORMS}."
        ) from None
    kind = url.get_backend_name()
    if kind in ("postgres", _POSTGRESQL):
        return url.set(drivername="postgresql+psycopg")
    if kind != _SQLITE:
        raise ExplorerError(f"Notes are not kept in '{kind}'; write {_FORMS}.")
    if not url.database or url.database == ":memory:" or "mode" in url.query:
        raise ExplorerError(f"LRCLR_RECORDS names no file to keep notes in; write {_FORMS}.")
    return url.set(drivername="sqlite+pysqlite")


def file_of(url: URL) -> Path | None:
    """The file of a SQLite database; None for others."""
    return Path(url.database or "") if url.get_backend_name() == _SQLITE else None


def open_engine(url: URL) -> Engine:
    """An engine whose confirmed writes survive the end of the process, and a failing machine.

    Raises:
        ExplorerError: the folder of the file cannot be made.
    """
    path = file_of(url)
    if path is None:
        seconds = {"connect_timeout": WAIT_S}
        return create_engine(url, pool_pre_ping=True, connect_args=seconds)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise ExplorerError(f"{path} cannot hold notes; set LRCLR_RECORDS to another.") from None
    engine = create_engine(url, connect_args={"timeout": WAIT_S})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # sqlite3 would begin transactions by itself, late, and so fail where it should wait.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A reader that turns writer meets what others wrote meanwhile and is refused at once: a
    # transaction that will write says so when it begins, and waits its turn.
    kind = "IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {kind}")


def alone(connection: Connection) -> None:
    """Wait until no other transaction that asks this runs; SQLite's writers are alone anyway."""
    if connection.dialect.name == _POSTGRESQL:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database.

    Raises:
        ExplorerError: the database cannot be read.
    """
    with said(engine.url), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction: all of it is on the disk when this ends, or nothing.

    Raises:
        ExplorerError: the database cannot be written.
    """
    with said(engine.url), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


@contextmanager
def said(url: URL) -> Iterator[None]:
    """Within it what a database refuses is an ExplorerError; passwords are in none."""
    try:
        yield
    except NoSuchModuleError:
        raise ExplorerError(f"Notes are not kept in '{url.drivername}'; write {_FORMS}.") from None
    except SQLAlchemyError as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error)
        first = reason.strip().splitlines()[0] if reason.strip() else type(error).__name__
        if "locked" in first:
            first = f"another process has been writing for {WAIT_S} s"
        name = file_of(url) or url.render_as_string(hide_password=True)
        raise ExplorerError(
            f"The notes in {name} cannot be used ({first.rstrip('.')}); check LRCLR_RECORDS, or "
            "try again."
        ) from None
