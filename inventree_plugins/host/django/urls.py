"""The URLs of plugins, which follow what is enabled."""

from __future__ import annotations

from typing import Any

from django.urls import ResolverMatch, URLResolver
from django.urls.resolvers import RoutePattern

from inventree_plugins.host.django.running import get_host

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
        # The patterns of one moment, and what resolves by them.
        self._resolver: tuple[list[Any], URLResolver] = ([], URLResolver(self.pattern, []))

    def _current(self) -> URLResolver:
        patterns, resolver = self._resolver
        now = get_host().urlpatterns()
        if now != patterns:
            resolver = URLResolver(self.pattern, now, app_name=self.app_name, namespace=self.namespace)
            self._resolver = (now, resolver)
        return resolver

    def resolve(self, path: str) -> ResolverMatch:
        """Return the view of the plugin."""
        return self._current().resolve(path)

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
