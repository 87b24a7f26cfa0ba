"""URLs: pages and endpoints that the server serves below `/plugin/<slug>/` (SPEC §5)."""

from __future__ import annotations

from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base

__all__ = ["UrlsMixin"]


class UrlsMixin(Base):
    """Serve URLs; Django is needed where there are any."""

    MIXIN_KEY: ClassVar[str] = "urls"
    MIXIN_NAME: ClassVar[str] = "URLs"
    MIXIN_ENABLED: ClassVar[str] = "has_urls"
    URLS: ClassVar[Any] = None

    def __init__(self) -> None:
        super().__init__()
        self.urls = self.setup_urls()

    def setup_urls(self) -> Any:
        """Return the URL patterns; `URLS` unless somebody says otherwise."""
        return self.URLS

    @property
    def has_urls(self) -> bool:
        """Tell whether there are any."""
        return bool(self.urls)

    @property
    def base_url(self) -> str:
        """Return the path below which they are served."""
        return f"plugin/{self.plugin_slug()}/"

    @property
    def internal_name(self) -> str:
        """Return what stands before the name of each."""
        return f"plugin:{self.plugin_slug()}:"

    @property
    def urlpatterns(self) -> Any:
        """Return what the server serves, None for nothing."""
        return self.urls or None
