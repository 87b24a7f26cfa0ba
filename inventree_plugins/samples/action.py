"""A sample of ActionMixin: do something that a client asks for by name."""

from __future__ import annotations

from typing import Any

from inventree_plugins.sdk import ActionMixin, InvenTreePlugin

__all__ = ["SampleAction"]


class SampleAction(ActionMixin, InvenTreePlugin):
    """Counts the words of a text."""

    NAME = "SampleAction"
    SLUG = "sample-action"
    TITLE = "Count words"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"
    ACTION_NAME = "count-words"

    def get_result(self, user: Any = None, data: Any = None) -> bool:
        """Tell whether there are any words."""
        return bool(self.get_info(user, data)["words"])

    def get_info(self, user: Any = None, data: Any = None) -> dict[str, int]:  # noqa: ARG002 - the mixin's
        """Return how many words there are."""
        return {"words": len(str((data or {}).get("text", "")).split())}
