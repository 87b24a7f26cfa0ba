"""What the mixins share: that each stands beside the base class, and how it complains of a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventree_plugins.sdk.errors import MixinImplementationError, MixinNotImplementedError
from inventree_plugins.sdk.names import MetaBase, slug_of

__all__ = ["Base", "lacking", "wrong"]

if TYPE_CHECKING:
    from inventree_plugins.sdk.plugin import InvenTreePlugin as Base
else:
    Base = object

# Functions, not methods: a plugin's own members may have any name.


def lacking(plugin: MetaBase, mixin: str, what: str) -> MixinNotImplementedError:
    """Return the error that says what a mixin needs and the plugin does not give."""
    slug = slug_of(plugin)
    return MixinNotImplementedError(f"the plugin `{slug}` must give {what}", plugin=slug, mixin=mixin)


def wrong(plugin: MetaBase, mixin: str, what: str) -> MixinImplementationError:
    """Return the error that says what the plugin gives in a form that nobody can use."""
    slug = slug_of(plugin)
    return MixinImplementationError(f"the plugin `{slug}`: {what}", plugin=slug, mixin=mixin)
