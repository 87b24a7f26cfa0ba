"""A close look at plugins: all that their sources tell, for validation and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from inventree_plugins.anatomy import Anatomy, Attribute, Constructor, SettingDefinition
from inventree_plugins.discovery.app_folder import app_folder
from inventree_plugins.discovery.candidates import Candidate
from inventree_plugins.discovery.data import as_data
from inventree_plugins.discovery.definitions import lines_of_keys, setting_definitions
from inventree_plugins.discovery.facts import Binding
from inventree_plugins.discovery.folders import package_folder
from inventree_plugins.discovery.imports import imports_of
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import MISSING, ClassRef
from inventree_plugins.models import Plugin, Problem, Source
from inventree_plugins.vocabulary import PLUGIN_ATTRIBUTES

__all__ = ["dissect"]


def dissect(plugin: Plugin, candidate: Candidate, places: Places) -> Anatomy:
    """Return all that reading tells of a plugin."""
    cls, resolver = candidate.cls, candidate.resolver
    resolver.restart()
    module = cls.module
    folder = package_folder(
        Path(module.path), directories=places.directories, listing=resolver.modules.listing
    )
    bound = _bound(cls, resolver)
    attributes = {
        name: found for name in PLUGIN_ATTRIBUTES if (found := _attribute(cls, name, bound, resolver))
    }
    in_directory = plugin.source is not Source.PACKAGE
    return Anatomy(
        plugin=plugin._replace(problems=(*plugin.problems, *_compiled(plugin))),
        attributes=attributes,
        members=frozenset(bound),
        imports=imports_of(module, folder, resolver=resolver, places=places),
        settings=_settings(attributes, bound, "SETTINGS"),
        user_settings=_settings(attributes, bound, "USER_SETTINGS"),
        app=app_folder(module, folder, in_directory=in_directory, resolver=resolver),
        constructor=_constructor(cls, resolver),
    )


def _compiled(plugin: Plugin) -> Iterator[Problem]:
    """Yield what keeps the plugin's module from being compiled, unless that lies in a zip file."""
    from inventree_plugins.discovery.syntax import compile_problem  # noqa: PLC0415 - imports ast

    found = compile_problem(plugin.path.read_bytes()) if plugin.path.is_file() else None
    if found is not None:
        yield Problem(found.code, found.message, "error", slug=plugin.slug, path=plugin.path, line=found.line)


# A name, and the nearest class that binds it, with the bindings.
_Bound: TypeAlias = dict[str, tuple[ClassRef, list[Binding]]]


def _own_classes(cls: ClassRef, resolver: Resolver) -> Iterator[ClassRef]:
    """Yield the classes that are read, of the plugin and its bases, in method resolution order."""
    yield from (each for each in resolver.order(cls) if isinstance(each, ClassRef))


def _bound(cls: ClassRef, resolver: Resolver) -> _Bound:
    found: _Bound = {}
    for owner in _own_classes(cls, resolver):
        for name, bindings in _bound_in(owner):
            found.setdefault(name, (owner, bindings))
    return found


def _bound_in(owner: ClassRef) -> Iterator[tuple[str, list[Binding]]]:
    """Yield what the module sets on a class after its statement, and then what its body binds."""
    prefix = f"{owner.facts.name}."
    for name, bindings in owner.module.facts.names.items() if owner.facts.outer is None else ():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), bindings
    yield from ((name, each) for name, each in owner.facts.names.items() if "." not in name)


def _attribute(cls: ClassRef, name: str, bound: _Bound, resolver: Resolver) -> Attribute | None:
    value = resolver.class_attribute(cls, name)
    if value is MISSING:
        return None
    owner, bindings = bound.get(name, (cls, []))
    line = bindings[-1][2] if bindings else owner.facts.line
    return Attribute(as_data(value), Path(owner.module.path), line)


def _settings(attributes: Mapping[str, Attribute], bound: _Bound, name: str) -> tuple[SettingDefinition, ...]:
    _, bindings = bound.get(name, (None, []))
    is_display = len(bindings) == 1 and bindings[0][0] == "value"
    return setting_definitions(attributes.get(name), lines_of_keys(bindings[0][1]) if is_display else {})


def _constructor(cls: ClassRef, resolver: Resolver) -> Constructor | None:
    for owner in _own_classes(cls, resolver):
        told = owner.facts.constructor
        if told is not None:
            line, calls_base, required, sets = told
            path = Path(owner.module.path)
            return Constructor(path, line, owner.facts.name, calls_base, required, tuple(sets))
        if "__init__" in owner.facts.names:
            return None
    return None
