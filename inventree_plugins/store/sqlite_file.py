"""An SQLite database as files: where they are, what lies beside them, and whether they changed."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

from inventree_plugins.errors import DatabaseAccessError, DatabaseCorruptError, DatabaseMissingError

__all__ = ["FileState", "SqliteFile"]


# Nanoseconds; the slowest Linux clock ticks a hundred times a second.
TICK = 20_000_000


class FileState(NamedTuple):
    """What tells one state of the files from another: nanoseconds, and sizes, -1 for no file."""

    identity: tuple[int, int]
    modified: int
    size: int
    wal: int
    shm: int
    journal: int

    @property
    def is_fresh(self) -> bool:
        """Tell whether one more change now could leave the same time stamp: kernels count in ticks."""
        return 0 <= time.time_ns() - self.modified < TICK

    @property
    def is_at_rest(self) -> bool:
        """Tell whether everything is in the main file."""
        return self.wal <= 0 and self.journal <= 0 and not self.is_wal_open

    @property
    def is_wal_open(self) -> bool:
        """Tell whether SQLite's two files of the WAL mode exist, so that reading need not create them."""
        return self.wal >= 0 and self.shm >= 0


class SqliteFile:
    """The database file called `name`, and SQLite's own files beside it.

    invplug looks at them only with `stat`: closing a file descriptor of its own would drop the locks that an
    SQLite connection of the same process holds (https://sqlite.org/howtocorrupt.html §2.2).
    """

    def __init__(self, name: str, *, label: str | None = None) -> None:
        self.name = name
        self.label = label or f"`{name}`"
        # SQLite puts -wal and -journal beside the target of a link.
        self.path = Path(name if "\0" in name else os.path.realpath(name))

    def state(self) -> FileState | None:
        """Return the files' state, or None while there is no database.

        Raises:
            DatabaseCorruptError: It is a directory or a device.
            DatabaseAccessError: Its directory may not be entered.
        """
        try:
            entry = self.path.stat()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise DatabaseAccessError(
                f"cannot look at the database {self.label}: {error.strerror}",
                hint="run invplug as the server's user",
                path=Path(self.name),
            ) from error
        if not stat.S_ISREG(entry.st_mode):
            raise DatabaseCorruptError(
                f"the database {self.label} is not a file",
                hint="check `INVENTREE_DB_NAME`, `database.name` or `--database`",
                path=Path(self.name),
            )
        return FileState(
            (entry.st_dev, entry.st_ino),
            entry.st_mtime_ns,
            entry.st_size,
            self._size("-wal"),
            self._size("-shm"),
            self._size("-journal"),
        )

    def beside(self, suffix: str) -> Path:
        """Return the path of SQLite's file with `suffix`, such as `-wal`."""
        return Path(f"{self.path}{suffix}")

    def missing(self) -> DatabaseMissingError:
        """Return the error that says the file does not exist."""
        return DatabaseMissingError(
            f"the database {self.label} does not exist",
            hint="check `INVENTREE_DB_NAME`, `database.name` or `--database`; invplug never creates it",
            path=Path(self.name),
        )

    def unreadable(self) -> DatabaseAccessError:
        """Return the error that says the file's permissions keep it from being read."""
        return DatabaseAccessError(
            f"the database {self.label} is not permitted to be read",
            hint="run invplug as the server's user",
            path=Path(self.name),
        )

    def uri(self, options: str) -> str:
        """Return the path as the URI that SQLite takes, with `options` such as `mode=ro`."""
        from urllib.parse import quote_from_bytes  # noqa: PLC0415 - costs a millisecond

        return f"file://{quote_from_bytes(os.fsencode(self.path))}?{options}"

    def is_readable(self) -> bool:
        """Tell whether this process may read the file."""
        return _is_permitted(self.path, os.R_OK)

    def is_writable(self) -> bool:
        """Tell whether this process may write the file; its directory is another matter.

        A file without any write bit is read-only for root too: somebody meant it.
        """
        return _is_permitted(self.path, os.W_OK) and bool(self.path.stat().st_mode & 0o222)

    def is_creatable(self) -> bool:
        """Tell whether this process may create the file."""
        return _is_permitted(self.path.parent, os.W_OK | os.X_OK)

    def _size(self, suffix: str) -> int:
        try:
            return self.beside(suffix).stat().st_size
        except OSError:
            return -1


def _is_permitted(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
