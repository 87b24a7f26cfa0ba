"""The zip files among the entries of an import path; any other zip file is only a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from errno import ENOTDIR
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventree_plugins.packages.archives import Archive

__all__ = ["Archives"]


class Archives:
    """Tell what lies in an import path's zip files; none is looked for before a path leads into a file."""

    def __init__(self) -> None:
        self._entries: set[str] = set()
        self._opened: dict[str, tuple[Archive, str] | None] = {}

    def admit(self, entries: Iterable[str]) -> None:
        """Name entries of an import path, of which some may be zip files."""
        self._entries.update(entries)

    def file(self, path: str) -> str:
        """Return the zip file that holds the path; raise OSError when there is none."""
        return self._find(path)[0].path

    def names(self, path: str) -> frozenset[str]:
        """Return the names in a folder of a zip file; raise OSError when the path leads into none."""
        archive, inside = self._find(path)
        return archive.names(inside)

    def read(self, path: str, limit: int) -> bytes:
        """Return the first bytes of a member; raise OSError when it cannot be read."""
        archive, inside = self._find(path)
        return archive.read(inside, limit)

    def _find(self, path: str) -> tuple[Archive, str]:
        for entry in self._entries:
            if path == entry or path.startswith(entry + os.sep):
                opened = self._open(entry)
                if opened is not None:
                    archive, prefix = opened
                    inside = path[len(entry) :].strip(os.sep)
                    return archive, f"{prefix}/{inside}".strip("/")
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), path)

    def _open(self, entry: str) -> tuple[Archive, str] | None:
        if entry not in self._opened:
            from inventree_plugins.packages.archives import open_archive  # noqa: PLC0415 - zip files are rare

            try:
                self._opened[entry] = open_archive(entry)
            except OSError:
                self._opened[entry] = None
        return self._opened[entry]
