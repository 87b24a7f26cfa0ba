"""From a dotted name to a file, and from a file to its facts."""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH120, PTH208

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from inventree_plugins.discovery.archives import Archives
from inventree_plugins.discovery.cache import FactsCache
from inventree_plugins.discovery.facts import FactsProblem, ModuleFacts
from inventree_plugins.discovery.locations import Editable, Location, joined
from inventree_plugins.discovery.snapshot import State, state_of

__all__ = ["Finder", "Library", "Location"]

# How an `__init__.py` says, in the manner before PEP 420, that other entries of the path hold more of it.
_DECLARATION = re.compile(rb"^[^#\n]*\b(extend_path|declare_namespace)\s*\(", re.MULTILINE)
_DECLARATION_SIZE = 64 * 1024
_COMPILED = FactsProblem("unreadable-file", "cannot be read: it is compiled, and its source is not there")

# Each part of a dotted name is looked up in what the one before leads to.
MAX_PARTS = 100


class Library:
    """Facts of files and listings of directories, each read at most once in a run.

    Both may lie in a zip file, when that is an entry of an import path.
    """

    def __init__(self, cache: FactsCache | None = None) -> None:
        self._cache = cache
        self._archives = Archives()
        self._facts: dict[str, ModuleFacts] = {}
        self._listings: dict[str, frozenset[str]] = {}
        # What the answers rest on: a snapshot of them is good while all of this is so.
        self.seen: dict[str, State] = {}

    def admit(self, import_path: Iterable[str]) -> None:
        """Let the entries of an import path be zip files."""
        self._archives.admit(import_path)

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
            except NotADirectoryError:
                names = self._zipped_listing(directory)
            except (OSError, ValueError):
                names = frozenset()
            self._listings[directory] = names
        return names

    def is_directory(self, path: str) -> bool:
        """Tell whether modules may lie in it."""
        return os.path.isdir(path) or bool(self.listing(path))

    def text(self, path: str, limit: int) -> bytes:
        """Return the first bytes of a file, none when it cannot be read."""
        self.watch(path)
        try:
            if os.path.isfile(path):
                with Path(path).open("rb") as file:
                    return file.read(limit)
            return self._archives.read(path, limit)
        except (OSError, ValueError):
            return b""

    def _zipped_listing(self, directory: str) -> frozenset[str]:
        try:
            self.watch(self._archives.file(directory))
            return self._archives.names(directory)
        except OSError:
            return frozenset()

    def _read(self, path: str) -> ModuleFacts:
        self.watch(path)
        if path.endswith(".pyc"):
            return ModuleFacts(problem=_COMPILED)
        try:
            status = os.stat(path)
            if self._cache is not None:
                facts = self._cache.get(path, status)
                if facts is not None:
                    return facts
            facts = _parse(path, status.st_size)
        except NotADirectoryError:
            return self._read_zipped(path)
        except OSError as error:
            return _unreadable(error)
        if self._cache is not None:
            self._cache.put(path, status, facts)
        return facts

    def _read_zipped(self, path: str) -> ModuleFacts:
        # Not cached: a changed zip file would need a state of its own.
        from inventree_plugins.discovery.syntax import (  # noqa: PLC0415 - imports ast
            MAX_FILE_SIZE,
            read_facts,
        )

        try:
            return read_facts(self._archives.read(path, MAX_FILE_SIZE + 1))
        except OSError as error:
            return _unreadable(error)


def _parse(path: str, size: int) -> ModuleFacts:
    from inventree_plugins.discovery.syntax import MAX_FILE_SIZE, read_facts  # noqa: PLC0415 - imports ast

    if not os.path.isfile(path):
        return ModuleFacts(problem=FactsProblem("unreadable-file", "is not a file"))
    with Path(path).open("rb") as file:
        # One byte more than allowed is enough to be refused, whatever the true size.
        return read_facts(file.read(min(size, MAX_FILE_SIZE) + 1))


def _unreadable(error: OSError) -> ModuleFacts:
    return ModuleFacts(problem=FactsProblem("unreadable-file", f"cannot be read: {error.strerror}"))


