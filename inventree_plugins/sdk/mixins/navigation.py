"""Navigation: links that the server shows (SPEC §5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base, lacking, wrong

__all__ = ["NavigationMixin"]


class NavigationMixin(Base):
    """Add links to the server's navigation."""

    MIXIN_KEY: ClassVar[str] = "navigation"
    MIXIN_NAME: ClassVar[str] = "Navigation Links"
    MIXIN_ENABLED: ClassVar[str] = "has_navigation"
    # Of `{"name": …, "link": …}`, with an `icon` if wanted.
    NAVIGATION: ClassVar[Any] = None
    NAVIGATION_TAB_NAME: ClassVar[str | None] = None
    NAVIGATION_TAB_ICON: ClassVar[str] = "fas fa-question"

    def __init__(self) -> None:
        super().__init__()
        self.navigation = self.setup_navigation()

    def setup_navigation(self) -> list[dict[str, Any]]:
        """Return the links; raise MixinNotImplementedError for one without name or link.

        Raises MixinImplementationError for what is no list of links.
        """
        found = self.NAVIGATION or []
        if isinstance(found, (str, Mapping)) or not isinstance(found, Iterable):
            raise wrong(self, "navigation", f"`NAVIGATION` must be a list of links, not {found!r:.60}")
        links = list(found)
        for link in links:
            if not isinstance(link, Mapping):
                raise wrong(self, "navigation", f"a link must be a dictionary, not {link!r:.60}")
            for part in ("name", "link"):
                if part not in link:
                    what = f"a `{part}` in each entry of `NAVIGATION`, not `{link}`"
                    raise lacking(self, "navigation", what)
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
