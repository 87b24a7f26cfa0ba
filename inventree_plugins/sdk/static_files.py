"""Where a server serves the static files of plugins."""

from __future__ import annotations

import sys
from urllib.parse import quote

__all__ = ["static_url"]

DEFAULT = "/static/"


def static_url(*parts: str) -> str:
    """Return the URL of a static file: below Django's `STATIC_URL` where Django is configured."""
    path = "/".join(str(part).strip("/") for part in parts)
    return f"{_base().rstrip('/')}/{quote(path, safe='/:')}"


def _base() -> str:
    if "django" not in sys.modules:
        return DEFAULT
    from django.conf import settings  # noqa: PLC0415 - Django is there already, or is not needed

    return str(settings.STATIC_URL or DEFAULT) if settings.configured else DEFAULT
