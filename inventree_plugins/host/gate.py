"""Keep plugins from being called while their modules are exchanged, and the other way round."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["GATE"]

# Seconds; whoever waits longer goes on: a late import may fail then, but nobody waits for ever.
PATIENCE = 2.0


class Gate:
    """Open for any number of calls, or closed for one exchange; what is within a call may always pass."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[int, int] = {}
        self._closed_by: int | None = None

    def reset(self) -> None:
        """Forget the threads of the parent, after a fork."""
        self.__init__()  # type: ignore[misc]

    def enter(self) -> None:
        """Wait while the gate is closed, and keep it open until `leave`."""
        own = threading.get_ident()
        with self._changed:
            inside = self._inside.get(own, 0)
            if not inside and self._closed_by not in {None, own}:
                self._changed.wait_for(lambda: self._closed_by is None, PATIENCE)
            self._inside[own] = inside + 1

    def leave(self) -> None:
        """Go out again."""
        own = threading.get_ident()
        with self._changed:
            self._inside[own] -= 1
            if not self._inside[own]:
                del self._inside[own]
                if self._closed_by is not None:
                    self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Close the gate, and wait for the others that are inside; for one thread at a time."""
        own = threading.get_ident()
        with self._changed:
            self._closed_by = own
            self._changed.wait_for(lambda: not self._inside.keys() - {own}, PATIENCE)
        try:
            yield
        finally:
            with self._changed:
                self._closed_by = None
                self._changed.notify_all()


# One for the process, as `sys.modules` is.
GATE = Gate()
