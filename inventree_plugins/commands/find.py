"""Find plugins by the slugs a person typed."""

from __future__ import annotations

from collections.abc import Iterable

from inventree_plugins.commands.inventory import Entry, Inventory
from inventree_plugins.errors import PluginNotFoundError
from inventree_plugins.packages import normalize

__all__ = ["find_entry", "not_found"]

SUGGESTIONS = 3


def find_entry(inventory: Inventory, slug: str) -> Entry:
    """Return the entry of `slug`; raise PluginNotFoundError with the nearest ones."""
    entry = inventory.find(slug)
    if entry is None:
        raise not_found(slug, inventory.entries)
    return entry


def not_found(slug: str, entries: Iterable[Entry]) -> PluginNotFoundError:
    """Return the error for a slug that nothing provides, naming the slugs that may have been meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something went wrong

    entries = tuple(entry for entry in entries if entry.plugin is not None)
    wanted = normalize(slug)
    by_package = [
        entry.slug for entry in entries if entry.package_name and normalize(entry.package_name) == wanted
    ]
    near = get_close_matches(slug.lower(), [entry.slug for entry in entries], n=SUGGESTIONS, cutoff=0.6)
    inside = [entry.slug for entry in entries if len(slug) > 1 and slug.lower() in entry.slug]
    suggestions = list(dict.fromkeys((*by_package, *near, *inside)))[:SUGGESTIONS]
    if suggestions:
        hint = "did you mean " + " or ".join(f"`{suggestion}`" for suggestion in suggestions) + "?"
    else:
        hint = "`invplug list` shows what there is"
    return PluginNotFoundError(f"nothing provides a plugin `{slug}`", hint=hint, slug=slug)
