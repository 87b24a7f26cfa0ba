"""From an engine's name to its store; a driver is imported only when a database needs it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from inventree_plugins.errors import UnsupportedDatabaseError
from inventree_plugins.models import Database
from inventree_plugins.store.interface import Store

__all__ = ["copy_store", "open_store"]


def copy_store(database: Database, target: Path, *, timeout: float) -> bool:
    """Copy the database to a new SQLite file, without a trace; False where there is nothing to be copied.

    Raises DatabaseError as reading does.
    """
    if database.engine != "sqlite3" or (database.standalone and not Path(database.name).exists()):
        return False
    from inventree_plugins.store.sqlite_file import SqliteFile  # noqa: PLC0415 - as below
    from inventree_plugins.store.sqlite_reading import ReadingSession  # noqa: PLC0415

    with closing(ReadingSession(SqliteFile(database.name), timeout=timeout)) as session:
        session.copy_to(target)
    return True


def open_store(database: Database, *, timeout: float) -> Store:
    """Return the store in `database`; a change waits `timeout` seconds for other writers.

    Raises:
        UnsupportedDatabaseError: invplug has no store for the engine.
    """
    if database.engine == "sqlite3":
        # Its driver costs milliseconds.
        from inventree_plugins.store.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(database, timeout=timeout)
    if database.engine == "postgresql":
        from inventree_plugins.store.postgresql import PostgresqlStore  # noqa: PLC0415

        return PostgresqlStore(database, timeout=timeout)
    if database.engine == "mysql":
        from inventree_plugins.store.mysql import MysqlStore  # noqa: PLC0415

        return MysqlStore(database, timeout=timeout)
    raise UnsupportedDatabaseError(
        f"`{database.engine}` is not a database engine that InvenTree runs on",
        hint="use `sqlite3`, `postgresql` or `mysql` in `INVENTREE_DB_ENGINE` or `database.engine`",
    )
