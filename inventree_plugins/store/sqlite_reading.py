"""Reading SQLite without a trace: no file created, no journal mode changed, no lock where none is needed.

A plain read-only connection to a database in WAL mode leaves `-wal` and `-shm` files behind and fails in a
directory that cannot be written. So the way to read is chosen by what lies there:

* at rest, nothing beside the file: `immutable=1`, and after each query the files must be as they were;
* in use (`-wal` and `-shm`, or a `-journal`): `mode=ro` in one read transaction, which blocks no writer in
  WAL mode;
* a journal left by a crash, with nobody alive to recover it: SQLite recovers a private copy instead.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Literal

from inventree_plugins.errors import (
    DatabaseAccessError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
    InvplugError,
)
from inventree_plugins.store.sqlite_file import FileState, SqliteFile
from inventree_plugins.store.sqlite_session import SqliteSession, connect

__all__ = ["ReadingSession"]

Way = Literal["quiet", "live", "copy"]

# How often a writer may come between before invplug reads with locks, whatever lies there.
ATTEMPTS = 20
PAUSE = 0.01


class ReadingSession(SqliteSession):
    """A session that only reads; it moves on to the newer state if a writer starts while it is open.

    Raises:
        DatabaseMissingError: There is no file.
    """

    def __init__(self, file: SqliteFile, *, timeout: float) -> None:
        self._resources = ExitStack()
        self._state, self._way = _chosen(file)
        super().__init__(file, self._opened(file), timeout=timeout)

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds, all of one state of the database."""
        for attempt in range(1, ATTEMPTS):
            way: Way | None = "live" if attempt == ATTEMPTS - 1 else None
            try:
                found = super().query(statement, parameters)
            except DatabaseLockedError:
                raise
            except DatabaseReadOnlyError:
                if self._way == "copy":
                    raise
                way = "copy"
            except InvplugError:
                if _present(self._file) == self._state:
                    raise
            else:
                if self._way != "quiet" or _present(self._file) == self._state:
                    return found
            time.sleep(PAUSE)
            self._reopen(way)
        return super().query(statement, parameters)

    def copy_to(self, target: Path) -> None:
        """Write one state of the whole database to a new file."""
        for attempt in range(1, ATTEMPTS):
            with closing(sqlite3.connect(target)) as copy:
                self._connection.backup(copy)
            if self._way != "quiet" or _present(self._file) == self._state:
                return
            time.sleep(PAUSE)
            self._reopen("live" if attempt == ATTEMPTS - 2 else None)

    def close(self) -> None:
        """Close the connection and remove the copy, if there is one."""
        self._resources.close()

    def _reopen(self, way: Way | None) -> None:
        self._resources.close()
        self._state, chosen = _chosen(self._file)
        self._way = way or chosen
        self._connection = self._opened(self._file)

    def _opened(self, file: SqliteFile) -> sqlite3.Connection:
        try:
            return _open(file, self._way, self._resources)
        except BaseException:
            self._resources.close()  # nobody has the session yet to close it
            raise


def _present(file: SqliteFile) -> FileState:
    state = file.state()
    if state is None:
        raise file.missing()
    return state


def _chosen(file: SqliteFile) -> tuple[FileState, Way]:
    for _ in range(ATTEMPTS):
        state = _present(file)
        if not state.is_at_rest:
            # A -wal in use always has its -shm; SQLite would create the missing one.
            return state, "live" if state.is_wal_open or state.wal <= 0 else "copy"
        if not state.is_fresh:
            return state, "quiet"
        time.sleep(PAUSE)
    return state, "live"


def _open(file: SqliteFile, way: Way, resources: ExitStack) -> sqlite3.Connection:
    if way == "copy":
        copy = _copied(file, resources)
        return resources.enter_context(closing(connect(copy, "mode=rw")))
    if way == "quiet":
        return resources.enter_context(closing(connect(file, "immutable=1")))
    connection = resources.enter_context(closing(connect(file, "mode=ro")))
    connection.execute("BEGIN")  # takes no lock before the first query
    return connection


def _copied(file: SqliteFile, resources: ExitStack) -> SqliteFile:
    import shutil  # noqa: PLC0415 - only after a crash
    import tempfile  # noqa: PLC0415

    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="invplug-")))
    target = folder / "store.sqlite3"
    try:
        for _ in range(ATTEMPTS):
            before = file.state()
            for suffix in ("", "-wal", "-journal"):
                (folder / f"store.sqlite3{suffix}").unlink(missing_ok=True)
                with suppress(FileNotFoundError):  # a writer that ends takes its files away
                    shutil.copyfile(file.beside(suffix), f"{target}{suffix}")
            if file.state() == before:
                break
            time.sleep(PAUSE)
    except OSError as error:
        raise DatabaseAccessError(
            f"cannot copy the files of the database {file.label} to read them: {error.strerror}",
            hint="run invplug as the server's user, or start the server, which recovers its database",
            path=Path(file.name),
        ) from error
    return SqliteFile(str(target), label=file.label)
