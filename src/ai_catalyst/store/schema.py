"""Bring a store to the schema this program knows.

Alembic's scripts are the truth. Importing them costs about a second, so the common cases do
without: a store that is up to date is known by its version row, and a new file is made from
``schema.sql``, a copy of what the scripts make (a test compares the two).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ai_catalyst.errors import StoreError
from ai_catalyst.store.faults import explain

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

__all__ = ["HEAD", "HISTORY", "bring_up", "check_version", "make_ready", "upgrade", "version_of"]

HISTORY = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every version there was, oldest first: the revisions of ``migrations/versions``."""
HEAD = HISTORY[-1]

_LOCK_WAIT_S = 60.0


def version_of(connection: sqlite3.Connection) -> str | None:
    """Return the version written in an open file, None when there is none."""
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # not "no such table"
            raise
        return None
    return None if row is None else str(row[0])


def check_version(version: str | None, where: Path | str) -> None:
    """Raise `StoreError` for a store that a newer program wrote."""
    if version is not None and version not in HISTORY:
        raise StoreError(
            f"the store {where} was written by a newer version (schema {version}, this program "
            f"knows {HEAD}): update ai-catalyst, or name another store"
        )


def make_ready(path: Path) -> None:
    """Bring a SQLite file to head, whatever it is now; cheap when it is there already."""
    try:
        connection = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None)
        try:
            version = version_of(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise explain(error, path) from error
    check_version(version, path)
    if version != HEAD:
        bring_up(path)


def bring_up(path: Path) -> None:
    """Make the tables of a SQLite file, or upgrade them; safe when many processes do it at once."""
    try:
        with _alone(path):
            connection = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None)
            try:
                version = version_of(connection)
                check_version(version, path)
                if version == HEAD:
                    return
                if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    _create(connection)
                    return
            finally:
                connection.close()
            _upgrade_file(path)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise StoreError(f"the store {path} cannot be locked ({error.strerror})") from error


def upgrade(connection: Connection) -> None:
    """Run the scripts on an open SQLAlchemy connection, inside its transaction."""
    from alembic import command

    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def configuration() -> Config:
    """Return Alembic's configuration for the scripts inside this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ai_catalyst.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _create(connection: sqlite3.Connection) -> None:
    script = resources.files("ai_catalyst.store").joinpath("schema.sql").read_text("utf-8")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")


def _upgrade_file(path: Path) -> None:
    from sqlalchemy import NullPool, create_engine, event, exc

    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _by_hand(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # or the driver would commit before each DDL statement

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            upgrade(connection)
    except exc.DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise error.orig from error
        raise
    finally:
        engine.dispose()


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock beside the file, so that one process at a time changes the schema."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows: SQLite's own lock must do
        yield
        return
    descriptor = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"the store {path} is being upgraded by another process: try again later"
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
