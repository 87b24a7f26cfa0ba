"""Files of a new package that lie where the server's own are already."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from inventree_plugins.commands.host import Host
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Distribution
from inventree_plugins.packages import Staged, files_of, has_record

__all__ = ["refuse_overwriting"]


def refuse_overwriting(
    staged: Staged, going: Collection[Path], distributions: tuple[Distribution, ...], host: Host
) -> None:
    """Raise InstallError where a staged file would take the place of one of the server's.

    No version tells of such a package, such as one that brings a `tests` of its own into Django's folder; and
    when it goes, the server's file goes with it. `going` are files that leave in the same step.
    """
    taken = {path for path in _occupied(staged.tree, staged.place) if path not in going}
    if not taken:
        return
    for distribution in distributions:
        if distribution.key not in host.versions or not has_record(distribution):
            continue
        both = taken.intersection(files_of(distribution))
        if both:
            raise InstallError(
                f"a package would overwrite `{min(both)}`, which is the server's own `{distribution.name}`",
                code="install-host-conflict",
                detail="\n".join(sorted(map(str, both))),
                hint="`--allow-host-changes` permits it, at the server's risk",
                path=min(both),
            )


def _occupied(tree: Path, place: Path) -> Iterator[Path]:
    """Return where staged files meet files; what is below a folder that is not there meets none."""
    for entry in os.scandir(tree):
        path = place / entry.name
        if not os.path.lexists(path):
            continue
        if entry.is_dir(follow_symlinks=False) and path.is_dir():
            yield from _occupied(Path(entry.path), path)
        else:
            yield path
