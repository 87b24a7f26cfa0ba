"""What a rule is, what it judges, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from inventree_plugins.anatomy import (
    Anatomy,
    Attribute,
    Constructor,
    Import,
    SettingDefinition,
)
from inventree_plugins.models import Plugin, Problem

__all__ = ["Check", "Fault", "Rule", "Server", "Severity", "Subject", "fault_at", "version_numbers"]

Severity: TypeAlias = Literal["error", "warning"]

PARTS = 3


def version_numbers(text: str | None) -> tuple[int, ...]:
    """Return the first three numbers of a version, as the server reads them; none for None (SPEC §2)."""
    return tuple(int(each[:9]) for each in re.findall(r"\d+", text or "")[:PARTS])


@dataclass(frozen=True, slots=True)
class Server:
    """The server that plugins are judged for; without a version, a modern one of no particular version.

    `mandatory` and `builtin` are its own slugs.
    """

    version: str | None = None
    mandatory: frozenset[str] = frozenset()
    builtin: frozenset[str] = frozenset()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the version's numbers, none when it is not known."""
        return version_numbers(self.version)

    @property
    def label(self) -> str:
        """Return what to call it in a message."""
        return f"InvenTree {self.version}" if self.version else "InvenTree"


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin to be judged, and what is around it.

    `neighbours` are the other plugins of the server, `shared` maps the top-level modules of its distribution
    to others that bring files for them. `is_installed` is False for what lies in a project or a wheel;
    `lacking` are the distributions that it requires and that are not there.
    """

    anatomy: Anatomy
    server: Server
    neighbours: tuple[Plugin, ...] = ()
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_installed: bool = True
    lacking: tuple[str, ...] = ()

    @property
    def plugin(self) -> Plugin:
        """Return the plugin itself."""
        return self.anatomy.plugin

    def has_mixin(self, *names: str) -> bool:
        """Tell whether the plugin uses one of these mixins."""
        return any(name in self.plugin.mixins for name in names)

    def attribute(self, name: str) -> Attribute | None:
        """Return a class attribute, None when the plugin's own classes do not set it."""
        return self.anatomy.attributes.get(name)

    def has_value(self, name: str) -> bool:
        """Tell whether the plugin gives an attribute that is not empty, in its class or its constructor."""
        attribute, constructor = self.attribute(name), self.anatomy.constructor
        is_set_later = constructor is not None and name in constructor.sets
        return is_set_later or (attribute is not None and bool(attribute.value))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a line of text, where it is, and a way out."""

    message: str
    path: Path
    line: int | None
    hint: str | None = None


Place: TypeAlias = Attribute | Constructor | Import | SettingDefinition | Plugin


def fault_at(place: Place, message: str, *, hint: str | None = None) -> Fault:
    """Return a fault at the file and line of what is wrong."""
    return Fault(message, place.path or Path(), place.line, hint)


Check: TypeAlias = Callable[[Subject], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable code, how bad it is to break it, and the check.

    Without a check it is discovery that reports the code, or the loader.
    """

    code: str
    severity: Severity
    title: str
    check: Check | None = None

    def judge(self, subject: Subject) -> Iterator[Problem]:
        """Yield what breaks the rule."""
        for fault in self.check(subject) if self.check else ():
            yield Problem(
                self.code,
                fault.message,
                self.severity,
                hint=fault.hint,
                slug=subject.plugin.slug,
                path=fault.path,
                line=fault.line,
            )
