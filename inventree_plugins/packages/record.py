"""The files of an installed distribution, from the list that its installer left."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Distribution
from inventree_plugins.packages.installed import read_file

__all__ = ["base_of", "files_of", "has_record"]


def has_record(distribution: Distribution) -> bool:
    """Tell whether an installer listed the distribution's files, so that they can be taken away."""
    return distribution.info.suffix == ".dist-info" and (distribution.info / "RECORD").is_file()


def files_of(distribution: Distribution) -> tuple[Path, ...]:
    """Return the files that belong to the distribution, with the bytecode made of them.

    A file outside the environment is not the distribution's, whatever its RECORD says. Raises InstallError
    where there is no RECORD.
    """
    data = read_file(str(distribution.info / "RECORD")) if has_record(distribution) else None
    if data is None:
        raise InstallError(
            f"`{distribution.name}` cannot be removed: it has no list of its files (RECORD)",
            hint="remove it with the tool that installed it",
            path=distribution.info,
        )
    base = str(base_of(distribution.location))
    found = {str(path): None for path in distribution.info.rglob("*") if not path.is_dir()}
    for row in csv.reader(data.decode("utf-8", "replace").splitlines()):
        if row and row[0]:
            path = os.path.normpath(distribution.location / row[0])
            if path.startswith(base + os.sep):
                found.update(dict.fromkeys([path, *_bytecode(path)]))
    return tuple(map(Path, found))


def base_of(location: Path) -> Path:
    """Return the folder that scripts and data of packages in `location` are put below.

    That is three levels up from `lib/python3.x/site-packages`, and else the folder itself.
    """
    is_site = location.parent.name.startswith(("python", "pypy")) and len(location.parents) > 2  # noqa: PLR2004
    return location.parents[2] if is_site else location


def _bytecode(path: str) -> Iterator[str]:
    """Return the compiled forms of a module, of any Python."""
    folder, name = os.path.split(path)
    if not name.endswith(".py"):
        return
    cache = os.path.join(folder, "__pycache__")  # noqa: PTH118 - thousands of files
    stem = f"{name[:-3]}."
    try:
        names = os.listdir(cache)  # noqa: PTH208
    except OSError:
        return
    yield from (f"{cache}{os.sep}{each}" for each in names if each.startswith(stem) and each.endswith(".pyc"))
