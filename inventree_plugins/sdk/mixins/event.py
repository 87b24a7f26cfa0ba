"""Events: the server tells active plugins what happened, outside the request (SPEC §5)."""

from __future__ import annotations

from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base, lacking

__all__ = ["EventMixin"]


class EventMixin(Base):
    """Do something when something happens."""

    MIXIN_KEY: ClassVar[str] = "events"
    MIXIN_NAME: ClassVar[str] = "Events"

    def wants_process_event(self, event: str) -> bool:  # noqa: ARG002 - for those who override it
        """Tell whether this event is wanted; all are, unless somebody says otherwise."""
        return True

    def process_event(self, event: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Do what is to be done; raise MixinNotImplementedError as long as nobody says what that is."""
        raise lacking(self, "events", "`process_event`")
