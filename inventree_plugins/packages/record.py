"""The files of an installed distribution, from the list that its installer left."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Distribution, Interpreter
from inventree_plugins.packages.installed import read_file
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.permission import is_virtual

__all__ = [
    "base_of",
    "claimed_paths",
    "files_of",
    "has_record",
    "installer_of",
    "is_linked",
    "is_within",
    "kept_by",
    "unlisted_files",
]

_CACHE = "__pycache__"


def has_record(distribution: Distribution) -> bool:
    """Tell whether an installer listed the distribution's files, so that they can be taken away."""
    return distribution.info.suffix == ".dist-info" and (distribution.info / "RECORD").is_file()


def files_of(distribution: Distribution) -> tuple[Path, ...]:
    """Return the files that belong to the distribution, with the bytecode made of them.

    A folder is none of them, and a file outside the environment is not the distribution's, whatever its
    RECORD says. Raises InstallError where there is no RECORD that can be read.
    """
    found = {str(path): None for path in distribution.info.rglob("*") if _is_file(str(path))}
    places = _Places(distribution.location)
    for name in _listed(distribution):
        path = os.path.normpath(distribution.location / name)
        if places.holds(path):
            found.update((each, None) for each in (path, *_bytecode(path)) if _is_file(each))
    return tuple(map(Path, found))


def claimed_paths(distribution: Distribution) -> Iterator[str]:
    """Yield the paths that an installer listed, of whatever kind the list and wherever they lead."""
    if has_record(distribution):
        base, names = str(distribution.location), []
        with suppress(InstallError):
            names = _listed(distribution)
    else:  # what `setup.py install --record`, as pip called it, left
        data = read_file(str(distribution.info / "installed-files.txt")) or b""
        base, names = str(distribution.info), data.decode("utf-8", "replace").splitlines()
    for name in names:
        path = f"{base}{os.sep}{name}"
        is_plain = "./" not in name and "//" not in name and not name.startswith("/")
        yield path if is_plain else os.path.normpath(os.path.join(base, name))  # noqa: PTH118 - as below


def kept_by(distributions: Iterable[Distribution], files: Collection[Path]) -> frozenset[Path]:
    """Return those of `files` that belong to one of the distributions too, or are bytecode of such."""
    paths = {str(path): path for path in files}
    shared = {path for each in distributions for path in claimed_paths(each) if path in paths}
    if not shared:
        return frozenset()
    return frozenset(path for text, path in paths.items() if text in shared or _source(path) in shared)


def base_of(location: Path) -> Path:
    """Return the folder that scripts and data of packages in `location` are put below.

    That is three levels up from `lib/python3.x/site-packages`, and else the folder itself.
    """
    is_site = location.parent.name.startswith(("python", "pypy")) and len(location.parents) > 2  # noqa: PLR2004
    return location.parents[2] if is_site else location


def is_within(distribution: Distribution, target: Interpreter) -> bool:
    """Tell whether a distribution is the environment's own, not one that it sees of the system's."""
    return not is_virtual(target) or distribution.location.is_relative_to(target.prefix)


def is_linked(distribution: Distribution, target: Interpreter) -> bool:
    """Tell whether the environment has a distribution by a link that `setup.py develop` left."""
    links = target.site_packages.glob("*.egg-link")
    return any(normalize(link.stem) == distribution.key for link in links)


def installer_of(distribution: Distribution) -> str | None:
    """Return the name of the program that installed a distribution (INSTALLER, PEP 376), where it left it."""
    data = read_file(str(distribution.info / "INSTALLER")) or b""
    return data.decode("utf-8", "replace").strip().lower() or None


def unlisted_files(distribution: Distribution) -> dict[Path, int]:
    """Return the distribution's packages that hold files of somebody else, with the number of these.

    They stay when the distribution goes. Bytecode does not count. Raises InstallError as `files_of` does.
    """
    files = {str(path) for path in files_of(distribution)}
    found = {}
    for package in sorted(distribution.location.iterdir()):
        if str(package / "__init__.py") in files and not package.is_symlink():
            others = sum(os.path.join(*each) not in files for each in _walk(package))  # noqa: PTH118
            if others:
                found[package] = others
    return found


def _walk(package: Path) -> Iterator[tuple[str, str]]:
    for folder, folders, names in os.walk(package):
        if _CACHE in folders:
            folders.remove(_CACHE)
        yield from ((folder, name) for name in names)


class _Places:
    """Where files of a distribution in `location` may lie: below its base, links followed."""

    def __init__(self, location: Path) -> None:
        self._base = str(base_of(location))
        self._real = tuple({os.path.realpath(each) for each in (self._base, location)})
        self._known: dict[str, bool] = {}

    def holds(self, path: str) -> bool:
        """Tell whether a file of this path, which need not be there, would lie within."""
        folder = os.path.dirname(path)  # noqa: PTH120 - thousands of files, in few folders
        if folder not in self._known:
            self._known[folder] = _is_below(folder, self._base) and any(
                _is_below(os.path.realpath(folder), each) for each in self._real
            )
        return self._known[folder]


def _is_below(folder: str, base: str) -> bool:
    return folder == base or folder.startswith(base.rstrip(os.sep) + os.sep)


def _listed(distribution: Distribution) -> list[str]:
    data = read_file(str(distribution.info / "RECORD")) if has_record(distribution) else None
    with suppress(csv.Error):  # it is no list, whatever it is
        if data is not None:
            rows = csv.reader(data.decode("utf-8", "replace").splitlines())
            return [row[0] for row in rows if row and row[0] and "\0" not in row[0]]
    raise InstallError(
        f"`{distribution.name}` cannot be removed: it has no list of its files (RECORD)",
        hint="remove it with the tool that installed it",
        path=distribution.info,
    )


def _is_file(path: str) -> bool:
    """Tell whether a path is anything but a folder; a link to one is a file of its own."""
    return os.path.islink(path) or not os.path.isdir(path)  # noqa: PTH112, PTH114 - thousands of files


def _source(path: Path) -> str | None:
    """Return the module that a compiled form is of."""
    if path.parent.name != _CACHE:
        return None
    return str(path.parent.parent / f"{path.name.partition('.')[0]}.py")


def _bytecode(path: str) -> Iterator[str]:
    """Return the compiled forms of a module, of any Python."""
    folder, name = os.path.split(path)
    if not name.endswith(".py"):
        return
    cache = os.path.join(folder, _CACHE)  # noqa: PTH118 - thousands of files
    stem = f"{name[:-3]}."
    try:
        names = os.listdir(cache)  # noqa: PTH208
    except OSError:
        return
    yield from (f"{cache}{os.sep}{each}" for each in names if each.startswith(stem) and each.endswith(".pyc"))
