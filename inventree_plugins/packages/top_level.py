"""Which importable names a distribution brings, and which of them others bring as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from inventree_plugins.models import Distribution

__all__ = ["modules_brought", "shared_modules"]


def modules_brought(distributions: Iterable[Distribution]) -> Mapping[str, tuple[Distribution, ...]]:
    """Return the distributions that bring each top-level module."""
    found: dict[str, list[Distribution]] = {}
    for distribution in distributions:
        for module in _modules(distribution):
            found.setdefault(module, []).append(distribution)
    return {module: tuple(brought) for module, brought in found.items()}


def shared_modules(
    distribution: Distribution, brought: Mapping[str, tuple[Distribution, ...]]
) -> Mapping[str, tuple[str, ...]]:
    """Return the top-level modules of a distribution that others bring too, with the names of these."""
    found = {}
    for module in _modules(distribution):
        others = sorted(each.name for each in brought.get(module, ()) if each.key != distribution.key)
        if others:
            found[module] = tuple(others)
    return found


def _modules(distribution: Distribution) -> frozenset[str]:
    """Return the modules and packages of a distribution; namespace packages are shared by design."""
    try:
        lines = (distribution.info / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        # Of what has no RECORD, such as a checkout or an egg, setuptools' list or the plugins tell.
        listed = _lines(distribution.info / "top_level.txt") - _lines(
            distribution.info / "namespace_packages.txt"
        )
        return listed | {each.module.partition(".")[0] for each in distribution.entry_points}
    found = set()
    for line in lines:
        parts = PurePosixPath(line.partition(",")[0].strip('"')).parts
        if len(parts) == 1 and parts[0].endswith(".py") and not parts[0].startswith("_"):
            found.add(parts[0].removesuffix(".py"))
        elif len(parts) == 2 and parts[1] == "__init__.py":  # noqa: PLR2004 - a package at the top
            found.add(parts[0])
    return frozenset(found)


def _lines(path: Path) -> frozenset[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    return frozenset(line.strip() for line in text.splitlines() if line.strip())
