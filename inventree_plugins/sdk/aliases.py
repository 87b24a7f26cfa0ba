"""What the SDK has under the names of servers, of any age."""

from __future__ import annotations

from typing import Any, TypeVar

from inventree_plugins import sdk
from inventree_plugins.sdk import server
from inventree_plugins.sdk.mixin_base import MixinBase
from inventree_plugins.sdk.mixin_keys import PluginMixinEnum
from inventree_plugins.sdk.mixins.barcode import hash_barcode
from inventree_plugins.sdk.names import MetaBase
from inventree_plugins.sdk.plugin import VersionMixin

__all__ = ["OWN", "ActionPlugin", "mark_final"]

Member = TypeVar("Member")


class ActionPlugin(sdk.ActionMixin, sdk.InvenTreePlugin):
    """A plugin with an action, as those of 2022 begin."""


def mark_final(member: Member) -> Member:
    """Mark a member that nobody should override."""
    member.__final__ = True  # type: ignore[attr-defined]
    return member


OWN: dict[str, Any] = {
    **{name: getattr(sdk, name) for name in sdk.__all__},
    "ActionPlugin": ActionPlugin,
    "InvenTreePluginBase": sdk.InvenTreePlugin,
    "MetaBase": MetaBase,
    "MixinBase": MixinBase,
    "PLUGIN_BASE": "plugin",
    "PluginMixinEnum": PluginMixinEnum,
    "PluginsRegistry": server.Registry,
    "VersionMixin": VersionMixin,
    "call_function": server.registry.call_function,
    "call_plugin_function": server.registry.call_plugin_function,
    "hash_barcode": hash_barcode,
    "mark_final": mark_final,
    "registry": server.registry,
    "trigger_event": server.trigger_event,
}
