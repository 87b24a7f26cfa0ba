"""Requests to the URLs of plugins, through Django's own test client."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

__all__ = ["request"]


def request(patterns: list[Any], method: str, path: str, **options: Any) -> Any:
    """Return Django's response to a request for `/plugin/…`; raise what the view raises.

    Where Django has no settings yet, it gets the few that this takes.
    """
    import django  # noqa: PLC0415 - only tests of URLs need it
    from django.apps import apps  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    if not settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        settings.configure(ALLOWED_HOSTS=["testserver"], SECRET_KEY="only for tests", USE_TZ=True)  # noqa: S106
    if not apps.ready:
        django.setup()
    from django.test import Client, override_settings  # noqa: PLC0415
    from django.urls import include, re_path  # noqa: PLC0415

    urls: Any = ModuleType("urls_of_plugins")
    urls.urlpatterns = [re_path("^plugin/", include((patterns, "plugin")))]
    with override_settings(ROOT_URLCONF=urls):
        return getattr(Client(), method)(path, **options)
