"""What distributions and git know of a plugin, where no server answers for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from inventree_plugins.core_metadata import first, license_of, parse_headers, website_of
from inventree_plugins.git_facts import last_commit
from inventree_plugins.sdk.runtime import Commit, Facts
from inventree_plugins.vocabulary import ENTRY_POINT_GROUP

__all__ = ["commit_of", "facts_of", "file_of", "is_installed"]

# What reading a stranger's distribution may raise: no files, no UTF-8, no fields, no entry points' form.
_BROKEN = (OSError, ValueError, LookupError, AttributeError, TypeError)


def file_of(cls: type) -> Path | None:
    """Return the file that defines a class; None where nothing tells, as for one that was typed in."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file:
        return Path(str(file))
    # A module that its loader did not register: the class's own functions know their file.
    codes = (getattr(member, "__code__", None) for member in vars(cls).values())
    names = (str(code.co_filename) for code in codes if code is not None)
    return next((Path(name) for name in names if not name.startswith("<")), None)


def is_installed(cls: type) -> bool:
    """Tell whether the class lies where distributions are installed."""
    file = file_of(cls)
    return file is not None and bool({"site-packages", "dist-packages"} & set(file.parts))


def commit_of(cls: type) -> Commit | None:
    """Return the last commit of the class's file; None for one that is installed, and where git is silent."""
    file = file_of(cls)
    if file is None or is_installed(cls):
        return None
    commit = last_commit(file)
    return Commit(commit.author, commit.date) if commit else None


def facts_of(cls: type) -> Facts:
    """Return what the distribution of a plugin's class says; nothing where there is none, never an error."""
    owner = _owner(cls)
    if owner is None:
        return Facts()
    try:
        return _told(owner)
    except _BROKEN:
        return Facts(is_package=True)


def _told(owner: metadata.Distribution) -> Facts:
    text = owner.read_text("METADATA") or owner.read_text("PKG-INFO") or ""
    found = parse_headers(text.splitlines())
    return Facts(
        description=first(found, "summary"),
        author=first(found, "author-email") or first(found, "author"),
        version=first(found, "version"),
        website=website_of(found),
        license=license_of(found),
        is_package=True,
        package_name=first(found, "name"),
    )


def _owner(cls: type) -> metadata.Distribution | None:
    """Return the distribution whose entry point is the class (SPEC §2), else the one that brings its file."""
    distributions = list(metadata.distributions())
    for distribution in distributions:
        if any(_leads_to(module, name, cls) for module, name in _entry_points(distribution)):
            return distribution
    file = file_of(cls)
    if file is None or not is_installed(cls):
        return None
    return next((each for each in distributions if _brings(each, file, cls)), None)


def _entry_points(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    try:
        found = [
            (each.module, each.attr) for each in distribution.entry_points if each.group == ENTRY_POINT_GROUP
        ]
    except _BROKEN:
        return
    yield from found


def _leads_to(module: str, name: str, cls: type) -> bool:
    """Tell whether an entry point names the class, under its own name or one it is exported by."""
    target: Any = sys.modules.get(module)
    for part in name.split("."):
        # Not by getattr: a module may import, or fail, when it is asked for a name.
        target = getattr(target, "__dict__", {}).get(part)
    return target is cls or (module, name) == (cls.__module__, cls.__qualname__)


def _brings(distribution: metadata.Distribution, file: Path, cls: type) -> bool:
    try:
        record = distribution.files
        if record:
            return any(Path(str(distribution.locate_file(each))) == file for each in record)
        tops = (distribution.read_text("top_level.txt") or "").split()
        return cls.__module__.partition(".")[0] in tops
    except _BROKEN:
        return False
