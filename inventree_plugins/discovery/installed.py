"""Which versions of which distributions are installed, as `importlib.metadata.version` would answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from inventree_plugins.discovery.modules import Library
from inventree_plugins.models import Distribution

__all__ = ["InstalledVersions"]

_SEPARATORS = re.compile(r"[-_.]+")
_INFO = (".dist-info", ".egg-info")


class InstalledVersions:
    """Versions by name: of the distributions given, else as the folders on the import path tell."""

    def __init__(
        self, distributions: Iterable[Distribution], *, library: Library, import_path: tuple[Path, ...]
    ) -> None:
        self._versions = {str(each.key): each.version for each in distributions}
        self._library = library
        self._import_path = import_path
        self._is_searched = False

    @property
    def is_complete(self) -> bool:
        """Tell whether a name that is not found is certainly not installed."""
        return bool(self._import_path)

    def get(self, name: str) -> str | None:
        """Return the version of a distribution, None when it is not found."""
        key = _SEPARATORS.sub("-", name).lower()
        if key not in self._versions and not self._is_searched:
            self._search()
        return self._versions.get(key)

    def _search(self) -> None:
        self._is_searched = True
        for directory in self._import_path:
            for entry in self._library.listing(str(directory)):
                if entry.endswith(_INFO):
                    name, _, version = entry.rpartition(".")[0].partition("-")
                    key = _SEPARATORS.sub("-", name).lower()
                    # An egg-info names the Python after the version.
                    self._versions.setdefault(key, version.partition("-py")[0])
