"""Actions: what the server does when somebody posts `{action, data}` (SPEC §5)."""

from __future__ import annotations

from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base

__all__ = ["ActionMixin"]


class ActionMixin(Base):
    """Do something that a client asks for by name."""

    MIXIN_KEY: ClassVar[str] = "action"
    MIXIN_NAME: ClassVar[str] = "Actions"
    ACTION_NAME: ClassVar[str] = ""

    def action_name(self) -> str:
        """Return the name by which the action is asked for: `ACTION_NAME`, else the plugin's."""
        return self.ACTION_NAME or self.plugin_name()

    def perform_action(self, user: Any = None, data: Any = None) -> None:
        """Do it; the default does nothing."""

    def get_result(self, user: Any = None, data: Any = None) -> bool:  # noqa: ARG002 - for those who override it
        """Tell whether it was done."""
        return False

    def get_info(self, user: Any = None, data: Any = None) -> Any:  # noqa: ARG002
        """Return more about it, or None."""
        return None

    def get_response(self, user: Any = None, data: Any = None) -> dict[str, Any]:
        """Return what the client is answered."""
        return {
            "action": self.action_name(),
            "result": self.get_result(user, data),
            "info": self.get_info(user, data),
        }
