"""The URLs of one plugin, whose views find their server while they run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.urls import ResolverMatch, URLResolver
from django.urls.resolvers import RegexPattern

from inventree_plugins.sdk.server import Server, serving
from inventree_plugins.sdk.stand_ins import stand_ins

__all__ = ["ServedUrls"]


class ServedUrls(URLResolver):
    """Resolves below `<slug>/`, with the slug as namespace (SPEC §5)."""

    def __init__(self, slug: str, patterns: Any, server: Server) -> None:
        super().__init__(RegexPattern(f"^{slug}/"), list(patterns), app_name=slug, namespace=slug)
        self._server = server

    def resolve(self, path: str) -> ResolverMatch:
        """Return the view; while it runs, the server's modules can be imported, and its registry found."""
        match = super().resolve(path)
        match.func = self._served(match.func)
        return match

    def _served(self, view: Callable[..., Any]) -> Callable[..., Any]:
        if asyncio.iscoroutinefunction(view):

            @wraps(view)
            async def asynchronous(*args: Any, **kwargs: Any) -> Any:
                with stand_ins(), serving(self._server):
                    return await view(*args, **kwargs)

            return asynchronous

        @wraps(view)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            with stand_ins(), serving(self._server):
                return view(*args, **kwargs)

        return synchronous
