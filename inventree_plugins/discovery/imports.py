"""What a plugin imports when it is imported, and whether it is there."""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH118, PTH120

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.anatomy import Import
from inventree_plugins.discovery import server
from inventree_plugins.discovery.facts import Binding
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import Module, ModuleRef
from inventree_plugins.vocabulary import SERVER_PACKAGES

__all__ = ["imports_of"]

# Modules of one plugin that are read for their imports.
MAX_MODULES = 500


def imports_of(
    module: Module, folder: Path | None, *, resolver: Resolver, places: Places
) -> tuple[Import, ...]:
    """Return the unguarded imports of a module, and of those of its own folder that it imports in turn.

    An import in a function, below `if` or `try` says nothing: it may never run, or may fail and be caught.
    """
    return tuple(_Walk(folder, resolver, places).walk(module))


class _Walk:
    def __init__(self, folder: Path | None, resolver: Resolver, places: Places) -> None:
        self._folder = None if folder is None else str(folder)
        self._resolver = resolver
        self._places = places
        self._waiting: list[Module] = []
        self._seen: set[str] = set()

    def walk(self, start: Module) -> Iterator[Import]:
        """Yield the imports of `start` and of what it leads to."""
        self._follow(start)
        self._follow_parents(start)
        count = 0
        while self._waiting and count < MAX_MODULES:
            count += 1
            module = self._waiting.pop(0)
            for payload, line in _unguarded(module):
                yield from self._import(module, payload, line)

    def _follow(self, module: Module) -> None:
        if module.path not in self._seen:
            self._seen.add(module.path)
            self._waiting.append(module)

    def _follow_parents(self, module: Module) -> None:
        """Read the packages around a module: importing it imports them first."""
        directory = os.path.dirname(module.path)
        name = module.name if module.is_package else module.name.rpartition(".")[0]
        while self._is_own(directory + os.sep) and name:
            self._follow(self._resolver.modules.module(name, os.path.join(directory, "__init__.py")))
            directory, name = os.path.dirname(directory), name.rpartition(".")[0]

    def _is_own(self, path: str) -> bool:
        return self._folder is not None and path.startswith(self._folder + os.sep)

    def _import(self, module: Module, payload: Binding, line: int) -> Iterator[Import]:
        target, level, name = payload[:3]
        written = "." * level + (payload[3] if len(payload) > 3 else target)  # noqa: PLR2004 - see facts.py
        if not level and target.partition(".")[0] in sys.stdlib_module_names:
            return
        source = self._resolver.modules.source_of(module, written.lstrip(".") if level else written, level)
        is_server = not level and self._is_server(written)
        if source is not None and source.module is not None and not is_server:
            is_own = level or self._is_own(source.module.path)
            if is_own:
                self._follow(source.module)
                self._follow_submodule(source, name)
        is_found = self._is_found(source, name, level=level, is_server=is_server)
        if level and source is not None and source.module is module and name and name != "*":
            # The statement itself binds the name; what it means must be a module of the package.
            others = len(module.facts.names.get(name, ())) > 1
            is_found = others or self._resolver.modules.inside(source, name) is not None
        yield Import(written, None if name == "*" else name, Path(module.path), line, is_server, is_found)

    def _follow_submodule(self, source: ModuleRef, name: str | None) -> None:
        inner = self._resolver.attribute(source, name) if name and name != "*" else None
        if isinstance(inner, ModuleRef) and inner.module is not None:
            self._follow(inner.module)

    def _is_server(self, module: str) -> bool:
        if server.is_server_module(module):
            return True
        top = module.partition(".")[0]
        root = self._places.source_root
        if root is None:
            return top in SERVER_PACKAGES
        return (root / top / "__init__.py").is_file() or (root / f"{top}.py").is_file()

    def _is_found(
        self, source: ModuleRef | None, name: str | None, *, level: int, is_server: bool
    ) -> bool | None:
        """Tell whether module and name are there; None when the place to look in is not known."""
        if not self._is_place_known(level, is_server=is_server):
            return None
        if source is None:
            return False
        if name is None or name == "*" or source.module is None:
            return True
        # A library has its own ways of making names; only the plugin's and the server's are looked at.
        return self._resolver.has_name(source, name) if is_server or level else True

    def _is_place_known(self, level: int, *, is_server: bool) -> bool:
        if level:
            return True
        return self._places.source_root is not None if is_server else bool(self._places.import_path)


def _unguarded(module: Module) -> Iterator[tuple[Binding, int]]:
    facts = module.facts
    bodies = [facts.names, *(each.names for each in facts.classes if not each.is_function)]
    bindings = [each for body in bodies for every in body.values() for each in every]
    for kind, payload, line, guards in sorted((*bindings, *facts.stars), key=lambda each: int(each[2])):
        if kind == "import" and not guards:
            yield payload, line
