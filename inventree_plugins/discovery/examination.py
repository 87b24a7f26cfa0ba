"""Plugins with all that their sources tell; for the few commands that look so closely."""

from __future__ import annotations

from inventree_plugins.anatomy import Examination
from inventree_plugins.collection import without_collection
from inventree_plugins.discovery.cache import FactsCache
from inventree_plugins.discovery.dissect import dissect
from inventree_plugins.discovery.modules import Library
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.search import Search, collect, identity_of

__all__ = ["examine"]


def examine(places: Places, *, cache: FactsCache | None = None) -> Examination:
    """Find the plugins of all places and look at each one closely; costs several times what finding does."""
    library = Library(cache)
    search = Search(places, library)
    with without_collection():
        found, candidates = collect(search, places)
        anatomies = tuple(dissect(each, candidates[identity_of(each)], places) for each in found.plugins)
        search.forget()
    if cache is not None:
        cache.save()
    return Examination(anatomies, found.problems)
