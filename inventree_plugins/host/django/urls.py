"""The URLs of plugins, which follow what is enabled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.urls import ResolverMatch, URLResolver
from django.urls.resolvers import RoutePattern

from inventree_plugins.host.django.running import get_host
from inventree_plugins.sdk.server import serving
from inventree_plugins.sdk.stand_ins import stand_ins

__all__ = ["plugin_urls"]


def plugin_urls(prefix: str = "plugin/") -> URLResolver:
    """Return what goes into `urlpatterns`: each plugin's URLs below `<prefix><slug>/`.

    Their names are `plugin:<slug>:<name>` (SPEC §5).
    """
    return _PluginResolver(prefix)


class _PluginResolver(URLResolver):
    """Resolves by the patterns of the plugins that are active now."""

    def __init__(self, prefix: str) -> None:
        super().__init__(RoutePattern(prefix), [], app_name="plugin", namespace="plugin")
        self._patterns: list[Any] | None = None
        self._inner: URLResolver | None = None

    def _current(self) -> URLResolver:
        patterns = get_host().urlpatterns()
        if self._inner is None or patterns != self._patterns:
            self._inner = URLResolver(
                self.pattern, patterns, app_name=self.app_name, namespace=self.namespace
            )
            self._patterns = patterns
        return self._inner

    def resolve(self, path: str) -> ResolverMatch:
        """Return the view of the plugin, which finds its server while it runs."""
        match = self._current().resolve(path)
        match.func = _served(match.func)
        return match

    @property
    def url_patterns(self) -> Any:
        """Return the patterns of now."""
        return self._current().url_patterns

    @property
    def reverse_dict(self) -> Any:
        """Return what names lead to."""
        return self._current().reverse_dict

    @property
    def namespace_dict(self) -> Any:
        """Return the namespaces of the plugins."""
        return self._current().namespace_dict

    @property
    def app_dict(self) -> Any:
        """Return the namespaces by app."""
        return self._current().app_dict


def _served(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view import the server's modules, and find its registry, while it runs."""
    if asyncio.iscoroutinefunction(view):

        @wraps(view)
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            with stand_ins(), serving(get_host()):
                return await view(*args, **kwargs)

        return asynchronous

    @wraps(view)
    def synchronous(*args: Any, **kwargs: Any) -> Any:
        with stand_ins(), serving(get_host()):
            return view(*args, **kwargs)

    return synchronous
