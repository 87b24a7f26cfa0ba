"""Modules that come after the installer, imported while it works, when there is nothing else to do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread

from inventree_plugins.commands.context import Context

__all__ = ["importing_ahead"]

# Seconds after which it begins: the installer is to start first.
_LEAD = 0.03
_NEEDED = (
    "inventree_plugins.commands.install_outcome",
    "inventree_plugins.discovery.cache",
    "inventree_plugins.discovery.search",
    "inventree_plugins.discovery.syntax",
    "platformdirs",
)
# What a module that cannot be imported may raise: whoever needs it is told.
_FAILURES = (ImportError, OSError, RuntimeError, SyntaxError)


@contextmanager
def importing_ahead(context: Context) -> Iterator[None]:
    """Import meanwhile what settling the outcome and the listener of the plan will need."""
    context.installer  # noqa: B018 - found first, since what runs now would hold that up
    # A daemon: an error has no use for what comes after the installer.
    thread = Thread(target=_import, args=((*context.needed_by_listener, *_NEEDED),), daemon=True)
    thread.start()
    yield
    thread.join()  # the modules may lie in the environment that is changed next


def _import(names: Iterable[str]) -> None:
    time.sleep(_LEAD)
    for name in names:
        with suppress(*_FAILURES):
            import_module(name)
