"""The nine mixins of the plugin architecture (SPEC §5)."""

from __future__ import annotations

from inventree_plugins.sdk.mixins.action import ActionMixin
from inventree_plugins.sdk.mixins.api_call import APICallMixin
from inventree_plugins.sdk.mixins.app import AppMixin
from inventree_plugins.sdk.mixins.barcode import BarcodeMixin
from inventree_plugins.sdk.mixins.event import EventMixin
from inventree_plugins.sdk.mixins.navigation import NavigationMixin
from inventree_plugins.sdk.mixins.schedule import ScheduleMixin
from inventree_plugins.sdk.mixins.settings import SettingsMixin
from inventree_plugins.sdk.mixins.urls import UrlsMixin

__all__ = [
    "APICallMixin",
    "ActionMixin",
    "AppMixin",
    "BarcodeMixin",
    "EventMixin",
    "NavigationMixin",
    "ScheduleMixin",
    "SettingsMixin",
    "UrlsMixin",
]
