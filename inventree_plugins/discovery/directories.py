"""Plugins in directories: the server's own, and those of an administrator (SPEC §1)."""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH113, PTH118, PTH122

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.discovery import server
from inventree_plugins.discovery.candidates import Candidate, Found
from inventree_plugins.discovery.modules import Library
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import MISSING, ClassRef, External, Module, Scope, Unknown
from inventree_plugins.models import Problem, Source

__all__ = ["directory_candidates"]

_DEEPEST = 40


def directory_candidates(
    directory: Path, name: str, *, source: Source, resolver: Resolver, library: Library
) -> Found:
    """Return the classes below a directory that are plugins, and what could not be read there.

    `name` is what the server calls the package that the directory is.
    """
    found = Found([], [])
    seen: set[tuple[str, int]] = set()
    for module_name, path in _walk(str(directory), name, library=library, problems=found.problems):
        module = resolver.module(module_name, path)
        problem = module.facts.problem
        if problem is not None:
            message = f"`{path}` {problem.message}" if problem.code == "unreadable-file" else problem.message
            found.problems.append(
                Problem(problem.code, message, severity="error", path=Path(path), line=problem.line)
            )
            continue
        for cls in _classes(module, resolver):
            if cls.identity not in seen and _is_plugin(cls, resolver, found.problems):
                seen.add(cls.identity)
                found.candidates.append(Candidate(source, cls, resolver))
    return found


def _walk(
    directory: str, name: str, *, library: Library, problems: list[Problem]
) -> Iterator[tuple[str, str]]:
    """Yield modules in the server's order: files, and folders with `__init__.py`, each real folder once."""
    visited: set[str] = set()

    def walk(folder: str, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
        real = os.path.realpath(folder)
        if real in visited or depth > _DEEPEST:
            return
        visited.add(real)
        names = library.listing(folder)
        if "__init__.py" in names:
            yield prefix, os.path.join(folder, "__init__.py")
        for each in sorted(names):
            stem, suffix = os.path.splitext(each)
            path = os.path.join(folder, each)
            if suffix == ".py" and stem != "__init__" and "." not in stem and os.path.isfile(path):
                yield f"{prefix}.{stem}", path
            elif "." in each or each == "__pycache__":
                continue
            elif "__init__.py" in library.listing(path):
                yield from walk(path, f"{prefix}.{each}", depth + 1)
            elif any(inner.endswith(".py") for inner in library.listing(path)):
                problems.append(_no_package(path))

    yield from walk(directory, name, 0)


def _no_package(path: str) -> Problem:
    return Problem(
        "not-a-package",
        f"the server does not look into `{path}`: it has no `__init__.py`",
        hint="add an empty `__init__.py`, or move the plugin's package up into the plugin directory",
        path=Path(path),
    )


def _classes(module: Module, resolver: Resolver) -> Iterator[ClassRef]:
    scope = Scope(module)
    for name in resolver.own_names(module):
        binding = module.facts.names[name][-1]
        if binding[0] == "class" or (binding[0] == "import" and _may_be_plugin(binding[1])):
            value = resolver.name(scope, name)
            if isinstance(value, ClassRef):
                yield value


def _may_be_plugin(payload: list[str | int | None]) -> bool:
    """Tell whether an import is worth following: reading every imported library would take seconds."""
    module, level, attribute = payload[:3]
    if level:
        return True
    if attribute is None or server.is_external(str(module)):
        return False
    words = f"{module}.{attribute}".lower()
    return "plugin" in words or "inventree" in words


def _is_plugin(cls: ClassRef, resolver: Resolver, problems: list[Problem]) -> bool:
    """Apply the server's rule: a subclass of the plugin base with a truthy name."""
    order = resolver.order(cls)
    names = [resolver.class_attribute(cls, attribute) for attribute in ("NAME", "PLUGIN_NAME")]
    if not any(isinstance(name, Unknown) or (name is not MISSING and name) for name in names):
        return False
    if any(server.is_base(each) for each in order):
        return True
    lost = next((each for each in order if isinstance(each, External) and not each.is_found), None)
    if lost is not None and "plugin" in f"{lost.module}.{lost.name}".lower():
        problems.append(
            Problem(
                "unresolved-base",
                f"`{cls.facts.name}` may be a plugin: its base `{lost.module}.{lost.name}` is not installed",
                path=Path(cls.module.path),
                line=cls.facts.line,
            )
        )
    return False
