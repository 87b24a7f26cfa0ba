"""Installed distributions, by one scan of each directory or zip file on the target's import path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from inventree_plugins.models import Distribution, EntryPoint
from inventree_plugins.packages.entry_points import PLUGIN_GROUP, plugin_entry_points
from inventree_plugins.packages.metadata import headers
from inventree_plugins.packages.names import normalize

__all__ = ["installed_distributions", "read_file"]

# What installers write: the name escaped so that it holds no dash.
_FOLDER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[0-9][A-Za-z0-9.+!_]*)\.dist-info")
# The name is one of the first headers.
_HEAD_SIZE = 2048
_INFO_ENDS = (".dist-info", ".egg-info", "EGG-INFO")
_NAME = re.compile(rb"^Name:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)


def installed_distributions(import_path: Iterable[Path]) -> tuple[Distribution, ...]:
    """List the distributions on `import_path`; of two of the same name the first one counts, as in Python.

    What cannot be read and half-removed distributions are passed over; without METADATA, those with a
    plugin's entry points stay, because the server loads their plugins all the same.
    """
    found: dict[str, Distribution] = {}
    for location in import_path:
        torn: list[Distribution] = []
        for name in _info_names(location):
            distribution = _distribution(location, name, known=found, torn=torn)
            if distribution is not None:
                found[distribution.key] = distribution
        for distribution in torn:  # what is left of another version hides none
            found.setdefault(distribution.key, distribution)
    return tuple(found.values())


def _info_names(location: Path) -> list[str]:
    try:
        with os.scandir(location) as entries:
            # pip renames what it is about to remove to `~ame`, and leaves that behind when it is killed.
            return sorted(
                entry.name for entry in entries if entry.name.endswith(_INFO_ENDS) and entry.name[0] != "~"
            )
    except NotADirectoryError:
        return _zipped_info_names(str(location))
    except OSError:
        return []


def _zipped_info_names(location: str) -> list[str]:
    from inventree_plugins.packages.archives import open_archive  # noqa: PLC0415 - zip files are rare

    try:
        archive, inside = open_archive(location)
    except OSError:
        return []
    return sorted(name for name in archive.names(inside) if name.endswith(_INFO_ENDS))


def _distribution(
    location: Path, folder: str, *, known: Mapping[str, Distribution], torn: list[Distribution]
) -> Distribution | None:
    match = _FOLDER.fullmatch(folder)
    path = f"{location}{os.sep}{folder}"
    if match:
        name, version = match["name"], match["version"]
    else:
        named = _names_inside(Path(path))
        if named is None:
            return None
        name, version = named
    key = normalize(name)
    if key in known:
        return None
    entry_points = _entry_points(path)
    if entry_points:
        # A plugin's package is shown and stored as it calls itself, dashes and capitals included.
        written = _written_name(path)
        found = Distribution(written or name, key, version, location, Path(path), entry_points)
        if written is None and match:
            torn.append(found)
            return None
        return found
    if match and not _has_metadata(path):
        return None
    return Distribution(name, key, version, location, Path(path))


def _has_metadata(info: str) -> bool:
    path = f"{info}{os.sep}METADATA"
    # A Path here doubles the cost, and opening the file would too.
    return os.path.isfile(path) or read_file(path, 1) is not None  # noqa: PTH113


def _written_name(info: str) -> str | None:
    data = read_file(f"{info}{os.sep}METADATA", _HEAD_SIZE)
    match = _NAME.search(data) if data else None
    return match[1].decode("utf-8", "replace") if match else None


def _names_inside(info: Path) -> tuple[str, str] | None:
    found = headers(info)
    name, version = found.get("name"), found.get("version")
    return (name[0], version[0]) if name and version and name[0] else None


def _entry_points(info: str) -> tuple[EntryPoint, ...]:
    data = read_file(f"{info}{os.sep}entry_points.txt")
    if data is None or PLUGIN_GROUP.encode() not in data:
        return ()
    return plugin_entry_points(data.decode("utf-8", "replace"))


def read_file(path: str, size: int = -1) -> bytes | None:
    """Return the first bytes of a file, which may lie in a zip file; None when it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            return file.read(size)
    except NotADirectoryError:
        return _read_zipped(path, size)
    except OSError:
        return None


def _read_zipped(path: str, size: int) -> bytes | None:
    if os.path.isdir(os.path.dirname(os.path.dirname(path))):  # noqa: PTH112, PTH120  # as above
        return None  # distutils wrote the `.egg-info` itself as one file
    from inventree_plugins.packages.archives import MAX_MEMBER_SIZE, read_inside  # noqa: PLC0415 - as above

    try:
        return read_inside(path, MAX_MEMBER_SIZE if size < 0 else size)
    except OSError:
        return None
