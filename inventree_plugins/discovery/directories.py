"""Plugins in directories: the server's own, and those of an administrator (SPEC §1)."""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH113, PTH118, PTH122

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.discovery import server
from inventree_plugins.discovery.candidates import Candidate, Found
from inventree_plugins.discovery.facts import Expression
from inventree_plugins.discovery.modules import Library
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import (
    MISSING,
    ClassRef,
    External,
    Maker,
    Module,
    Scope,
    Unknown,
    Value,
)
from inventree_plugins.models import Problem, Source
from inventree_plugins.vocabulary import BASE_CLASSES, SERVER_PACKAGES

__all__ = ["directory_candidates", "module_candidates"]

_DEEPEST = 40
# The form of a name: its kind, the identifier, the line.
_NAME_PARTS = 3


def directory_candidates(
    directory: Path, name: str, *, source: Source, resolver: Resolver, library: Library
) -> Found:
    """Return the classes below a directory that are plugins, and what could not be read there.

    `name` is what the server calls the package that the directory is.
    """
    found = Found([], [])
    seen: set[tuple[str, int]] = set()
    for module_name, path in _walk(str(directory), name, library=library, problems=found.problems):
        _collect(resolver.modules.module(module_name, path), found, seen, source=source, resolver=resolver)
    return found


def module_candidates(path: Path, home: Path, *, resolver: Resolver) -> Found:
    """Return the classes of one file that are plugins; `home` is the folder that its name is told from."""
    found = Found([], [])
    inside = path.parent if path.name == "__init__.py" else path.with_suffix("")
    module = resolver.modules.module(".".join(inside.relative_to(home).parts), str(path))
    _collect(module, found, set(), source=Source.DIRECTORY, resolver=resolver)
    return found


def _collect(
    module: Module, found: Found, seen: set[tuple[str, int]], *, source: Source, resolver: Resolver
) -> None:
    """Add a module's plugins, or what keeps it from being read."""
    problem = module.facts.problem
    if problem is not None:
        message = (
            f"`{module.path}` {problem.message}" if problem.code == "unreadable-file" else problem.message
        )
        found.problems.append(
            Problem(problem.code, message, severity="error", path=Path(module.path), line=problem.line)
        )
        return
    for cls in _classes(module, resolver, found.problems):
        if source is Source.DIRECTORY and cls.module.name.startswith("plugin.builtin."):
            continue  # only imported: the server counts its own class once
        if cls.identity not in seen and _is_plugin(cls, resolver, found.problems):
            seen.add(cls.identity)
            found.candidates.append(Candidate(source, cls, resolver))


def _walk(
    directory: str, name: str, *, library: Library, problems: list[Problem]
) -> Iterator[tuple[str, str]]:
    """Yield modules in the server's order: files, and folders with `__init__.py`, each real folder once."""
    visited: set[str] = set()

    def walk(folder: str, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
        real = os.path.realpath(folder)
        if real in visited:
            return
        if depth > _DEEPEST:
            message = f"folders below `{folder}` nest too deeply to be looked into"
            problems.append(Problem("too-complex", message, severity="error", path=Path(folder)))
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


def _classes(module: Module, resolver: Resolver, problems: list[Problem]) -> Iterator[ClassRef]:
    scope = Scope(module)
    for name in resolver.own_names(module):
        kind, payload, line, _ = module.facts.names[name][-1]
        if kind == "value" and isinstance(payload, list) and payload[0] == "call":
            if _makes_class(payload, scope, resolver):
                value = resolver.name(scope, name)
                if isinstance(value, ClassRef):
                    yield value
                else:
                    problems.append(_unresolved_class(name, module, line, value))
        elif kind == "class" or (kind == "import" and _may_be_plugin(payload)):
            value = resolver.name(scope, name)
            if isinstance(value, ClassRef):
                yield value


def _makes_class(call: Expression, scope: Scope, resolver: Resolver) -> bool:
    """Tell whether a call seems to make a plugin class: by such a function, or out of the plugin base."""
    function = call[1]
    is_named = isinstance(function, list) and function[0] == "name"
    bindings = scope.module.facts.names.get(function[1], ()) if is_named else ()
    if any(each[0] == "make" or (each[0] == "import" and each[1][1]) for each in bindings):
        return isinstance(resolver.name(scope, function[1]), Maker) or _names_base(call, scope, resolver)
    return _names_base(call, scope, resolver)


def _names_base(expression: Expression, scope: Scope, resolver: Resolver) -> bool:
    """Tell whether one of the server's base classes is among the names in the expression."""
    if isinstance(expression, dict):
        return any(_names_base(each, scope, resolver) for each in expression.values())
    if not isinstance(expression, list):
        return False
    if len(expression) == _NAME_PARTS and expression[0] == "name":
        bindings = scope.module.facts.names.get(expression[1], ())
        return any(
            each[0] == "import"
            and each[1][2] in BASE_CLASSES
            and (server.is_server_module(each[1][0]) or server.is_sdk(each[1][0]))
            for each in bindings
        )
    return any(_names_base(each, scope, resolver) for each in expression)


def _unresolved_class(name: str, module: Module, line: int, value: Value) -> Problem:
    reason = value.reason if isinstance(value, Unknown) else "only running it tells what it is"
    return Problem(
        "unresolved-class",
        f"`{name}` may be a plugin: {reason}",
        path=Path(module.path),
        line=line,
    )


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
    reason = next(filter(None, map(_lost, order)), None)
    if reason is not None:
        message = f"`{cls.facts.name}` may be a plugin: {reason}"
        path = Path(cls.module.path)
        problems.append(Problem("unresolved-base", message, path=path, line=cls.facts.line))
    return False


def _lost(base: Value) -> str | None:
    """Return why a base class may be the plugin base after all, None when it is known not to be."""
    if isinstance(base, Unknown):
        return f"a base class cannot be known without running it: {base.reason}"
    if not isinstance(base, External) or base.is_found:
        return None
    if base.module.partition(".")[0] in SERVER_PACKAGES:
        return None  # such as a driver of a machine: the server's, and no plugin
    return f"its base `{base.module}.{base.name}` is not installed"
