"""Where editable installs keep their modules: the finders that installers write, read as text.

* setuptools: `__editable___<name>_finder.py`, with the dicts `MAPPING` and `NAMESPACES`
* hatchling and pdm-backend, by editables: `_editable_impl_<name>.py` or `__editables_<name>.py`, with
  calls of `map_module(name, path)`
* scikit-build-core: `_editable_skbc_<name>.py`, before 1.0 `_<name>_editable.py`, with a call of `install`
* meson-python: `_<name>_editable_loader.py`, which names the build folder and so its install plan
* old namespace packages: `<name>-nspkg.pth`, which makes a package from a folder

Plain paths in `.pth` files are on the import path already.
"""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH112, PTH113, PTH118, PTH119, PTH120

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import pairwise
from pathlib import Path, PurePosixPath

from inventree_plugins.discovery.locations import Editable, Location, joined
from inventree_plugins.discovery.modules import Library

__all__ = ["editable_modules"]

_MAPPED = re.compile(r"""map_module\(\s*(['"])([\w.]+)\1\s*,\s*(['"])(.+?)\3\s*\)""")
_PORTION = re.compile(r"""p = os\.path\.join\((?:(['"])(.+?)\1|.{,40}\['sitedir'\]), \*\(([^()]*)\)\)""")
_MODULE = re.compile(r"(?P<package>(?:\w+/)*?)(?:__init__|(?P<name>\w+))(?P<suffix>\.[\w.-]+)")
_LARGEST = 1024 * 1024

Found = Iterable[tuple[str, Location]]


def editable_modules(library: Library, import_path: tuple[Path, ...]) -> Editable:
    """Return where the modules are that editable installs map; of two the first one stays."""
    first: dict[str, Location] = {}
    last: dict[str, Location] = {}
    for directory in map(str, import_path):
        for name in sorted(each for each in library.listing(directory) if _is_finder(each)):
            path = os.path.join(directory, name)
            # These two put their finders before Python's own.
            if name.endswith("_editable_loader.py"):
                _add(first, _of_meson(library, path))
            elif name.startswith("_editable_skbc_") or name.endswith("_editable.py"):
                _add(first, _of_scikit(library, path))
            elif name.startswith("__editable___"):
                _add(last, _of_setuptools(library, path))
            elif name.endswith(".pth"):
                _add(last, _of_path_file(library, path))
            else:
                _add(last, _of_editables(library, path))
    return Editable(first, last)


def _is_finder(name: str) -> bool:
    if name.endswith("-nspkg.pth"):
        return True
    return name.startswith("_") and name.endswith(".py") and "_editable" in name


def _add(known: dict[str, Location], found: Found) -> None:
    for name, location in found:
        # `joined` keeps the first unless both are parts of a namespace package.
        before = known.get(name)
        both = location if before is None else joined(before, location)
        if both is not None:
            known[name] = both


def _of_setuptools(library: Library, path: str) -> Iterator[tuple[str, Location]]:
    for name, target in _dict(library, path, "MAPPING"):
        location = _at(library, target) if isinstance(target, str) else None
        if location is not None:
            yield name, location
    for name, targets in _dict(library, path, "NAMESPACES"):
        listed = targets[1] if isinstance(targets, list) and targets[0] == "list" else []
        folders = [each for each in listed if isinstance(each, str)]
        # A namespace package may have no folder at all, only packages that are mapped.
        yield name, Location(None, (*folders, _nowhere(path, name)))


def _dict(library: Library, path: str, name: str) -> Iterator[tuple[str, object]]:
    for kind, value, _, _ in library.facts(path).names.get(name, ()):
        if kind == "value" and isinstance(value, list) and value[0] == "dict":
            yield from ((key, target) for key, target in value[1] if isinstance(key, str))


def _at(library: Library, target: str) -> Location | None:
    directory, file = os.path.split(target)
    if file == "__init__.py":
        return Location(target, (directory,))
    if "__init__.py" in library.listing(target):
        return Location(os.path.join(target, "__init__.py"), (target,))
    if os.path.isdir(target):
        return Location(None, (target,))
    # setuptools maps a module to its path without the suffix, editables to the file itself.
    path = target if target.endswith(".py") else f"{target}.py"
    return Location(path) if os.path.isfile(path) else None


