"""Which units of a plugin directory must be imported anew because another one was."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from importlib.util import resolve_name

__all__ = ["with_dependents"]


def with_dependents(changed: Iterable[str], units: Iterable[str]) -> frozenset[str]:
    """Return the changed units, and those of the others that import from them, also by way of others."""
    needs = {unit: set(_imports(unit)) for unit in units}
    found = set(changed)
    while True:
        more = {
            unit
            for unit, names in needs.items()
            if unit not in found and any(_is_in(name, each) for name in names for each in found)
        }
        if not more:
            return frozenset(found)
        found |= more


def _is_in(name: str, unit: str) -> bool:
    return name == unit or name.startswith(f"{unit}.")


def _imports(unit: str) -> Iterator[str]:
    """Yield the dotted names that the unit's modules import, as their sources say now."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and _is_in(name, unit):
            try:
                with open(file, "rb") as source:  # noqa: PTH123 - one for each module
                    tree = ast.parse(source.read())
            except (OSError, SyntaxError, ValueError):
                continue
            package = name if hasattr(module, "__path__") else name.rpartition(".")[0]
            yield from _names(tree, package)


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            try:
                base = resolve_name("." * node.level + (node.module or ""), package)
            except (ImportError, ValueError):
                continue
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
