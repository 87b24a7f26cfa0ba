"""From an engine's name to its store; a driver is imported only when a database needs it."""

from __future__ import annotations

from inventree_plugins.errors import UnsupportedDatabaseError
from inventree_plugins.models import Database
from inventree_plugins.store.interface import Store

__all__ = ["open_store"]


def open_store(database: Database, *, timeout: float) -> Store:
    """Return the store in `database`; a change waits `timeout` seconds for other writers.

    Raises:
        UnsupportedDatabaseError: invplug has no store for the engine.
    """
    if database.engine == "sqlite3":
        # Its driver costs milliseconds.
        from inventree_plugins.store.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(database, timeout=timeout)
    if database.engine in {"postgresql", "mysql"}:
        raise UnsupportedDatabaseError(
            f"invplug cannot open a `{database.engine}` database yet",
            hint="SQLite works; PostgreSQL and MySQL follow in a later release",
        )
    raise UnsupportedDatabaseError(
        f"`{database.engine}` is not a database engine that InvenTree runs on",
        hint="use `sqlite3`, `postgresql` or `mysql` in `INVENTREE_DB_ENGINE` or `database.engine`",
    )
