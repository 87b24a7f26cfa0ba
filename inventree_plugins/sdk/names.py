"""What a plugin is called, in both spellings (SPEC §2)."""

from __future__ import annotations

from typing import Any, ClassVar

from inventree_plugins.slug import slugify

__all__ = ["MetaBase", "name_of", "slug_of"]


class MetaBase:
    """The names of a plugin."""

    NAME: ClassVar[Any] = None
    SLUG: ClassVar[Any] = None
    TITLE: ClassVar[Any] = None

    def get_meta_value(self, key: str, old_key: str | None = None, default: Any = None) -> Any:
        """Return the attribute `key`, else the one with its old spelling, else the default."""
        value = getattr(self, key, None)
        if value is None and old_key:
            value = getattr(self, old_key, None)
        return default if value is None else value

    def plugin_name(self) -> str:
        """Return the name as the class gives it."""
        return name_of(self)

    def plugin_slug(self) -> str:
        """Return the slug: of `SLUG`, else of `PLUGIN_SLUG`, else of the name.

        Beside a modern name, servers look at an old slug here, and not where they register the plugin: its
        key is then another one (`slug_of`).
        """
        return slugify(str(self.SLUG or getattr(self, "PLUGIN_SLUG", None) or name_of(self)))

    def plugin_title(self) -> str:
        """Return the title, else the name."""
        return str(self.TITLE or getattr(self, "PLUGIN_TITLE", None) or self.plugin_name())

    name = property(plugin_name)
    slug = property(plugin_slug)
    human_name = property(plugin_title)


def name_of(plugin: MetaBase | type[MetaBase]) -> str:
    """Return the name of a plugin or its class, in either spelling; empty where it has none."""
    return str(plugin.NAME or getattr(plugin, "PLUGIN_NAME", None) or "")


def slug_of(plugin: MetaBase | type[MetaBase]) -> str:
    """Return the key of a plugin or its class (SPEC §2); empty where its name has no ASCII letter."""
    # Beside a modern name, servers ignore an old slug.
    old = None if plugin.NAME else getattr(plugin, "PLUGIN_SLUG", None)
    return slugify(str(plugin.SLUG or old or name_of(plugin)))
