"""What an expression can turn out to be, beside plain Python constants, lists, tuples, sets and dicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from inventree_plugins.discovery.facts import ClassFacts, ModuleFacts

__all__ = [
    "MISSING",
    "REST",
    "SAME",
    "ClassRef",
    "External",
    "Maker",
    "Module",
    "ModuleRef",
    "Scope",
    "Unknown",
    "Value",
    "is_plain",
    "text_of",
]

# A Python constant or container, or one of the classes below.
Value: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be known without running the plugin, why, and where.

    `failed` says that running it raises there, so that an `except` takes over. `function` is the dotted
    name of the function that returns it, where that is known.
    """

    reason: str
    path: str
    line: int
    failed: bool = False
    function: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """A module's file and what it says; one object a file and name in a run, so identity is equality."""

    name: str
    path: str
    is_package: bool
    facts: ModuleFacts


@dataclass(frozen=True, slots=True)
class ModuleRef:
    """A module as a value: its own names, where it has a file, and where its submodules are."""

    name: str
    module: Module | None = None
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class as a value: where its facts are."""

    module: Module
    index: int

    @property
    def facts(self) -> ClassFacts:
        """Return what the class statement says."""
        return self.module.facts.classes[self.index]

    @property
    def identity(self) -> tuple[str, int]:
        """Return what tells this class from another, whatever name its module goes by."""
        return self.module.path, self.index


@dataclass(frozen=True, slots=True)
class External:
    """A name of a module that is not read: the server's, Django's, the standard library's, or a lost one."""

    module: str
    name: str
    is_found: bool = True


@dataclass(frozen=True, slots=True)
class Maker:
    """A function as a value: calling it returns the class that it defines."""

    result: Value


@dataclass(frozen=True, slots=True)
class Scope:
    """Where names are looked up: a comprehension's variables, a class's or function's body, the module."""

    module: Module
    class_index: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)

    def unknown(self, reason: str, line: int, *, failed: bool = False) -> Unknown:
        """Return an unknown at a line of this scope's file."""
        return Unknown(reason, self.module.path, line, failed)


class _Sentinel:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


# A name that nothing binds.
MISSING: Final = _Sentinel("MISSING")
# The key, in a dict, of an Unknown that stands for further keys.
REST: Final = _Sentinel("REST")
# A function that returns its first argument untouched.
SAME: Final = _Sentinel("SAME")

_MOST_PARTS = 50_000
_PLAIN = (str, int, float, bool, type(None))


def is_plain(value: Value) -> bool:
    """Tell whether the value is made of known constants only, and of not too many of them."""
    waiting, left = [value], _MOST_PARTS
    while waiting:
        each = waiting.pop()
        left -= 1
        if isinstance(each, dict):
            waiting.extend(each)
            waiting.extend(each.values())
        elif isinstance(each, (list, tuple, set, frozenset)):
            waiting.extend(each)
        elif not isinstance(each, _PLAIN):
            return False
        if left < 0:  # lists of lists of the same list: few in memory, billions when written out
            return False
    return True


def text_of(value: Value) -> str | None:
    """Return the value as the server shows it, None for an empty or unknown one."""
    if isinstance(value, str):
        return value or None
    if not value or not is_plain(value):
        return None
    return str(value)
