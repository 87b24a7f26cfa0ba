"""What plugins there are, told from text alone: nothing of a plugin is imported or run."""

import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.snapshot import keep, recall
from inventree_plugins.models import Discovery

if TYPE_CHECKING:
    from inventree_plugins.discovery.cache import FactsCache
    from inventree_plugins.discovery.examination import examine
    from inventree_plugins.discovery.fallbacks import commit_of, may_be_tracked, words_of
    from inventree_plugins.discovery.folders import package_folder
    from inventree_plugins.discovery.search import discover

__all__ = [
    "FactsCache",
    "Places",
    "commit_of",
    "discover",
    "discover_again",
    "examine",
    "may_be_tracked",
    "package_folder",
    "words_of",
]

# Two dozen modules, which a run that finds nothing new does without (PEP 562).
_LATER = {
    "FactsCache": "cache",
    "commit_of": "fallbacks",
    "discover": "search",
    "examine": "examination",
    "may_be_tracked": "fallbacks",
    "package_folder": "folders",
    "words_of": "fallbacks",
}


def discover_again(places: Places, *, cache: Path) -> Discovery:
    """Find the plugins of all places, reading only what has changed since the last time.

    `cache` is the file that keeps the facts of files; what was found is kept beside it.
    """
    snapshot = cache.with_suffix(".snapshot")
    found = recall(snapshot, places)
    if found is None:
        from inventree_plugins.discovery.cache import FactsCache  # noqa: PLC0415 - see above
        from inventree_plugins.discovery.search import search  # noqa: PLC0415

        since = time.time_ns()
        found, seen = search(places, cache=FactsCache(cache))
        keep(snapshot, places, found, seen, since=since)
    return found


def __getattr__(name: str) -> object:
    """Import what only a real search needs."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
