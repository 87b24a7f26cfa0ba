"""Which plugins the server keeps active, whatever their rows say (SPEC §3)."""

from __future__ import annotations

from inventree_plugins.commands.context import Context
from inventree_plugins.instance import Instance

__all__ = ["is_mandatory_slug"]


def is_mandatory_slug(context: Context, slug: str) -> bool:
    """Tell whether `slug` is mandatory, looking built-ins up only for servers that keep all of them on."""
    instance = context.instance
    builtin = instance.mandatory.every_builtin and _is_builtin(instance, slug)
    return instance.is_mandatory(slug, builtin=builtin)


def _is_builtin(instance: Instance, slug: str) -> bool:
    from inventree_plugins.discovery import Places, discover  # noqa: PLC0415 - servers 0.9 to 0.17 only

    places = Places(source_root=instance.source_root.value, server_version=instance.server_version.value)
    return any(plugin.slug == slug for plugin in discover(places).plugins)
