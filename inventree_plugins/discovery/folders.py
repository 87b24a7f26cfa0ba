"""Which folder is a plugin's own: the topmost package around its module."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["package_folder"]


def _names(folder: str) -> Collection[str]:
    with suppress(OSError):
        return os.listdir(folder)  # noqa: PTH208 - the caller's own listing takes text too
    return ()


def package_folder(
    module: Path, *, directories: Iterable[Path], listing: Callable[[str], Collection[str]] = _names
) -> Path | None:
    """Return the topmost package around a module's file, None for a plugin that is one file.

    A plugin directory is a package too, as the server makes it one; it is not the plugin's own. `listing`
    tells the names in a folder, which may lie in a zip file.
    """
    shared = set(directories)
    found = None
    for folder in module.parents:
        if folder in shared or "__init__.py" not in listing(str(folder)):
            break
        found = folder
    return found
