"""Modules as values: found by name, absolute or relative, each file read once."""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH118, PTH119, PTH120

from __future__ import annotations

import os

from inventree_plugins.discovery.facts import FactsProblem
from inventree_plugins.discovery.modules import Finder, Library, Location
from inventree_plugins.discovery.values import Module, ModuleRef

__all__ = ["Modules"]


class Modules:
    """The modules that one group of plugins can import."""

    def __init__(self, library: Library, finder: Finder) -> None:
        self._library = library
        self._finder = finder
        self._modules: dict[str, Module] = {}

    def watch(self, path: str) -> None:
        """Note a file that decides about an answer without being read here."""
        self._library.watch(path)

    def listing(self, folder: str) -> frozenset[str]:
        """Return the names in a folder, which may lie in a zip file; none when it cannot be read."""
        return self._library.listing(folder)

    def module(self, name: str, path: str) -> Module:
        """Return the module in a file; its first name stays."""
        module = self._modules.get(path)
        if module is None:
            facts = self._library.facts(path)
            is_package = os.path.basename(path) == "__init__.py"
            module = self._modules[path] = Module(name, path, is_package, facts)
        return module

    def problem_at(self, path: str) -> FactsProblem | None:
        """Return what kept a file that was followed from being read, if anything."""
        module = self._modules.get(path)
        return None if module is None else module.facts.problem

    def find(self, name: str) -> ModuleRef | None:
        """Return the module of an absolute name, None when it has no place on the import path."""
        location = self._finder.find(name)
        return None if location is None else self.at(name, location)

    def source_of(self, module: Module, target: str, level: int) -> ModuleRef | None:
        """Return the module that an import statement names, also one that is never read for its meaning."""
        return self.relative(module, target, level) if level else self.find(target)

    def relative(self, module: Module, target: str, level: int) -> ModuleRef | None:
        """Return the module that a relative import names, None when there is none."""
        directory = os.path.dirname(module.path)
        parts = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
        for _ in range(level - 1):
            directory, parts = os.path.dirname(directory), parts[:-1]
        init = os.path.join(directory, "__init__.py")
        is_package = "__init__.py" in self._library.listing(directory)
        location = Location(init if is_package else None, (directory,))
        for part in target.split(".") if target else ():
            inner = self._finder.find_in(location.directories, part)
            if inner is None:
                return None
            location, parts = inner, [*parts, part]
        return self.at(".".join(parts), location)

    def inside(self, owner: ModuleRef, name: str) -> ModuleRef | None:
        """Return a package's submodule, None when there is none."""
        inner = self._finder.find_in(owner.directories, name)
        return None if inner is None else self.at(f"{owner.name}.{name}", inner)

    def at(self, name: str, location: Location) -> ModuleRef:
        """Return the module at a place."""
        module = None if location.path is None else self.module(name, location.path)
        return ModuleRef(name, module, location.directories)

    def forget(self) -> None:
        """Let go of all that was read."""
        self._modules.clear()
