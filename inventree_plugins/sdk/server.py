"""The server around a plugin: what old code reaches for as `plugin.registry` and `trigger_event`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

__all__ = ["Registry", "Server", "register_server", "registry", "serving", "trigger_event"]


class Server(Protocol):
    """What a host lets its plugins ask for."""

    @property
    def plugins(self) -> Mapping[str, Any]:
        """Return the active plugins by slug."""

    def with_mixin(self, key: str) -> tuple[Any, ...]:
        """Return the active plugins that have a mixin."""

    def trigger(self, event: str, *args: Any, **kwargs: Any) -> Any:
        """Deliver an event to the plugins that want it."""


_calling: ContextVar[Server | None] = ContextVar("calling", default=None)
_latest: list[Server] = []


@contextmanager
def serving(server: Server) -> Iterator[None]:
    """Let plugins that are called in the block find this server."""
    token = _calling.set(server)
    try:
        yield
    finally:
        _calling.reset(token)


def register_server(server: Server) -> None:
    """Let plugins find this server where nothing tells which one calls them, as in a view of Django's."""
    _latest[:] = [server]


def _server() -> Server | None:
    return _calling.get() or next(iter(_latest), None)


class Registry:
    """The active plugins, as `plugin.registry` of a real server gives them."""

    @property
    def plugins(self) -> Mapping[str, Any]:
        """Return the active plugins by slug."""
        server = _server()
        return server.plugins if server else {}

    def get_plugin(
        self,
        slug: str,
        active: bool | None = True,  # noqa: ARG002, FBT001, FBT002 - the server's signature
        with_mixin: str | None = None,
    ) -> Any:
        """Return an active plugin, None where there is none of that slug, or it lacks the mixin."""
        plugin = self.plugins.get(slug)
        return None if plugin is None or (with_mixin and not plugin.mixin(str(with_mixin))) else plugin

    def with_mixin(
        self,
        mixin: str,
        active: bool | None = True,  # noqa: ARG002, FBT001, FBT002 - as above
        builtin: bool | None = None,  # noqa: ARG002, FBT001
    ) -> list[Any]:
        """Return the active plugins that have a mixin."""
        server = _server()
        return list(server.with_mixin(str(mixin))) if server else []

    def call_plugin_function(self, slug: str, func: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of an active plugin; None where there is no such plugin."""
        plugin = self.get_plugin(slug)
        return None if plugin is None else getattr(plugin, func)(*args, **kwargs)


registry = Registry()


def trigger_event(event: str, *args: Any, **kwargs: Any) -> None:
    """Tell the active plugins what happened; nobody, where there is no server."""
    server = _server()
    if server is not None:
        server.trigger(str(event), *args, **kwargs)
