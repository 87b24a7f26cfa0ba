"""Facts of files parsed before, kept in one file under the user's cache directory.

A line an entry, so that a reader decodes only what it needs and a torn file loses only its tail:
`checksum TAB size TAB ctime_ns TAB path TAB facts`, path and facts as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from inventree_plugins.discovery.cache_file import is_settled, replace_file
from inventree_plugins.discovery.facts import ModuleFacts

__all__ = ["FactsCache"]

# Facts depend on the Python that parsed: what one version reads is another one's syntax error.
_HEADER = f"invplug-facts\t4\t{sys.version_info[0]}.{sys.version_info[1]}".encode()
_FIELDS = 5


class FactsCache:
    """Remember the facts of files by path, size and time of change; never raises OSError.

    Without a readable file the cache is empty, without a writable one it forgets.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._since = time.time_ns()
        self._entries: dict[bytes, list[bytes]] | None = None
        self._new: dict[bytes, list[bytes]] = {}

    def get(self, path: str, status: os.stat_result) -> ModuleFacts | None:
        """Return the facts kept for the file in exactly this state, or None."""
        if self._entries is None:
            self._entries = _read(self._path)
        entry = self._entries.get(_key(path))
        if entry is None or entry[1:3] != _state(status) or not _is_whole(entry):
            return None
        try:
            return ModuleFacts.from_json(json.loads(entry[4]))
        except (ValueError, TypeError, RecursionError):
            return None

    def put(self, path: str, status: os.stat_result, facts: ModuleFacts) -> None:
        """Keep the facts until `save`, unless the file may have changed since without a trace."""
        if not is_settled(status.st_ctime_ns, looked_ns=self._since):
            return
        fields = [*_state(status), _key(path), json.dumps(facts.to_json(), separators=(",", ":")).encode()]
        self._new[fields[2]] = [_checksum(fields), *fields]

    def save(self) -> None:
        """Write what is new, atomically, beside what others wrote meanwhile."""
        if not self._new:
            return
        entries = {key: entry for key, entry in _read(self._path).items() if _exists(key)}
        entries.update(self._new)
        content = b"\n".join([_HEADER, *(b"\t".join(entry) for entry in entries.values()), b""])
        with suppress(OSError):
            replace_file(self._path, content)
        self._entries = entries
        self._new = {}


def _key(path: str) -> bytes:
    return json.dumps(path).encode()


def _exists(key: bytes) -> bool:
    try:
        return Path(json.loads(key)).exists()
    except (ValueError, TypeError, RecursionError):
        return False


def _state(status: os.stat_result) -> list[bytes]:
    return [b"%d" % status.st_size, b"%d" % status.st_ctime_ns]


def _checksum(fields: list[bytes]) -> bytes:
    return b"%08x" % crc32(b"\t".join(fields))


def _is_whole(entry: list[bytes]) -> bool:
    return entry[0] == _checksum(entry[1:])


def _read(path: Path) -> dict[bytes, list[bytes]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return {}
    if lines[0] != _HEADER:
        return {}
    entries = (line.split(b"\t") for line in lines[1:])
    return {entry[3]: entry for entry in entries if len(entry) == _FIELDS}
