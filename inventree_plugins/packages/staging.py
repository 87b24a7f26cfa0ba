"""Packages that an installer unpacked into a folder of their own, before they are the target's."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from inventree_plugins.models import Distribution
from inventree_plugins.packages.installed import installed_distributions

__all__ = ["is_requested", "keep_requested", "mark_requested", "staged_distributions"]


def staged_distributions(tree: Path) -> tuple[Distribution, ...]:
    """List the distributions in a staged tree."""
    return installed_distributions(sorted({info.parent for info in tree.rglob("*.dist-info")}))


def is_requested(distribution: Distribution) -> bool:
    """Tell whether somebody asked an installer for the distribution by name (the mark of PEP 376)."""
    return (distribution.info / "REQUESTED").exists()


def mark_requested(tree: Path, keys: Collection[str]) -> None:
    """Leave the mark of what somebody asked for (PEP 376) to the packages `keys`, normalised names.

    An installer that is given every package by name marks all of them.
    """
    for distribution in staged_distributions(tree):
        mark, record = distribution.info / "REQUESTED", distribution.info / "RECORD"
        if distribution.key in keys or not mark.exists():
            continue
        mark.unlink()
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        record.write_text(
            "".join(line for line in lines if not line.startswith(f"{distribution.info.name}/REQUESTED,")),
            encoding="utf-8",
        )


def keep_requested(tree: Path, keys: Collection[str]) -> None:
    """Mark packages as asked for by somebody, as what they replace is; `keys` are normalised names."""
    if not keys:
        return
    for distribution in staged_distributions(tree):
        mark, record = distribution.info / "REQUESTED", distribution.info / "RECORD"
        if distribution.key not in keys or mark.exists():
            continue
        mark.touch()
        lines = record.read_text(encoding="utf-8").splitlines()
        record.write_text(
            "".join(f"{line}\n" for line in (*lines, f"{distribution.info.name}/REQUESTED,,")),
            encoding="utf-8",
        )
