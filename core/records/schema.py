"""The version of a database: made where it is empty, brought up to date, refused if newer."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from core.errors import ExplorerError
from core.records.database import alone, file_of, open_engine, parsed_url, reading, writing
from core.records.tables import VERSION_TABLE

_FOLDER = Path(__file__).parent / "migrations"
STEPS = [_FOLDER / "versions"]
"""Folders of the steps."""


class Book:
    """A database of ours, opened; safe to share between threads, and with other processes.

    Attributes:
        engine: its connections.
        copy_before: as `prepare` returned it.
    """

    def __init__(self, url: str | None = None) -> None:
        """Open a database and bring it to this version's tables.

        Args:
            url: as SQLAlchemy writes one; by default `LRCLR_RECORDS`, else a file of the user's.

        Raises:
            ExplorerError: the database cannot be used, or is of a newer version.
        """
        self.engine = open_engine(parsed_url(url))
        self.copy_before = prepare(self.engine)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def prepare(engine: Engine) -> Path | None:
    """Bring a database to this version's tables.

    Returns:
        The copy of a SQLite file that was made before it was changed; None where none was needed.

    Raises:
        ExplorerError: it is of a newer version, or cannot be used.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    newest = script.get_current_head()
    with reading(engine) as connection:
        before = _version(connection, script, engine)
    if before == newest:
        return None
    path = file_of(engine.url)
    copy = _copied(path, before) if path is not None and before is not None else None
    with writing(engine) as connection:
        alone(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")  # which does nothing where somebody was quicker
    return copy


def _config() -> Config:
    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", "\n".join(map(str, STEPS)).replace("%", "%%"))
    return config


def _version(connection: Connection, script: ScriptDirectory, engine: Engine) -> str | None:
    """The step that a database has reached; None for one without our tables.

    Raises:
        ExplorerError: a step that this version does not have.
    """
    # Asked first: somebody who makes both in one transaction may do so between the two questions.
    there = inspect(connection).has_table("lrclr_notes")
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    reached = context.get_current_heads()
    if not reached:
        if there:
            raise ExplorerError(f"{_name(engine)} has notes without a version; put back a copy.")
        return None
    ours = {step.revision for step in script.walk_revisions()}
    if not {*reached} <= ours:
        raise ExplorerError(
            f"{_name(engine)} was written by a newer version of LRCLR Explorer (step "
            f"{', '.join(reached)}); update this one, or set LRCLR_RECORDS to another database."
        )
    return reached[0]


def _copied(path: Path, before: str) -> Path:
    """A copy of a database as it is, whoever writes to it meanwhile."""
    day = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    copy = path.with_name(f"{path.name}.{before}-{day}.copy")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _name(engine: Engine) -> str:
    return str(file_of(engine.url) or engine.url.render_as_string(hide_password=True))
