"""A sample of EventMixin: do something when something happens."""

from __future__ import annotations

from typing import Any

from inventree_plugins.sdk import EventMixin, InvenTreePlugin

__all__ = ["SampleEvent"]


class SampleEvent(EventMixin, InvenTreePlugin):
    """Remembers which parts were created."""

    NAME = "SampleEvent"
    SLUG = "sample-event"
    TITLE = "Remember new parts"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"

    def __init__(self) -> None:
        super().__init__()
        self.created: list[Any] = []

    def wants_process_event(self, event: str) -> bool:
        """Want to hear of new parts only."""
        return event == "part_part.created"

    def process_event(self, event: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the mixin's
        """Remember the part."""
        self.created.append(kwargs.get("id"))
