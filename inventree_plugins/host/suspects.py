"""Whose fault it is that something cannot be imported: reading tells what running does not."""

from __future__ import annotations

import sys
from pathlib import Path

from inventree_plugins.discovery import Places, discover
from inventree_plugins.host.interface import Failure
from inventree_plugins.models import Distribution, Plugin

__all__ = ["suspect"]


def suspect(failure: Failure, *, file: Path | None, distribution: Distribution | None) -> str | None:
    """Return the slug of the one plugin in a file, or of a distribution's entry point, else None."""
    if distribution is not None:
        places = Places(distributions=(distribution,), import_path=tuple(map(Path, sys.path)))
        module, _, attribute = (failure.module or "").partition(":")
        found = discover(places).plugins
        own = [each for each in found if (each.module, each.class_name) == (module, attribute)]
        return _only(own or found)
    if file is None or not file.is_file():
        return None
    return _only(discover(Places(modules=(file,))).plugins)


def _only(plugins: tuple[Plugin, ...] | list[Plugin]) -> str | None:
    return plugins[0].slug if len(plugins) == 1 else None
