"""Import plugins' modules, and again those whose files have changed since."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

__all__ = ["Modules", "unit_of", "units_in", "walk"]

State = tuple[int, int]


class Modules:
    """What was imported for plugins, unit by unit.

    A unit is what changes together: a file or folder in a plugin directory, or a package.
    """

    def __init__(self) -> None:
        self._states: dict[str, dict[str, State | None]] = {}
        self._failed: set[str] = set()
        self._roots: dict[Path, str] = {}

    def changed(self, unit: str) -> bool:
        """Tell whether a file of the unit is another than when it was imported, or did not import then."""
        noted = self._states.get(unit)
        return noted is not None and (unit in self._failed or {file: _state(file) for file in noted} != noted)

    def take_out(self, unit: str) -> dict[str, ModuleType]:
        """Take the unit's modules out of `sys.modules`, so that they are imported anew; return them."""
        old = {name: sys.modules[name] for name in _names(unit)}
        for name in old:
            del sys.modules[name]
        return old

    def put_back(self, unit: str, old: dict[str, ModuleType]) -> None:
        """Undo what importing the unit anew did."""
        self.take_out(unit)
        sys.modules.update(old)

    def note(self, units: Mapping[str, bool]) -> None:
        """Remember the state of the files of these units, each with whether it failed to import."""
        files: dict[str, dict[str, State | None]] = {unit: {} for unit in units}
        # One pass over all modules: there are many, and many units.
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            unit = next((each for each in _prefixes(name) if each in files), None) if file else None
            if unit is not None and file is not None:
                files[unit][file] = _state(file)
        self._states.update(files)
        self._failed -= units.keys()
        self._failed |= {unit for unit, failed in units.items() if failed}

    def root(self, directory: Path, name: str | None = None) -> str:
        """Make a plugin directory importable, as a package of its own name; return the name it got.

        Nothing is written there, and a name that leads elsewhere already stays what it is. Raises what the
        directory's `__init__.py` raises, but once.
        """
        if directory not in self._roots:
            wanted = directory.name or "plugins"
            free = name or next(each for each in _names_from(wanted) if _is_free(each, directory))
            self._roots[directory] = free
            if free not in sys.modules:
                _make_package(free, directory)
        return self._roots[directory]


def units_in(root: str) -> Iterator[tuple[str, bool]]:
    """Yield the units below a directory's package, in the server's order, and whether each is a package."""
    for folder in sys.modules[root].__path__:
        for name, is_package in _listed(folder):
            yield f"{root}.{name}", is_package


def walk(unit: str, *, is_package: bool) -> Iterator[str]:
    """Yield the unit's modules in the server's order; what lies below a package, once it is imported."""
    yield unit
    if is_package:
        yield from _below(unit, set())


def _below(package: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    for folder in getattr(sys.modules.get(package), "__path__", ()):
        place = _place(folder)
        if place is None or place in seen:
            continue  # gone, or a link that leads back
        seen.add(place)
        for name, is_package in _listed(folder):
            yield f"{package}.{name}"
            if is_package:
                yield from _below(f"{package}.{name}", seen)


def _place(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)  # noqa: PTH116 - a Path for each of hundreds would cost more than the look
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _listed(folder: str) -> Iterator[tuple[str, bool]]:
    """Yield the modules in a folder by their file's names, and whether each is a package."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - as above
    except OSError:
        return
    for name in names:
        stem, dot, suffix = name.partition(".")
        if (dot, suffix) == (".", "py") and stem != "__init__":
            yield stem, False
        elif not dot and os.path.isfile(f"{folder}{os.sep}{name}{os.sep}__init__.py"):  # noqa: PTH113
            yield name, True


def unit_of(module: str) -> str:
    """Return the topmost package that `module` is in, passing namespaces over, which others share."""
    parts = module.split(".")
    for length in range(1, len(parts)):
        name = ".".join(parts[:length])
        found = sys.modules.get(name)
        if found is None or getattr(found, "__file__", None):
            return name
    return module


def _names(unit: str) -> list[str]:
    return [name for name in list(sys.modules) if name == unit or name.startswith(f"{unit}.")]


def _prefixes(name: str) -> Iterator[str]:
    """Yield the packages that a module is in, and the module itself."""
    end = name.find(".")
    while end >= 0:
        yield name[:end]
        end = name.find(".", end + 1)
    yield name


def _state(file: str) -> State | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - one for each module of each plugin
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _names_from(wanted: str) -> Iterator[str]:
    yield wanted
    yield from (f"{wanted}_{number}" for number in range(2, 1000))


def _is_free(name: str, directory: Path) -> bool:
    """Tell whether the name leads to the directory, or nowhere."""
    try:
        found = sys.modules.get(name) or find_spec(name)
    except (ImportError, ValueError):
        return True
    if found is None:
        return True
    attribute = "submodule_search_locations" if isinstance(found, ModuleSpec) else "__path__"
    return str(directory) in list(getattr(found, attribute, None) or ())


def _make_package(name: str, directory: Path) -> None:
    file = directory / "__init__.py"
    spec = spec_from_file_location(name, file, submodule_search_locations=[str(directory)])
    if spec is None or spec.loader is None or not file.is_file():
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(directory)]
    sys.modules[name] = module = module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(module)
