"""What a plugin's author imports: the base class, the nine mixins, and their errors."""

from __future__ import annotations

from inventree_plugins.sdk.errors import (
    APICallError,
    MixinImplementationError,
    MixinNotImplementedError,
    OnlyOnServerError,
    PluginError,
    SettingValueError,
)
from inventree_plugins.sdk.memory_runtime import MemoryRuntime
from inventree_plugins.sdk.mixins import (
    ActionMixin,
    APICallMixin,
    AppMixin,
    BarcodeMixin,
    EventMixin,
    NavigationMixin,
    ScheduleMixin,
    SettingsMixin,
    UrlsMixin,
)
from inventree_plugins.sdk.plugin import IntegrationPluginBase, InvenTreePlugin
from inventree_plugins.sdk.runtime import Commit, Facts, Runtime

__all__ = [
    "APICallError",
    "APICallMixin",
    "ActionMixin",
    "AppMixin",
    "BarcodeMixin",
    "Commit",
    "EventMixin",
    "Facts",
    "IntegrationPluginBase",
    "InvenTreePlugin",
    "MemoryRuntime",
    "MixinImplementationError",
    "MixinNotImplementedError",
    "NavigationMixin",
    "OnlyOnServerError",
    "PluginError",
    "Runtime",
    "ScheduleMixin",
    "SettingValueError",
    "SettingsMixin",
    "UrlsMixin",
]
