"""The store in an SQLite file: the server's own, or the embedded one of the standalone instance."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from inventree_plugins.errors import DatabaseError, DatabaseReadOnlyError, FileAccessError
from inventree_plugins.models import Database
from inventree_plugins.store.interface import Reader, Writer
from inventree_plugins.store.rows import RowReader, RowWriter
from inventree_plugins.store.sqlite_file import FileState, SqliteFile
from inventree_plugins.store.sqlite_reading import ReadingSession
from inventree_plugins.store.sqlite_session import SqliteSession, connect, read_only
from inventree_plugins.store.standalone import EmptyReader, create_tables

__all__ = ["SqliteStore"]

# SQLite counts milliseconds in 32 bits.
LONGEST_WAIT = 1_000_000.0


class SqliteStore:
    """See `Store`. A standalone store is made by the transaction that first writes to it."""

    def __init__(self, database: Database, *, timeout: float) -> None:
        self._file = SqliteFile(database.name)
        self._standalone = database.standalone
        self._timeout = min(max(timeout, 0.0), LONGEST_WAIT)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read one state of the store; see `Store.reading`."""
        if self._standalone and self._file.state() is None:
            yield EmptyReader()
            return
        with closing(ReadingSession(self._file, timeout=self._timeout)) as session:
            if self._standalone and not session.tables():
                yield EmptyReader()  # another invplug is creating it, or was killed doing so
            else:
                yield RowReader(session)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Change the store in one transaction; see `Store.writing`."""
        from inventree_plugins.store.sqlite_lock import only_writer  # noqa: PLC0415 - questions lock nothing

        self._require_writable()
        with only_writer(self._file, timeout=self._timeout) as left:
            before = self._file.state()
            connection = connect(self._file, "mode=rwc" if self._standalone else "mode=rw")
            # Closing undoes what was not committed, after any exception and after Ctrl-C.
            with closing(SqliteSession(self._file, connection, timeout=left)) as session:
                try:
                    session.execute("PRAGMA foreign_keys = ON")
                    session.execute("BEGIN IMMEDIATE")
                    if self._standalone and not session.tables():
                        create_tables(session)
                    writer = RowWriter(session)
                    yield writer
                    writer.verify()
                    self._require_same(before)
                    session.execute("COMMIT")
                except DatabaseReadOnlyError:
                    self._require_same(before)  # in some journal modes SQLite notices, and calls it read-only
                    raise

    def _require_same(self, before: FileState | None) -> None:
        """Refuse to commit to a file that is not the store any more: SQLite would not notice."""
        now = self._file.state()
        if before is not None and (now is None or now.identity != before.identity):
            raise DatabaseError(
                f"the database {self._file.label} was removed or replaced meanwhile",
                hint="nothing was changed in the one that is there now; run the command again",
                path=Path(self._file.name),
            )

    def _require_writable(self) -> None:
        """Refuse early what SQLite would open for reading only, leaving files beside it."""
        if self._file.state() is not None:
            if not self._file.is_readable():
                raise self._file.unreadable()
            if not self._file.is_writable():
                raise read_only(self._file)
        elif not self._standalone:
            raise self._file.missing()
        else:
            self._make_directory()

    def _make_directory(self) -> None:
        try:
            self._file.path.parent.mkdir(parents=True, exist_ok=True)
            if not self._file.is_creatable():
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise FileAccessError(
                f"cannot create the store {self._file.label}: {error.strerror}",
                hint="name the server's database with `--database`, or run invplug in another directory",
                path=Path(self._file.name),
            ) from error
