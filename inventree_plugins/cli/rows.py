"""Plugins as the contract's JSON rows: the server's REST names, and invplug's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventree_plugins.cli.output import problem_to_json
from inventree_plugins.models import Source

if TYPE_CHECKING:
    from inventree_plugins.commands.inventory import Entry, RequirementState

__all__ = ["plugin_row", "requirement_row"]


def plugin_row(entry: Entry) -> dict[str, Any]:
    """Return the row of one entry; absent is None, empty is []."""
    plugin, row = entry.plugin, entry.row
    distribution = plugin.distribution if plugin else None
    return {
        "pk": row.pk if row else None,
        "key": entry.slug,
        "name": (plugin.name if plugin else None) or (row.name if row else None),
        "package_name": entry.package_name,
        "active": entry.enabled,
        "meta": _meta(entry),
        "mixins": {key: {"key": key, "human_name": name} for key, name in entry.mixins.items()},
        "is_builtin": entry.source is Source.BUILTIN,
        "is_sample": entry.source is Source.SAMPLE,
        "is_installed": plugin is not None,
        "is_package": entry.source is Source.PACKAGE,
        "is_mandatory": entry.mandatory,
        "source": entry.source.value if entry.source else None,
        "module": plugin.module if plugin else None,
        "class": plugin.class_name if plugin else None,
        "declared": entry.declared.text if entry.declared else None,
        "package_version": distribution.version if distribution else None,
        "min_version": plugin.min_version if plugin else None,
        "max_version": plugin.max_version if plugin else None,
        "settings": list(plugin.settings) if plugin else [],
        "origins": _origins(entry),
        "problems": [problem_to_json(problem) for problem in entry.problems],
    }


def _meta(entry: Entry) -> dict[str, Any]:
    plugin = entry.plugin
    return {
        "slug": entry.slug,
        "human_name": plugin.title if plugin else (entry.row.name if entry.row else None),
        "description": plugin.description if plugin else None,
        "author": plugin.author if plugin else None,
        "pub_date": plugin.pub_date if plugin else None,
        "version": plugin.version if plugin else None,
        "website": plugin.website if plugin else None,
        "license": plugin.license if plugin else None,
        "package_path": str(plugin.path) if plugin else None,
    }


def _origins(entry: Entry) -> dict[str, str]:
    origins = dict(entry.plugin.origins) if entry.plugin else {}
    if "title" in origins:
        origins["human_name"] = origins.pop("title")
    return origins


def requirement_row(state: RequirementState) -> dict[str, Any]:
    """Return a plugins.txt requirement with what is installed for it."""
    return {
        "requirement": state.declaration.text,
        "name": state.declaration.name,
        "path": str(state.declaration.path),
        "line": state.declaration.line,
        "installed_version": state.distribution.version if state.distribution else None,
        "plugins": list(state.slugs),
    }
