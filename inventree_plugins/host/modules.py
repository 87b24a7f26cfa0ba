"""What was imported for plugins, and whether its files have changed since."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import NamedTuple

__all__ = ["MODULES", "Tried", "file_state", "forget_bytecode", "unit_of"]

State = tuple[int, int]


class Tried(NamedTuple):
    """How importing a unit went: which of its modules failed, and whether new code was put off."""

    failed: frozenset[str] = frozenset()
    again: bool = False


class Modules:
    """The units that were imported for plugins, and the state of their files then.

    A unit is what changes together: a file or folder in a plugin directory, or a package.
    """

    def __init__(self) -> None:
        self._files: dict[str, dict[str, State | None]] = {}
        self._tried: dict[str, Tried] = {}
        self._fixed: set[tuple[str, str | None]] = set()
        self._replaced: dict[str, dict[str, ModuleType]] = {}

    def changed(self, unit: str) -> bool:
        """Tell whether a file of the unit is another than when it was imported."""
        noted = self._files.get(unit)
        return noted is not None and {file: file_state(file) for file in noted} != noted

    def tried(self, unit: str) -> Tried:
        """Return how importing the unit went the last time."""
        return self._tried.get(unit, Tried())

    def fix(self, modules: Iterable[str]) -> None:
        """Keep these modules as they are from now on: what they define cannot be loaded twice."""
        self._fixed |= {_identity(name) for name in modules}

    def is_fixed(self, unit: str) -> bool:
        """Tell whether the unit holds such a module."""
        return any(_identity(name) in self._fixed for name in _names(unit)) if self._fixed else False

    def take_out(self, unit: str) -> None:
        """Take the unit's modules out of `sys.modules`, so that they are imported anew; see `put_back`."""
        old = {name: sys.modules[name] for name in _names(unit)}
        for name, module in old.items():
            del sys.modules[name]
            # `from package import module` would find it there.
            parent, _, child = name.rpartition(".")
            if vars(sys.modules.get(parent, module)).get(child) is module:
                delattr(sys.modules[parent], child)
            forget_bytecode(module)
        self._replaced[unit] = old

    def put_back(self, unit: str) -> bool:
        """Undo what importing the unit anew did, until the next time; False where nothing was taken out."""
        old = self._replaced.pop(unit, None)
        if not old:
            return False
        self._tried[unit] = Tried(self.tried(unit).failed, again=True)
        for name in _names(unit):
            forget_bytecode(sys.modules.pop(name))
        sys.modules.update(old)
        # Importing a module makes an attribute of its package, too.
        for name, module in old.items():
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                setattr(sys.modules[parent], child, module)
        return True

    def replaced(self) -> tuple[str, ...]:
        """Return the units that can still be put back."""
        return tuple(self._replaced)

    def settle(self) -> None:
        """Let go what was taken out: there is no way back."""
        self._replaced = {}

    def note(self, tried: Mapping[str, Tried]) -> None:
        """Remember how importing these units went, and the state of their files."""
        files: dict[str, dict[str, State | None]] = {unit: {} for unit in tried}
        # One pass over all modules: there are many, and many units.
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            unit = next((each for each in _prefixes(name) if each in files), None) if file else None
            if unit is not None and file is not None:
                files[unit][file] = file_state(file)
        self._files.update(files)
        self._tried.update(tried)


# One for the process, as `sys.modules` is: two hosts may have plugins in common.
MODULES = Modules()


def forget_bytecode(module: ModuleType) -> None:
    """Remove what was compiled: Python believes it if the source has its size and changed in its second."""
    if isinstance(cached := getattr(module, "__cached__", None), str):
        with suppress(OSError):
            os.unlink(cached)  # noqa: PTH108 - one for each module


def unit_of(module: str) -> str:
    """Return the topmost package that `module` is in, passing namespaces over, which others share."""
    parts = module.split(".")
    for length in range(1, len(parts)):
        name = ".".join(parts[:length])
        found = sys.modules.get(name)
        if found is None or getattr(found, "__file__", None):
            return name
    return module


def _identity(name: str) -> tuple[str, str | None]:
    return name, getattr(sys.modules.get(name), "__file__", None)


def _names(unit: str) -> list[str]:
    return [name for name in list(sys.modules) if name == unit or name.startswith(f"{unit}.")]


def _prefixes(name: str) -> Iterator[str]:
    """Yield the packages that a module is in, and the module itself."""
    end = name.find(".")
    while end >= 0:
        yield name[:end]
        end = name.find(".", end + 1)
    yield name


def file_state(file: str) -> State | None:
    """Return a file's time and size, None for one that is gone."""
    try:
        found = os.stat(file)  # noqa: PTH116 - one for each module of each plugin
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
