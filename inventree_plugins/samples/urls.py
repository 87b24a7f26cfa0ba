"""A sample of UrlsMixin: serve a page below `/plugin/sample-urls/`."""

from __future__ import annotations

from typing import Any

from inventree_plugins.sdk import InvenTreePlugin, UrlsMixin

__all__ = ["SampleUrls"]


class SampleUrls(UrlsMixin, InvenTreePlugin):
    """Says hello to whoever asks."""

    NAME = "SampleUrls"
    SLUG = "sample-urls"
    TITLE = "Say hello"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"

    def hello(self, request: Any, name: str) -> Any:  # noqa: ARG002 - a view is given the request
        """Answer with a greeting."""
        from django.http import JsonResponse  # noqa: PLC0415 - Django is there when a page is asked for

        return JsonResponse({"hello": name})

    def setup_urls(self) -> list[Any]:
        """Return the URL patterns."""
        from django.urls import path  # noqa: PLC0415 - the samples can be looked at without Django

        return [path("hello/<str:name>/", self.hello, name="hello")]
