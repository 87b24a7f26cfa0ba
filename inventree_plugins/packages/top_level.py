"""Which importable names a distribution brings, and which of them others bring as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from inventree_plugins.models import Distribution

__all__ = ["shared_modules", "top_level_modules"]


def shared_modules(
    distribution: Distribution, others: Iterable[Distribution]
) -> Mapping[str, tuple[str, ...]]:
    """Return the top-level modules of a distribution that others bring too, with the names of these."""
    own = top_level_modules(distribution)
    found: dict[str, list[str]] = {}
    for other in others if own else ():
        if other.key != distribution.key:
            for module in own & top_level_modules(other):
                found.setdefault(module, []).append(other.name)
    return {module: tuple(sorted(names)) for module, names in found.items()}


def top_level_modules(distribution: Distribution) -> frozenset[str]:
    """Return the modules and packages of a distribution; namespace packages are shared by design."""
    try:
        lines = (distribution.info / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return _from_entry_points(distribution)
    found = set()
    for line in lines:
        parts = PurePosixPath(line.partition(",")[0].strip('"')).parts
        if len(parts) == 1 and parts[0].endswith(".py") and not parts[0].startswith("_"):
            found.add(parts[0].removesuffix(".py"))
        elif len(parts) == 2 and parts[1] == "__init__.py":  # noqa: PLR2004 - a package at the top
            found.add(parts[0])
    return frozenset(found)


def _from_entry_points(distribution: Distribution) -> frozenset[str]:
    """Return the top-level modules of the plugins of what has no RECORD: a checkout, an egg."""
    return frozenset(each.module.partition(".")[0] for each in distribution.entry_points)
