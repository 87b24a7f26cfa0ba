"""The lock that lets one invplug at a time write to an SQLite database: a file beside it.

SQLite's own lock would do for the data, but knows no queue: whoever polls last may wait for ever. The server
does not take this lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from inventree_plugins.errors import DatabaseLockedError, LockTimeoutError
from inventree_plugins.files import brief_lock
from inventree_plugins.store.sqlite_file import SqliteFile

__all__ = ["only_writer"]

SUFFIX = ".invplug-lock"


@contextmanager
def only_writer(file: SqliteFile, *, timeout: float) -> Iterator[float]:
    """Hold the lock for the block, which is told how many seconds are left; its file goes with it.

    Raises:
        DatabaseLockedError: Another invplug held it for `timeout` seconds.
    """
    with ExitStack() as stack:
        try:
            left = stack.enter_context(brief_lock(file.beside(SUFFIX), timeout=timeout))
        except LockTimeoutError as error:
            raise DatabaseLockedError(
                f"another invplug kept the database {file.label} for {timeout:g} seconds",
                hint="retry, or wait longer with `--lock-timeout`",
                path=file.path,
            ) from error
        yield left