def _of_editables(library: Library, path: str) -> Iterator[tuple[str, Location]]:
    # The path is a Python string literal; only Windows' backslashes would differ from its text.
    for match in _MAPPED.finditer(_text(library, path)):
        location = _at(library, match[4])
        if location is not None:
            yield match[2], location


def _of_path_file(library: Library, path: str) -> Iterator[tuple[str, Location]]:
    for match in _PORTION.finditer(_text(library, path)):
        parts = re.findall(r"\w+", match[3])
        if parts:
            yield ".".join(parts), Location(None, (os.path.join(match[2] or os.path.dirname(path), *parts),))


def _of_scikit(library: Library, path: str) -> Found:
    """Read `install(source files, files beside the finder, folders of packages, …)`."""
    site = os.path.dirname(path)
    for arguments in _calls(library, path, "install"):
        maps = [each if isinstance(each, dict) else {} for each in [*arguments[:3], None, None, None]]
        files = {
            name: os.path.join(site, target)
            for each in maps[:2]
            for name, target in each.items()
            if isinstance(name, str) and isinstance(target, str)
        }
        folders: dict[str, list[str]] = {}
        for name, targets in maps[2].items():
            if isinstance(name, str) and isinstance(targets, list):
                folders[name] = [os.path.join(site, each) for each in targets if isinstance(each, str)]
        return _mapped(library, path, files, folders)
    return ()


def _of_meson(library: Library, path: str) -> Found:
    """Read the install plan of the build folder, which follows the set of top-level names in a call."""
    for arguments in _calls(library, path, "MesonpyMetaFinder", "install"):
        for before, build in pairwise(arguments):
            if isinstance(before, set) and isinstance(build, str):
                plan = os.path.join(build, "meson-info", "intro-install_plan.json")
                return _mapped(library, path, *_planned(_text(library, plan)))
    return ()


def _planned(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the files of modules and the folders of packages that meson's plan installs."""
    files: dict[str, str] = {}
    folders: dict[str, list[str]] = {}
    try:
        plan = json.loads(text)
    except (ValueError, RecursionError):
        plan = None
    for kind, entries in plan.items() if isinstance(plan, dict) else ():
        for source, entry in entries.items() if isinstance(entries, dict) else ():
            target = entry.get("destination") if isinstance(entry, dict) else None
            root, _, inside = target.partition("/") if isinstance(target, str) else ("", "", "")
            if root not in {"{py_purelib}", "{py_platlib}"}:
                continue
            match = _MODULE.fullmatch(inside)
            if kind == "install_subdirs":
                folders.setdefault(".".join(PurePosixPath(inside).parts), []).append(source)
            elif match and match["suffix"] in {".py", *EXTENSION_SUFFIXES}:
                package = match["package"].strip("/").replace("/", ".")
                files[".".join(filter(None, (package, match["name"])))] = source
    return files, folders


def _mapped(
    library: Library, finder: str, files: Mapping[str, str], folders: Mapping[str, list[str]]
) -> Iterator[tuple[str, Location]]:
    """Yield the modules, and the packages that they and the folders lie in."""
    names = {*files, *folders}
    packages = {name[:end] for name in names for end, letter in enumerate(name) if letter == "."} | {*folders}
    packages |= {name for name, path in files.items() if os.path.basename(path) == "__init__.py"}
    for name in sorted(names | packages):
        path = files.get(name)
        directories = folders.get(name, [])
        for each in directories:
            if path is None and "__init__.py" in library.listing(each):
                path = os.path.join(each, "__init__.py")
        if path is not None and path.endswith(tuple(EXTENSION_SUFFIXES)):
            path = None
        yield name, Location(path, (*directories, _nowhere(finder, name)) if name in packages else ())


def _nowhere(finder: str, name: str) -> str:
    """Return a folder that does not exist, for a package whose modules are all mapped one by one."""
    return os.path.join(f"{finder}.mapped", name)


def _text(library: Library, path: str) -> str:
    return library.text(path, _LARGEST).decode("utf-8", "replace")


def _calls(library: Library, path: str, *names: str) -> Iterator[list[object]]:
    """Yield the positional arguments of calls of these functions; None stands for what is no literal."""
    import ast  # noqa: PLC0415 - few environments have such a finder

    def literal(node: ast.expr) -> object:
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(library.text(path, _LARGEST))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield [literal(each) for each in node.args]
