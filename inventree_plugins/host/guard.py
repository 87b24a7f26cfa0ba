"""The one way into a stranger's code: whatever it raises becomes a record."""

from __future__ import annotations

import builtins
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from inventree_plugins.host.gate import GATE
from inventree_plugins.host.interface import Failure
from inventree_plugins.sdk.server import Server, calling
from inventree_plugins.sdk.stand_ins import stand_by, stand_down

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Attempt", "Guard", "plain", "record"]

# Since Python 3.11.
GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())
HERE = Path(__file__).parent
_LOG = logging.getLogger("inventree_plugins.host")
# How many failures of running plugins are remembered; each is logged as well.
MOST_REMEMBERED = 200


class Attempt:
    """One call into a plugin; `failure` tells afterwards what came of it.

    A context manager by hand: a boot makes a thousand of them.
    """

    __slots__ = ("_guard", "_module", "_phase", "_slug", "_token", "failure")

    def __init__(self, guard: Guard, slug: str | None, phase: str, module: str | None) -> None:
        self._guard = guard
        self._slug = slug
        self._phase = phase
        self._module = module
        self.failure: Failure | None = None

    def __bool__(self) -> bool:
        """Tell whether it went well."""
        return self.failure is None

    def __enter__(self) -> Self:
        """Wait for an exchange of modules, and let the plugin find modules and registry of its server."""
        GATE.enter()
        stand_by()
        self._token = calling.set(self._guard.server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> bool:
        """Keep what was raised, SystemExit included; Ctrl-C goes on, which comes to the main thread only."""
        calling.reset(self._token)
        stand_down()
        GATE.leave()
        if error is None:
            return False
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            return False
        self.failure = self._guard.record(error, self._slug, self._phase, self._module)
        return True


class Guard:
    """Calls plugins for a server, and remembers what went wrong in those that are active."""

    def __init__(self, server: Server, *, keep_frames: bool = False) -> None:
        self.server = server
        self._keep_frames = keep_frames
        self._lock = threading.Lock()
        self._recent: deque[Failure] = deque(maxlen=MOST_REMEMBERED)

    def calling(self, slug: str | None, phase: str, *, module: str | None = None) -> Attempt:
        """Let nothing that plugin code raises out of the block, but for Ctrl-C."""
        return Attempt(self, slug, phase, module)

    def record(self, error: BaseException, slug: str | None, phase: str, module: str | None) -> Failure:
        """Return the record of an error."""
        return record(error, slug, phase, module=module, keep_frames=self._keep_frames)

    @contextmanager
    def asking(self, slug: str | None, phase: str) -> Iterator[Attempt]:
        """Call a plugin that is active: a failure is logged and remembered."""
        with self.calling(slug, phase) as attempt:
            yield attempt
        if attempt.failure is not None:
            self.remember(attempt.failure)

    def remember(self, failure: Failure) -> None:
        """Log a failure, and keep it among the recent ones."""
        _LOG.error("plugin %s", failure, extra={"plugin": failure.slug, "traceback": failure.traceback})
        with self._lock:
            self._recent.append(failure)

    @property
    def recent(self) -> tuple[Failure, ...]:
        """Return what went wrong lately in active plugins."""
        with self._lock:
            return tuple(self._recent)


def plain(result: Any) -> Any:
    """Return what a plugin returned; raise TypeError for a coroutine, which nobody would wait for."""
    if hasattr(result, "cr_code"):
        result.close()
        raise TypeError("it is an async function, and the host calls plugins without waiting")
    return result


def record(
    error: BaseException,
    slug: str | None,
    phase: str,
    *,
    module: str | None = None,
    keep_frames: bool = False,
) -> Failure:
    """Return the record of an error; its frames, and all that they hold on to, are let go unless kept."""
    import traceback  # noqa: PLC0415 - most boots need none

    frames = _of_the_plugin(error.__traceback__)
    text = "".join(traceback.format_exception(type(error), error, frames))
    if not keep_frames:
        _let_go(error)
    return Failure(slug, phase, error, _said(error), text, module)


def _said(error: BaseException) -> str:
    """Return an exception's type and text in one line; the text is the plugin's code, too."""
    try:
        text = " ".join(str(error).split())
    except BaseException as fault:  # noqa: BLE001 - as above
        text = f"(its text cannot be had: {type(fault).__name__})"
    return f"{type(error).__name__}: {text}".rstrip(": ")


def _let_go(error: BaseException) -> None:
    """Let the frames go, also those of the errors that it came from."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and not any(each is other for other in seen):
            seen.append(each)
            # Not by assignment: a plugin's exception may be frozen.
            BaseException.with_traceback(each, None)
            waiting += [each.__cause__, each.__context__]
            waiting += each.exceptions if isinstance(each, GROUP) else ()


def _of_the_plugin(frames: TracebackType | None) -> TracebackType | None:
    """Return the frames from where the host's own end, all of them where none is a plugin's."""
    first = frames
    while first is not None and Path(first.tb_frame.f_code.co_filename).parent == HERE:
        first = first.tb_next
    return first or frames
