"""Installed distributions, by one scan of each directory on the target's import path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from inventree_plugins.models import Distribution, EntryPoint
from inventree_plugins.packages.entry_points import PLUGIN_GROUP, plugin_entry_points
from inventree_plugins.packages.metadata import headers
from inventree_plugins.packages.names import normalize

__all__ = ["installed_distributions"]

# What installers write: the name escaped so that it holds no dash.
_FOLDER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[0-9][A-Za-z0-9.+!_]*)\.dist-info")
# The name is one of the first headers.
_HEAD_SIZE = 2048
_NAME = re.compile(rb"^Name:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)


def installed_distributions(import_path: Iterable[Path]) -> tuple[Distribution, ...]:
    """List the distributions on `import_path`; of two of the same name the first one counts, as in Python.

    Directories that cannot be read and half-removed distributions are passed over.
    """
    found: dict[str, Distribution] = {}
    for location in import_path:
        for name in _info_names(location):
            distribution = _distribution(location, name, known=found)
            if distribution is not None:
                found[distribution.key] = distribution
    return tuple(found.values())


def _info_names(location: Path) -> list[str]:
    try:
        with os.scandir(location) as entries:
            # pip renames what it is about to remove to `~ame`, and leaves that behind when it is killed.
            return sorted(
                entry.name
                for entry in entries
                if entry.name.endswith((".dist-info", ".egg-info", "EGG-INFO")) and entry.name[0] != "~"
            )
    except OSError:
        return []


def _distribution(location: Path, folder: str, *, known: dict[str, Distribution]) -> Distribution | None:
    match = _FOLDER.fullmatch(folder)
    path = f"{location}{os.sep}{folder}"
    if match:
        if not os.path.isfile(f"{path}{os.sep}METADATA"):  # noqa: PTH113  # a Path here doubles the cost
            return None
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
        name = _written_name(path) or name
    return Distribution(name, key, version, location, Path(path), entry_points)


def _written_name(info: str) -> str | None:
    try:
        with open(f"{info}{os.sep}METADATA", "rb") as file:  # noqa: PTH123  # as above
            match = _NAME.search(file.read(_HEAD_SIZE))
    except OSError:
        return None
    return match[1].decode("utf-8", "replace") if match else None


def _names_inside(info: Path) -> tuple[str, str] | None:
    found = headers(info)
    name, version = found.get("name"), found.get("version")
    return (name[0], version[0]) if name and version and name[0] else None


def _entry_points(info: str) -> tuple[EntryPoint, ...]:
    try:
        with open(f"{info}{os.sep}entry_points.txt", "rb") as file:  # noqa: PTH123  # as above
            data = file.read()
    except OSError:
        return ()
    if PLUGIN_GROUP.encode() not in data:
        return ()
    return plugin_entry_points(data.decode("utf-8", "replace"))
