"""The entry points of a distribution in every group, for who looks for one in the wrong group."""

from __future__ import annotations

from inventree_plugins.models import Distribution, EntryPoint
from inventree_plugins.packages.entry_points import PLUGIN_GROUP, entry_points

__all__ = ["entry_points_elsewhere"]


def entry_points_elsewhere(distribution: Distribution) -> tuple[EntryPoint, ...]:
    """Return the installed distribution's entry points outside the plugin group; none when unreadable."""
    path = distribution.info / "entry_points.txt"
    try:
        data = path.read_bytes()
    except NotADirectoryError:
        data = _read_zipped(str(path))
    except OSError:
        return ()
    found = entry_points(data.decode("utf-8", "replace"))
    return tuple(each for each in found if each.group != PLUGIN_GROUP)


def _read_zipped(path: str) -> bytes:
    from inventree_plugins.packages.archives import read_inside  # noqa: PLC0415 - zip files are rare

    try:
        return read_inside(path)
    except OSError:
        return b""
