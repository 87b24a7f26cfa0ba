"""The lock that lets one invplug at a time write to an SQLite database: a file beside it.

SQLite's own lock would do for the data, but knows no queue: whoever polls last may wait for ever. The server
does not take this lock.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from inventree_plugins.errors import DatabaseLockedError
from inventree_plugins.store.sqlite_file import SqliteFile

__all__ = ["only_writer"]

SUFFIX = ".invplug-lock"
# Root and the server's user may take turns.
MODE = 0o666
PAUSE = 0.005


@contextmanager
def only_writer(file: SqliteFile, *, timeout: float) -> Iterator[float]:
    """Hold the lock for the block, which is told how many seconds are left; its file goes with it.

    Raises:
        DatabaseLockedError: Another invplug held it for `timeout` seconds.
    """
    path = str(file.beside(SUFFIX))
    deadline = time.monotonic() + timeout
    try:
        descriptor = _acquired(path, deadline)
    except BlockingIOError as error:
        raise DatabaseLockedError(
            f"another invplug kept the database {file.label} for {timeout:g} seconds",
            hint="retry, or wait longer with `--lock-timeout`",
            path=file.path,
        ) from error
    except OSError:
        # The folder may not be written by this user: SQLite's lock and its words for that follow.
        descriptor = None
    try:
        yield max(0.0, deadline - time.monotonic())
    finally:
        if descriptor is not None:
            _release(path, descriptor)


def _acquired(path: str, deadline: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(path, descriptor):
                return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        time.sleep(PAUSE)


def _is_there(path: str, descriptor: int) -> bool:
    """Tell whether the locked file is still the one at `path`, and not the one its last holder removed."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))  # noqa: PTH116 - beside the descriptor
    except FileNotFoundError:
        return False


def _release(path: str, descriptor: int) -> None:
    # A file that this user may not remove does no harm; it is removed while held, or two would hold a lock.
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108
    os.close(descriptor)
