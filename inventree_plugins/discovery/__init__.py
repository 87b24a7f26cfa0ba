"""What plugins there are, told from text alone: nothing of a plugin is imported or run."""

from __future__ import annotations

from inventree_plugins.discovery.cache import FactsCache
from inventree_plugins.discovery.discover import discover
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.slug import slugify

__all__ = ["FactsCache", "Places", "discover", "slugify"]
