"""Which folder is a plugin's own: the topmost package around its module."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["package_folder"]


def package_folder(module: Path, *, directories: Iterable[Path]) -> Path | None:
    """Return the topmost package around a module's file, None for a plugin that is one file.

    A plugin directory is a package too, as the server makes it one; it is not the plugin's own.
    """
    shared = set(directories)
    found = None
    for folder in module.parents:
        if folder in shared or not (folder / "__init__.py").is_file():
            break
        found = folder
    return found
