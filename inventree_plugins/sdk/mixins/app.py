"""Django apps: the plugin's package brings models, templates and the like (SPEC §5)."""

from __future__ import annotations

from typing import ClassVar

from inventree_plugins.sdk.mixins.base import Base

__all__ = ["AppMixin"]


class AppMixin(Base):
    """Let the server add the plugin's package to its installed apps."""

    MIXIN_KEY: ClassVar[str] = "app"
    MIXIN_NAME: ClassVar[str] = "App registration"

    @property
    def has_app(self) -> bool:
        """Tell that it is an app."""
        return True
