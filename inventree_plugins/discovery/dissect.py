"""A close look at plugins: all that their sources tell, for validation and settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.anatomy import Anatomy, Attribute, Constructor, Member
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
from inventree_plugins.models import Plugin, Source
from inventree_plugins.vocabulary import PLUGIN_ATTRIBUTES

__all__ = ["dissect"]

_KINDS = {"def": "method", "make": "method", "class": "class"}


def dissect(plugin: Plugin, candidate: Candidate, places: Places) -> Anatomy:
    """Return all that reading tells of a plugin."""
    cls, resolver = candidate.cls, candidate.resolver
    resolver.restart()
    folder = package_folder(Path(cls.module.path), directories=places.directories)
    attributes = {each: found for each in PLUGIN_ATTRIBUTES if (found := _attribute(cls, each, resolver))}
    return Anatomy(
        plugin=plugin,
        attributes=attributes,
        members=dict(_members(cls, resolver)),
        imports=imports_of(cls.module, folder, resolver=resolver, places=places),
        settings=setting_definitions(attributes.get("SETTINGS"), _lines(cls, "SETTINGS", resolver)),
        user_settings=setting_definitions(
            attributes.get("USER_SETTINGS"), _lines(cls, "USER_SETTINGS", resolver)
        ),
        app=app_folder(
            cls.module, folder, in_directory=plugin.source is not Source.PACKAGE, resolver=resolver
        ),
        constructor=_constructor(cls, resolver),
    )


def _own_classes(cls: ClassRef, resolver: Resolver) -> Iterator[ClassRef]:
    """Yield the classes that are read, of the plugin and its bases, in method resolution order."""
    yield from (each for each in resolver.order(cls) if isinstance(each, ClassRef))


def _attribute(cls: ClassRef, name: str, resolver: Resolver) -> Attribute | None:
    value = resolver.class_attribute(cls, name)
    if value is MISSING:
        return None
    for owner in _own_classes(cls, resolver):
        bindings = owner.facts.names.get(name)
        if bindings:
            path, line = Path(owner.module.path), bindings[-1][2]
            return Attribute(as_data(value), path, line, owner.facts.name)
    return Attribute(as_data(value), Path(cls.module.path), cls.facts.line, cls.facts.name)


def _members(cls: ClassRef, resolver: Resolver) -> Iterator[tuple[str, Member]]:
    seen: set[str] = set()
    for owner in _own_classes(cls, resolver):
        for name, bindings in _bound_in(owner):
            if name not in seen and name != "__doc__":
                seen.add(name)
                kind, _, line, _ = bindings[-1]
                member = Member(_KINDS.get(kind, "value"), Path(owner.module.path), line, owner.facts.name)
                yield name, member


def _bound_in(owner: ClassRef) -> Iterator[tuple[str, list[Binding]]]:
    """Yield what a class's body binds, and what the module sets on the class afterwards."""
    yield from ((name, each) for name, each in owner.facts.names.items() if "." not in name)
    prefix = f"{owner.facts.name}."
    for name, bindings in owner.module.facts.names.items() if owner.facts.outer is None else ():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), bindings


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


def _lines(cls: ClassRef, name: str, resolver: Resolver) -> dict[str, int]:
    for owner in _own_classes(cls, resolver):
        bindings = owner.facts.names.get(name)
        if bindings:
            return lines_of_keys(bindings[0][1]) if bindings[0][0] == "value" else {}
    return {}
