"""What there is to say once packages have changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventree_plugins.commands.applying import PlannedPackage
from inventree_plugins.models import Declaration, Problem

__all__ = ["broken", "host_changes"]


def host_changes(plan: Iterable[PlannedPackage]) -> Iterator[Problem]:
    """List what changed of the server's own packages."""
    for each in plan:
        if each.host:
            yield Problem(
                "host-changed",
                f"the server's own `{each.name}` goes from {each.old} to {each.new}",
                hint=f"`{each.why[0]}` wants it" if each.why else None,
            )


def broken(declared: Iterable[Declaration]) -> Iterator[Problem]:
    """List lines of plugins.txt that were satisfied before."""
    for item in declared:
        yield Problem(
            "requirement-broken",
            f"`{item.text}` was satisfied before and is not any more: what was installed now excludes it",
            hint="`invplug install` without arguments looks for versions that suit all of plugins.txt",
            path=item.path,
            line=item.line or None,
        )
