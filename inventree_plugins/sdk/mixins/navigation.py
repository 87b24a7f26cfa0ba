"""Navigation: links that the server shows (SPEC §5)."""

from __future__ import annotations

from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base

__all__ = ["NavigationMixin"]


class NavigationMixin(Base):
    """Add links to the server's navigation."""

    MIXIN_KEY: ClassVar[str] = "navigation"
    MIXIN_ENABLED: ClassVar[str] = "has_navigation"
    # Of `{"name": …, "link": …}`, with an `icon` if wanted.
    NAVIGATION: ClassVar[Any] = None
    NAVIGATION_TAB_NAME: ClassVar[str | None] = None
    NAVIGATION_TAB_ICON: ClassVar[str] = "fas fa-question"

    def __init__(self) -> None:
        super().__init__()
        self.navigation = self.setup_navigation()

    def setup_navigation(self) -> list[dict[str, Any]]:
        """Return the links; raise MixinNotImplementedError for one without name or link."""
        links = list(self.NAVIGATION or [])
        for link in links:
            for part in ("name", "link"):
                if part not in link:
                    raise self.not_implemented(
                        "navigation", f"a `{part}` in each entry of `NAVIGATION`, not `{link}`"
                    )
        return links

    @property
    def has_navigation(self) -> bool:
        """Tell whether there are links."""
        return bool(self.navigation)

    @property
    def navigation_name(self) -> str:
        """Return the title above the links."""
        return self.NAVIGATION_TAB_NAME or self.plugin_title()

    @property
    def navigation_icon(self) -> str:
        """Return the icon beside the title."""
        return self.NAVIGATION_TAB_ICON
