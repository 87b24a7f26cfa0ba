"""The entry points of a distribution in every group, for who looks for one in the wrong group."""

from __future__ import annotations

from inventree_plugins.models import Distribution, EntryPoint
from inventree_plugins.packages.entry_points import PLUGIN_GROUP, entry_points
from inventree_plugins.packages.installed import read_file

__all__ = ["entry_points_elsewhere"]


def entry_points_elsewhere(distribution: Distribution) -> tuple[EntryPoint, ...]:
    """Return the installed distribution's entry points outside the plugin group; none when unreadable."""
    data = read_file(str(distribution.info / "entry_points.txt")) or b""
    found = entry_points(data.decode("utf-8", "replace"))
    return tuple(each for each in found if each.group != PLUGIN_GROUP)
