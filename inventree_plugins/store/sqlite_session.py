"""A connection to SQLite: bounded waiting, the catalogue, and its errors in invplug's words."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inventree_plugins.errors import (
    DatabaseCorruptError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
    InvplugError,
)
from inventree_plugins.store.session import Column, Reference
from inventree_plugins.store.sqlite_file import SqliteFile

__all__ = ["SqliteSession", "connect", "read_only"]

# SQLite waits inside C, where Ctrl-C is not seen: let it wait in short turns.
TURN = 0.1
PAUSE = 0.01

REFERENCES = """
SELECT child.name, link."from", coalesce(link."to", 'id'), field."notnull" OR field.pk
FROM sqlite_master AS child
JOIN pragma_foreign_key_list(child.name) AS link
JOIN pragma_table_info(child.name) AS field ON field.name = link."from" COLLATE NOCASE
WHERE child.type = 'table' AND link."table" = ? COLLATE NOCASE
ORDER BY child.name, link."from"
"""


def connect(file: SqliteFile, options: str) -> sqlite3.Connection:
    """Connect by URI with `options`, transactions left to the caller.

    Raises:
        DatabaseError: SQLite cannot open the file; the subclass says why.
    """
    try:
        connection = sqlite3.connect(file.uri(options), uri=True, timeout=TURN, isolation_level=None)
    except sqlite3.Error as error:
        raise _translated(error, file, timeout=0) from error
    # One undecodable title must not hide every row.
    connection.text_factory = _decoded
    return connection


class SqliteSession:
    """Statements over one connection; a locked database is waited for, `timeout` seconds a statement."""

    def __init__(self, file: SqliteFile, connection: sqlite3.Connection, *, timeout: float) -> None:
        self._file = file
        self._connection = connection
        self._timeout = timeout

    @property
    def label(self) -> str:
        """Name the file for a message."""
        return self._file.label

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return self._connection.execute(statement, parameters).fetchall()
            except sqlite3.Error as error:
                if not _is_locked(error) or time.monotonic() >= deadline:
                    raise _translated(error, self._file, timeout=self._timeout) from error
            time.sleep(PAUSE)

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that changes something; one that met a lock did nothing and runs again."""
        self.query(statement, parameters)

    def tables(self) -> frozenset[str]:
        """Return the names of all tables."""
        found = self.query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        return frozenset(name for (name,) in found)

    def columns(self, table: str) -> tuple[Column, ...]:
        """Return the columns of `table`, none where it does not exist."""
        # hidden: 0 a plain column, 2 and 3 generated ones, which compute their own value
        found = self.query(
            'SELECT name, "notnull", dflt_value, pk, hidden, type FROM pragma_table_xinfo(?)', [table]
        )
        return tuple(
            Column(name, bool(notnull) and default is None and not pk and not hidden, _length(declared))
            for name, notnull, default, pk, hidden, declared in found
        )

    def references(self, table: str) -> tuple[Reference, ...]:
        """Return every foreign key, of any table, that leads to `table`."""
        return tuple(
            Reference(child, column, target, nullable=not notnull)
            for child, column, target, notnull in self.query(REFERENCES, [table])
        )

    def close(self) -> None:
        """Close the connection; what was not committed is undone."""
        self._connection.close()


def _length(declared: str) -> int | None:
    """Return what `varchar(N)` says: SQLite takes longer texts, the server's other databases do not."""
    found = re.search(r"char\w*\s*\((\d+)\)", declared, re.IGNORECASE)
    return int(found[1]) if found else None


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _is_locked(error: sqlite3.Error) -> bool:
    return "locked" in str(error)


def _translated(error: sqlite3.Error, file: SqliteFile, *, timeout: float) -> InvplugError:
    # Python 3.10 has no error codes; the texts are SQLite's own and have not changed since 2013.
    text = str(error)
    path = Path(file.name)
    if _is_locked(error):
        return DatabaseLockedError(
            f"the database {file.label} stayed locked by another process for {round(timeout, 1):g} seconds",
            hint="retry, or wait longer with `--lock-timeout`",
            path=path,
        )
    if "not a database" in text:
        return DatabaseCorruptError(
            f"the file {file.label} is not an SQLite database",
            hint="check `INVENTREE_DB_NAME`, `database.name` or `--database`",
            path=path,
        )
    if "malformed" in text:
        return DatabaseCorruptError(
            f"the database {file.label} is damaged: {text}",
            hint="restore a backup, or try `sqlite3 FILE .recover`",
            path=path,
        )
    if "readonly" in text:
        return read_only(file)
    if "unable to open" in text:
        return _unopened(file)
    return DatabaseError(f"the database {file.label} failed: {text}", hint="nothing was changed", path=path)


def _unopened(file: SqliteFile) -> InvplugError:
    if file.state() is None:
        return file.missing()
    if not file.is_readable():
        return file.unreadable()
    return read_only(file)


def read_only(file: SqliteFile) -> DatabaseReadOnlyError:
    """Return the error that says why `file` cannot be changed."""
    reason = "it is not permitted to be written"
    if file.is_writable():
        reason = "its directory is not permitted to be written, where SQLite keeps the journal of a change"
    return DatabaseReadOnlyError(
        f"the database {file.label} cannot be changed: {reason}",
        hint="run invplug as the server's user, who may write the file and its directory",
        path=Path(file.name),
    )
