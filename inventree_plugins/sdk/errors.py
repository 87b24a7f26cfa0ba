"""The errors of plugins: each knows which plugin and which mixin it is about, as far as that is known."""

from __future__ import annotations

__all__ = [
    "APICallError",
    "MixinImplementationError",
    "MixinNotImplementedError",
    "OnlyOnServerError",
    "PluginError",
    "SettingValueError",
]


class PluginError(Exception):
    """Something is wrong with a plugin: `plugin` is its key, `mixin` the mixin's key."""

    def __init__(self, message: object = "", *details: object, plugin: str = "", mixin: str = "") -> None:
        super().__init__(message, *details)
        self.plugin = plugin
        self.mixin = mixin


class OnlyOnServerError(PluginError):
    """A plugin calls what is there in a real InvenTree server only."""


class MixinNotImplementedError(PluginError, NotImplementedError):
    """A plugin does not give what its mixin obliges it to."""


class MixinImplementationError(PluginError, ValueError):
    """A plugin gives what its mixin asks for, in a form that cannot be used."""


class SettingValueError(PluginError, ValueError):
    """A setting cannot have this value."""


class APICallError(PluginError):
    """An external service answered with an error, or not at all: then `status` is None."""

    def __init__(
        self, message: str, *, status: int | None = None, url: str = "", body: str = "", plugin: str = ""
    ) -> None:
        super().__init__(message, plugin=plugin, mixin="api_call")
        self.status = status
        self.url = url
        self.body = body
