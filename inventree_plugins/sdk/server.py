"""The server around a plugin: what old code reaches for as `plugin.registry` and `trigger_event`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from inventree_plugins.sdk.names import slug_of

__all__ = [
    "Registry",
    "Server",
    "calling",
    "current_server",
    "register_server",
    "registry",
    "serving",
    "trigger_event",
    "unregister_server",
]


class Server(Protocol):
    """What a host lets its plugins ask for."""

    @property
    def plugins(self) -> Mapping[str, Any]:
        """Return the active plugins by slug."""

    @property
    def inactive(self) -> Mapping[str, Any]:
        """Return what is known of the others by slug."""

    def with_mixin(self, key: str) -> tuple[Any, ...]:
        """Return the active plugins that have a mixin."""

    def reload(self) -> bool:
        """Load what has changed."""

    def trigger(self, event: str, *args: Any, **kwargs: Any) -> Any:
        """Deliver an event to the plugins that want it."""


# Who calls plugins in this context.
calling: ContextVar[Server | None] = ContextVar("calling", default=None)
# The last one answers.
_registered: list[Server] = []


@contextmanager
def serving(server: Server) -> Iterator[None]:
    """Let plugins that are called in the block find this server."""
    token = calling.set(server)
    try:
        yield
    finally:
        calling.reset(token)


def register_server(server: Server) -> None:
    """Let plugins find this server where nothing tells which one calls them, as in threads of their own."""
    unregister_server(server)
    _registered.append(server)


def unregister_server(server: Server) -> None:
    """Let nobody find the server any more who is not called by it."""
    _registered[:] = [each for each in _registered if each is not server]


def current_server() -> Server | None:
    """Return the server that calls, else the one that was registered last."""
    return calling.get() or next(reversed(_registered), None)


class Registry:
    """The active plugins, as `plugin.registry` of a real server gives them."""

    @property
    def plugins(self) -> Mapping[str, Any]:
        """Return the active plugins by slug."""
        server = current_server()
        return server.plugins if server else {}

    @property
    def plugins_inactive(self) -> Mapping[str, Any]:
        """Return what the server tells of plugins that are not active, by slug."""
        server = current_server()
        return server.inactive if server else {}

    @property
    def plugins_full(self) -> Mapping[str, Any]:
        """Return both by slug."""
        return {**self.plugins_inactive, **self.plugins}

    @property
    def mixins_settings(self) -> Mapping[str, Any]:
        """Return the definitions of settings by slug, of the active plugins that have any."""
        return {slug_of(each): each.settings for each in self.with_mixin("settings")}

    @property
    def is_ready(self) -> bool:
        """Tell whether there is a server."""
        return current_server() is not None

    @property
    def errors(self) -> Mapping[str, Any]:
        """Return nothing: a host tells its administrator what failed, not the plugins."""
        return {}

    def get_plugin(
        self,
        slug: str,
        active: bool | None = True,  # noqa: ARG002, FBT001, FBT002 - the server's signature
        with_mixin: str | None = None,
    ) -> Any:
        """Return an active plugin, None where there is none of that slug, or it lacks the mixin."""
        plugin = self.plugins.get(slug)
        return None if plugin is None or (with_mixin and not plugin.mixin(str(with_mixin))) else plugin

    def get_plugin_config(self, slug: str, name: str | None = None) -> Any:  # noqa: ARG002 - as above
        """Return None: only a real server has an object for the plugin's row."""
        return None

    def with_mixin(
        self,
        mixin: str,
        active: bool | None = True,  # noqa: ARG002, FBT001, FBT002 - as above
        builtin: bool | None = None,  # noqa: ARG002, FBT001
    ) -> list[Any]:
        """Return the active plugins that have a mixin."""
        server = current_server()
        return list(server.with_mixin(str(mixin))) if server else []

    def call_plugin_function(self, slug: str, func: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of an active plugin; None where there is no such plugin."""
        plugin = self.get_plugin(slug)
        return None if plugin is None else getattr(plugin, func)(*args, **kwargs)

    # What servers before 0.17 call it.
    call_function = call_plugin_function

    def reload_plugins(self, **kwargs: Any) -> None:  # noqa: ARG002 - the server's signature
        """Let the server look for changes."""
        server = current_server()
        if server is not None:
            server.reload()


registry = Registry()


def trigger_event(event: str, *args: Any, **kwargs: Any) -> None:
    """Tell the active plugins what happened; nobody, where there is no server."""
    server = current_server()
    if server is not None:
        server.trigger(str(event), *args, **kwargs)
