"""From a dotted name to a file, and from a file to its facts."""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH208

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from inventree_plugins.discovery.cache import FactsCache
from inventree_plugins.discovery.facts import FactsProblem, ModuleFacts
from inventree_plugins.discovery.snapshot import State, state_of

__all__ = ["Finder", "Library", "Location"]


@dataclass(frozen=True, slots=True)
class Location:
    """Where a module is: its file, and for a package the directories of its submodules.

    A namespace package has no file; neither has a compiled module, which has no directories either.
    """

    path: str | None
    directories: tuple[str, ...] = ()


class Library:
    """Facts of files and listings of directories, each read at most once in a run."""

    def __init__(self, cache: FactsCache | None = None) -> None:
        self._cache = cache
        self._facts: dict[str, ModuleFacts] = {}
        self._listings: dict[str, frozenset[str]] = {}
        # What the answers rest on: a snapshot of them is good while all of this is so.
        self.seen: dict[str, State] = {}

    def watch(self, path: str) -> None:
        """Note the state of a file or folder that decides about the answers."""
        if path not in self.seen:
            self.seen[path] = state_of(path)

    def facts(self, path: str) -> ModuleFacts:
        """Return the file's facts, from the cache when the file has not changed since."""
        facts = self._facts.get(path)
        if facts is None:
            facts = self._facts[path] = self._read(path)
        return facts

    def forget(self) -> None:
        """Let go of all that was read."""
        self._facts.clear()
        self._listings.clear()

    def listing(self, directory: str) -> frozenset[str]:
        """Return the names in a directory, none when it cannot be read."""
        names = self._listings.get(directory)
        if names is None:
            self.watch(directory)
            try:
                names = frozenset(os.listdir(directory))
            except (OSError, ValueError):
                names = frozenset()
            self._listings[directory] = names
        return names

    def _read(self, path: str) -> ModuleFacts:
        self.watch(path)
        try:
            status = os.stat(path)
            if self._cache is not None:
                facts = self._cache.get(path, status)
                if facts is not None:
                    return facts
            facts = _parse(path, status.st_size)
        except OSError as error:
            return ModuleFacts(problem=FactsProblem("unreadable-file", f"cannot be read: {error.strerror}"))
        if self._cache is not None:
            self._cache.put(path, status, facts)
        return facts


def _parse(path: str, size: int) -> ModuleFacts:
    from inventree_plugins.discovery.syntax import MAX_FILE_SIZE, read_facts  # noqa: PLC0415 - imports ast

    if not os.path.isfile(path):
        return ModuleFacts(problem=FactsProblem("unreadable-file", "is not a file"))
    with Path(path).open("rb") as file:
        # One byte more than allowed is enough to be refused, whatever the true size.
        return read_facts(file.read(min(size, MAX_FILE_SIZE) + 1))


class Finder:
    """Look modules up as Python's path finder does, without importing their parents."""

    def __init__(
        self, library: Library, roots: tuple[str, ...], *, editable: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self._library = library
        self._roots = roots
        self._editable = editable
        self._found: dict[str, Location | None] = {}

    def find(self, name: str) -> Location | None:
        """Return where the module is, None when nowhere."""
        if name not in self._found:
            parent, _, tail = name.rpartition(".")
            location = None
            if not parent:
                location = self.find_in(self._roots, tail) or self._find_editable(tail)
            elif (above := self.find(parent)) is not None:
                location = self.find_in(above.directories, tail)
                # An editable finder may map a submodule alone, of a namespace package.
                location = location or self._find_editable(name)
            self._found[name] = location
        return self._found[name]

    def find_in(self, directories: tuple[str, ...], tail: str) -> Location | None:
        """Return where a module is that lies directly in one of the directories."""
        namespace: list[str] = []
        for directory in directories:
            names = self._library.listing(directory)
            if tail in names:
                inside = os.path.join(directory, tail)
                if "__init__.py" in self._library.listing(inside):
                    return Location(os.path.join(inside, "__init__.py"), (inside,))
                if os.path.isdir(inside):
                    namespace.append(inside)
            if f"{tail}.py" in names:
                return Location(os.path.join(directory, f"{tail}.py"))
            if any(tail + suffix in names for suffix in EXTENSION_SUFFIXES):
                return Location(None)
        return Location(None, tuple(namespace)) if namespace else None

    def _find_editable(self, name: str) -> Location | None:
        target = self._editable().get(name)
        if target is None:
            return None
        directory, file = os.path.split(target)
        if file == "__init__.py":
            return Location(target, (directory,))
        if "__init__.py" in self._library.listing(target):
            return Location(os.path.join(target, "__init__.py"), (target,))
        if os.path.isdir(target):
            return Location(None, (target,))
        # setuptools maps a module to its path without the suffix, editables to the file itself.
        path = target if target.endswith(".py") else f"{target}.py"
        return Location(path) if os.path.isfile(path) else None
