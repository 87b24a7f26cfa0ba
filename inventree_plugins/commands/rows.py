"""Rows of plugins that were found: made inactive, and switched on (SPEC §3)."""

from __future__ import annotations

from collections.abc import Iterable

from inventree_plugins.commands.survey import Survey
from inventree_plugins.models import Plugin
from inventree_plugins.store import Writer

__all__ = ["activate", "create_row", "create_rows"]


def create_rows(writer: Writer, survey: Survey) -> tuple[str, ...]:
    """Create the rows that discovered plugins lack, inactive, and return their slugs (SPEC §3)."""
    known = {row.key for row in writer.rows()}
    missing = tuple(plugin for plugin in survey.discovery.plugins if plugin.slug not in known)
    for plugin in missing:
        create_row(writer, plugin)
    return tuple(plugin.slug for plugin in missing)


def create_row(writer: Writer, plugin: Plugin) -> None:
    """Create the row of a plugin, inactive."""
    # No database takes half of a surrogate pair.
    name = plugin.name.encode("utf-8", "replace").decode("utf-8")
    package = plugin.distribution.name if plugin.distribution else None
    writer.insert(plugin.slug, name=name, package_name=package)


def activate(writer: Writer, survey: Survey, slugs: Iterable[str]) -> tuple[str, ...]:
    """Set the rows of `slugs` active, creating missing ones, and return the slugs that changed."""
    slugs = tuple(slugs)
    plugins = {plugin.slug: plugin for plugin in survey.discovery.plugins}
    known = {row.key for row in writer.rows()}
    for slug in slugs:
        if slug not in known:
            create_row(writer, plugins[slug])
    return writer.set_active(slugs, active=True)