class Finder:
    """Look modules up as Python's path finder does, without importing their parents."""

    def __init__(
        self, library: Library, roots: tuple[str, ...], *, editable: Callable[[], Editable] = Editable
    ) -> None:
        library.admit(roots)
        self._library = library
        self._roots = roots
        self._editable = editable
        self._found: dict[str, Location | None] = {}
        self._packages: dict[str, str] = {}
        self._portions: dict[str, tuple[str, ...]] = {}

    def find(self, name: str) -> Location | None:
        """Return where the module is, None when nowhere."""
        if name.count(".") > MAX_PARTS:
            return None
        if name not in self._found:
            location = self._found[name] = self._find(name)
            if location is not None and location.directories:
                self._note_package(name, location)
        return self._found[name]

    def find_in(self, directories: tuple[str, ...], tail: str) -> Location | None:
        """Return where a module is that lies in a package of these directories.

        When the package is one that was found by its name, so is the module: in all portions of the
        package, and where the finder of an editable install maps it.
        """
        package = self._packages.get(directories[0]) if directories else None
        return self._look(directories, tail) if package is None else self.find(f"{package}.{tail}")

    def _find(self, name: str) -> Location | None:
        parent, _, tail = name.rpartition(".")
        above = self.find(parent) if parent else Location(None, self._roots)
        first = self._editable().first.get(name)
        if above is None or (first is not None and not first.is_open):
            return first
        found = self._look(above.directories, tail)
        if found is None or found.is_open:
            found = joined(found, first, self._editable().last.get(name))
        if found is None and parent:
            found = self._look(self._further_portions(parent, above), tail)
        return found

    def _look(self, directories: tuple[str, ...], tail: str) -> Location | None:
        """Return the module that lies directly in one of the directories."""
        namespace: list[str] = []
        for directory in directories:
            names = self._library.listing(directory)
            if tail in names:
                inside = os.path.join(directory, tail)
                initial = _initial(self._library.listing(inside))
                if initial:
                    return Location(os.path.join(inside, initial), (inside,))
                if self._library.is_directory(inside):
                    namespace.append(inside)
            if f"{tail}.py" in names:
                return Location(os.path.join(directory, f"{tail}.py"))
            if any(tail + suffix in names for suffix in EXTENSION_SUFFIXES):
                return Location(None)
            if f"{tail}.pyc" in names:
                return Location(os.path.join(directory, f"{tail}.pyc"))
        return Location(None, tuple(namespace)) if namespace else None

    def _note_package(self, name: str, location: Location) -> None:
        """Remember whose directories these are: a relative import knows only them."""
        folder = os.path.dirname(location.path) if location.path else location.directories[0]
        for directory in (folder, *location.directories):
            self._packages.setdefault(directory, name)

    def _further_portions(self, name: str, location: Location) -> tuple[str, ...]:
        """Return directories that a package's `__init__`, or a `.pth` file, adds when it runs."""
        if location.path is None:
            return ()
        if name not in self._portions:
            mapped = self._editable().last.get(name)
            found = [*self._declared_portions(name, location), *(mapped.directories if mapped else ())]
            self._portions[name] = tuple(each for each in found if each not in location.directories)
            for directory in self._portions[name]:
                self._packages.setdefault(directory, name)
        return self._portions[name]

    def _declared_portions(self, name: str, location: Location) -> Iterable[str]:
        parent, _, tail = name.rpartition(".")
        above = self.find(parent) if parent else Location(None, self._roots)
        if above is None or location.path is None:
            return
        around = above.directories + (self._further_portions(parent, above) if parent else ())
        others = [os.path.join(each, tail) for each in around if tail in self._library.listing(each)]
        text = self._library.text(location.path, _DECLARATION_SIZE) if len(others) > 1 else b""
        found = {match[1] for match in _DECLARATION.finditer(text)}
        for each in others if found else ():
            # `pkg_resources` takes packages only, `pkgutil` any folder.
            if b"extend_path" in found or _initial(self._library.listing(each)):
                yield each


def _initial(names: frozenset[str]) -> str | None:
    return next((each for each in ("__init__.py", "__init__.pyc") if each in names), None)
