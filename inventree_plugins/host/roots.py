"""Plugin directories as packages, and what lies in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

from inventree_plugins.host.modules import State, file_state, forget_bytecode

__all__ = ["ROOTS", "units_in", "walk"]


class Roots:
    """Makes plugin directories importable, each as a package of its own name; nothing is written there."""

    def __init__(self) -> None:
        self._names: dict[Path, str] = {}
        self._states: dict[str, State | None] = {}

    def name_of(self, directory: Path, name: str | None = None) -> str:
        """Return the name of the directory's package, which is there afterwards.

        A name that leads elsewhere already stays what it is. The directory's own `__init__.py` is run, and
        run again when it has changed; raises what it raises.
        """
        if directory not in self._names:
            wanted = directory.name.lstrip(".") or "plugins"
            self._names[directory] = name or next(
                each for each in _names_from(wanted) if _is_free(each, directory)
            )
        name = self._names[directory]
        file = str(directory / "__init__.py")
        state = file_state(file)
        if name not in sys.modules:
            _make_package(name, directory)
        elif name in self._states and state not in {None, self._states[name]}:
            _run_again(name, file)
        self._states[name] = state
        return name


# One for the process, as `sys.modules` is.
ROOTS = Roots()


def units_in(root: str) -> Iterator[tuple[str, bool]]:
    """Yield the units below a directory's package, in the server's order, and whether each is a package."""
    for folder in getattr(sys.modules[root], "__path__", ()):
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
    try:
        if spec.loader is not None:
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def _run_again(name: str, file: str) -> None:
    """Run a package's `__init__.py` in the package that is there: its modules are in use."""
    forget_bytecode(sys.modules[name])
    spec = spec_from_file_location(name, file)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(sys.modules[name])
